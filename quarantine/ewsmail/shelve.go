package ewsmail

import (
	"context"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// shelve moves an item within its mailbox. It uses MoveItem even for Deleted Items,
// because a delegate's DeleteItem would move the item to the delegate's own.
func (m *mailbox) shelve(ctx context.Context, item driver.Item, to *driver.Folder) (driver.Item, error) {
	var ref ews.FolderRef = m.known(ews.FolderDeletedItems)
	if to != nil {
		ref = ews.FolderID{ID: to.ID}
	}
	results, err := m.client.MoveItem(ctx, ews.MoveItemRequest{
		IDs: []ews.ItemID{{ID: item.ID, ChangeKey: item.Version}}, To: ref,
	})
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		return item, asConflict(asGone(err))
	}
	item.ID, item.Version = results[0].Value.ID, results[0].Value.ChangeKey
	item.Folder = driver.Folder{Base: string(ews.FolderDeletedItems)}
	if to != nil {
		item.Folder = *to
	}
	return item, nil
}
