package quarantine

import (
	"context"
	"errors"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// FullAccess is the [Strategy] for a service account with the FullAccess right
// on the users' mailboxes and on the quarantine mailbox. It carries items by
// MoveItem across mailboxes, which keeps every property; the headers of the
// message stay untouched.
type FullAccess struct{ x *exchange }

// NewFullAccess returns the strategy for a client that signs in as the service
// account.
func NewFullAccess(client *ews.Client) (*FullAccess, error) {
	if client == nil {
		return nil, errors.New("quarantine: NewFullAccess needs a client")
	}
	return &FullAccess{newExchange(client.ForMailbox, true,
		"give the service account FullAccess to it (Add-MailboxPermission -Identity MAILBOX -User ACCOUNT -AccessRights FullAccess -AutoMapping $false)")}, nil
}

// Name returns "fullAccess".
func (f *FullAccess) Name() string { return string(AccessFull) }

// Mailbox returns access to a mailbox.
func (f *FullAccess) Mailbox(address string) Mailbox { return f.x.mailbox(address) }

// Carry moves the item.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/moveitem-operation.
func (f *FullAccess) Carry(ctx context.Context, c Carriage) (Carried, error) {
	from := f.x.mailbox(c.From.Address())
	results, err := from.client.MoveItem(ctx, ews.MoveItemRequest{
		IDs: []ews.ItemID{{ID: c.Item.ID, ChangeKey: c.Item.Version}},
		To:  ews.FolderID{ID: c.Folder.ID},
	})
	carried := Carried{Way: WayMove, Moved: true}
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		return carried, gone(err)
	}
	carried.ItemID = results[0].Value.ID
	return carried, nil
}
