package quarantine

import (
	"context"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// item turns what the server gave into an [Item].
func (m *exchangeMailbox) item(raw ews.Item, tree *folderTree) Item {
	it := Item{
		ID: raw.ID.ID, Version: raw.ID.ChangeKey, Kind: raw.Kind, Mailbox: m.address,
		MessageID: raw.InternetMessageID, Class: raw.Class, Subject: raw.Subject, Size: raw.Size,
		Received: raw.Received, Sent: raw.Sent, Read: raw.IsRead, HasAttachments: raw.HasAttachments,
		Importance: raw.Importance, Categories: raw.Categories,
	}
	if raw.ParentFolderID.ID != "" {
		it.Folder = tree.folder(raw.ParentFolderID.ID)
	}
	it.Attachments = attachments(raw)
	values := make(map[string]string, 5)
	for _, p := range raw.Extended {
		if p.Field.GUID == StampSet {
			values[p.Field.Name] = p.Value
		}
	}
	if len(values) > 0 {
		it.Stamp = ParseStamp(values)
	}
	return it
}

func attachments(raw ews.Item) []Attachment {
	var all []Attachment
	for _, a := range raw.Attachments {
		all = append(all, Attachment{Name: a.Name, Size: a.Size, Inline: a.IsInline, Message: a.IsItem})
	}
	return all
}

// inspect reads one item again.
func (m *exchangeMailbox) inspect(ctx context.Context, itemID string) (Item, error) {
	if itemID == "" {
		return Item{}, ErrGone
	}
	results, err := m.client.GetItem(ctx, ews.GetItemRequest{
		IDs:   []ews.ItemID{{ID: itemID}},
		Shape: ews.ItemShape{Properties: append(slices.Clip(searchProperties), ews.FieldAttachments, ews.FieldImportance, ews.FieldCategories)},
	})
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		return Item{}, gone(err)
	}
	m.mu.Lock()
	tree := m.tree
	m.mu.Unlock()
	if tree == nil {
		tree = &folderTree{}
	}
	return m.item(results[0].Value, tree), nil
}
