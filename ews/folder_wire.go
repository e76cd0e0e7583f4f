package ews

import "github.com/ewsquarantine/ewsquarantine/internal/xmlwire"

// decodeFolder reads the current element as a folder.
func decodeFolder(d *xmlwire.Decoder, f *Folder) {
	f.Kind = d.Local()
	number := func() int {
		n, _ := d.TryInt64()
		return int(n)
	}
	depth := d.Depth()
	for d.NextChild(depth) {
		switch d.Local() {
		case "FolderId":
			f.ID = decodeFolderID(d)
		case "ParentFolderId":
			f.ParentID = decodeFolderID(d)
		case "FolderClass":
			f.Class = d.TextInterned()
		case "DisplayName":
			f.DisplayName = d.Text()
		case "TotalCount":
			f.TotalCount = number()
		case "ChildFolderCount":
			f.ChildFolderCount = number()
		case "UnreadCount":
			f.UnreadCount = number()
		case "ExtendedProperty":
			f.Extended = appendExtendedProperty(d, f.Extended)
		case "EffectiveRights":
			f.Rights = decodeRights(d)
		case "DistinguishedFolderId":
			f.Distinguished = FolderName(d.TextInterned())
		}
	}
}

func decodeRights(d *xmlwire.Decoder) *EffectiveRights {
	r := new(EffectiveRights)
	fields := map[string]*bool{
		"CreateAssociated": &r.CreateAssociated,
		"CreateContents":   &r.CreateContents,
		"CreateHierarchy":  &r.CreateHierarchy,
		"Delete":           &r.Delete,
		"Modify":           &r.Modify,
		"Read":             &r.Read,
	}
	depth := d.Depth()
	for d.NextChild(depth) {
		if field := fields[d.Local()]; field != nil {
			*field, _ = d.TryBool()
		}
	}
	return r
}
