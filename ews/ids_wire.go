package ews

import "github.com/ewsquarantine/ewsquarantine/internal/xmlwire"

// check returns an error if the id cannot be sent.
func (id ItemID) check() error {
	if id.ID == "" {
		return wrong("ID", "is empty")
	}
	return nil
}

// encode writes the id; an empty change key is left out.
func (id ItemID) encode(e *xmlwire.Encoder, name string) {
	encodeID(e, name, id.ID, id.ChangeKey)
}

func encodeID(e *xmlwire.Encoder, name, id, changeKey string) {
	e.Open(name)
	e.Attr("Id", id)
	if changeKey != "" {
		e.Attr("ChangeKey", changeKey)
	}
	e.Close()
}

// withoutKeys returns ids without their change keys.
func withoutKeys(ids []ItemID) []ItemID {
	plain := make([]ItemID, len(ids))
	for i, id := range ids {
		plain[i].ID = id.ID
	}
	return plain
}

func checkItemIDs(field string, ids []ItemID) error {
	if len(ids) == 0 {
		return wrong(field, "is empty: at least one item is required")
	}
	for i, id := range ids {
		if err := id.check(); err != nil {
			return within(field+at(i), err)
		}
	}
	return nil
}

func encodeItemIDs(e *xmlwire.Encoder, ids []ItemID) {
	e.Open("m:ItemIds")
	for _, id := range ids {
		id.encode(e, "t:ItemId")
	}
	e.Close()
}

func checkFolder(field string, f FolderRef) error {
	switch f := f.(type) {
	case nil:
		return wrong(field, "is missing: use a FolderID or DistinguishedFolder")
	case FolderID:
		if f.ID == "" {
			return wrong(field+".ID", "is empty")
		}
	case DistinguishedFolder:
		if f.Name == "" {
			return wrong(field+".Name", "is empty")
		}
	default:
		return wrong(field, "is of an unknown type %T: use a FolderID or DistinguishedFolder", f)
	}
	return nil
}

func checkFolders(field string, folders []FolderRef) error {
	if len(folders) == 0 {
		return wrong(field, "is empty: at least one folder is required")
	}
	for i, f := range folders {
		if err := checkFolder(field+at(i), f); err != nil {
			return err
		}
	}
	return nil
}

func encodeFolder(e *xmlwire.Encoder, f FolderRef) {
	switch f := f.(type) {
	case FolderID:
		encodeID(e, "t:FolderId", f.ID, f.ChangeKey)
	case DistinguishedFolder:
		e.Open("t:DistinguishedFolderId")
		e.Attr("Id", string(f.Name))
		if f.Mailbox != "" {
			e.Open("t:Mailbox")
			e.Leaf("t:EmailAddress", f.Mailbox)
			e.Close()
		}
		e.Close()
	}
}

func encodeFolders(e *xmlwire.Encoder, name string, folders []FolderRef) {
	e.Open(name)
	for _, f := range folders {
		encodeFolder(e, f)
	}
	e.Close()
}

func decodeItemID(d *xmlwire.Decoder) ItemID {
	id, changeKey := decodeID(d)
	return ItemID{ID: id, ChangeKey: changeKey}
}

func decodeFolderID(d *xmlwire.Decoder) FolderID {
	id, changeKey := decodeID(d)
	return FolderID{ID: id, ChangeKey: changeKey}
}

func decodeID(d *xmlwire.Decoder) (id, changeKey string) {
	id, _ = d.Attr("Id")
	changeKey, _ = d.Attr("ChangeKey")
	return id, changeKey
}
