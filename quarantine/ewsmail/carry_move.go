package ewsmail

import (
	"context"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// carryByMove moves the item across mailboxes. The server gives no id for it.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/moveitem-operation.
func carryByMove(ctx context.Context, from, _ *mailbox, c driver.Carriage) (driver.Carried, error) {
	results, err := from.client.MoveItem(ctx, ews.MoveItemRequest{
		IDs: []ews.ItemID{{ID: c.Item.ID, ChangeKey: c.Item.Version}},
		To:  ews.FolderID{ID: c.Folder.ID},
	})
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		return driver.Carried{}, asGone(err)
	}
	return driver.Carried{ItemID: results[0].Value.ID, Moved: true}, nil
}
