package ewsmail

import (
	"context"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// item converts an item of the server into a [driver.Item].
func (m *mailbox) item(raw ews.Item, tree *folderTree) driver.Item {
	it := driver.Item{
		ID: raw.ID.ID, Version: raw.ID.ChangeKey, Kind: raw.Kind, Mailbox: m.address,
		MessageID: raw.InternetMessageID, Class: raw.Class, Subject: raw.Subject, Size: raw.Size,
		Received: raw.Received, Sent: raw.Sent, Read: raw.IsRead, HasAttachments: raw.HasAttachments,
		Importance: raw.Importance, Categories: raw.Categories,
	}
	if raw.ParentFolderID.ID != "" {
		it.Folder = tree.folder(raw.ParentFolderID.ID)
	}
	it.Attachments, it.Sender = attachments(raw), senderOf(raw)
	if p, ok := raw.Property(ews.PidTagInternetMessageID); ok && it.MessageID == "" {
		it.MessageID = p.Value
	}
	it.Reach = reachOf(raw)
	values := make(map[string]string, 5)
	for _, p := range raw.Extended {
		if p.Field.GUID == driver.StampSet {
			values[p.Field.Name] = p.Value
		}
	}
	if len(values) > 0 {
		it.Stamp = driver.ParseStamp(values)
	}
	return it
}

func attachments(raw ews.Item) []driver.Attachment {
	var all []driver.Attachment
	for _, a := range raw.Attachments {
		all = append(all, driver.Attachment{Name: a.Name, Size: a.Size, Inline: a.IsInline, Message: a.IsItem})
	}
	return all
}

// inspection asks for what inspect returns of an item.
var inspection = ews.GetItemRequest{
	MayBeGone: true, // the engine asks to find that out
	Shape:     ews.ItemShape{Properties: append(slices.Clip(searchProperties), ews.FieldAttachments, ews.FieldImportance, ews.FieldCategories)},
}

// inspect reads one item again.
func (m *mailbox) inspect(ctx context.Context, itemID string) (driver.Item, error) {
	if itemID == "" {
		return driver.Item{}, driver.ErrGone
	}
	request := inspection
	request.IDs = []ews.ItemID{{ID: itemID}}
	results, err := m.client.GetItem(ctx, request)
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		return driver.Item{}, asGone(err)
	}
	return m.inspected(itemID, results[0].Value), nil
}

// inspected returns an item that was read by an id.
func (m *mailbox) inspected(itemID string, raw ews.Item) driver.Item {
	tree := m.kept()
	if tree == nil {
		tree = &folderTree{}
	}
	it := m.item(raw, tree)
	it.ID = itemID // a server may write it in another form
	return it
}
