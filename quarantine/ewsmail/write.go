package ewsmail

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// mark changes an item with one UpdateItem. Because of the change key, the server refuses
// the change if the item has changed meanwhile, so two processes never overwrite each
// other's stamp.
func (m *mailbox) mark(ctx context.Context, item driver.Item, mark driver.Change) (driver.Item, error) {
	marked, change := changed(item, mark)
	if becomesRead(item, mark) {
		// A server that cannot suppress the read receipt of an update would send it now.
		if err := m.hush(ctx, change.ID); err != nil {
			return marked, err
		}
	}
	if len(change.Changes) == 0 {
		return marked, nil
	}
	results, err := m.client.UpdateItem(ctx, ews.UpdateItemRequest{
		Items: []ews.ItemChange{change}, ConflictResolution: ews.NeverOverwrite, MayHaveChanged: true,
	})
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		return marked, asConflict(asGone(err))
	}
	if id := results[0].Value; !id.IsZero() {
		marked.ID, marked.Version = id.ID, id.ChangeKey
	}
	return marked, nil
}

// changed returns an item as it will be after a change, apart from its id and version,
// and the request for the change.
func changed(item driver.Item, mark driver.Change) (driver.Item, ews.ItemChange) {
	change := ews.ItemChange{ID: ews.ItemID{ID: item.ID, ChangeKey: item.Version}, Kind: item.Kind}
	if mark.Stamp != nil {
		values := mark.Stamp.Values()
		for _, name := range driver.StampNames() {
			change.Changes = append(change.Changes, ews.SetField{Property: stampField(name), Value: values[name]})
		}
		item.Stamp = mark.Stamp
	}
	if mark.Clear {
		for _, name := range driver.StampNames() {
			change.Changes = append(change.Changes, ews.DeleteField{Property: stampField(name)})
		}
		item.Stamp = nil
	}
	if mark.Read != nil && *mark.Read != item.Read {
		change.Changes = append(change.Changes, ews.SetField{Property: ews.FieldIsRead, Value: strconv.FormatBool(*mark.Read)})
		item.Read = *mark.Read
	}
	if mark.DropHeader != "" && !strings.EqualFold(mark.DropHeader, mark.SetHeader.Name) {
		change.Changes = append(change.Changes, ews.DeleteField{Property: headerField(mark.DropHeader)})
	}
	if mark.SetHeader.Name != "" {
		change.Changes = append(change.Changes, ews.SetField{Property: headerField(mark.SetHeader.Name), Value: mark.SetHeader.Value})
	}
	return item, change
}

// becomesRead reports whether a change marks an unread item as read.
func becomesRead(item driver.Item, mark driver.Change) bool {
	return mark.Read != nil && *mark.Read && !item.Read
}

// tells reports whether a change would send a read receipt that is not suppressed
// beforehand.
func (m *mailbox) tells(item driver.Item, mark driver.Change) bool {
	return becomesRead(item, mark) && !m.client.SuppressesReceipts()
}

// asConflict wraps err in [driver.ErrConflict] if the server reports that an item
// has changed, and returns err itself otherwise.
func asConflict(err error) error {
	if refused, ok := errors.AsType[*ews.ResponseError](err); ok && ews.Class(refused.Code) == ews.ClassRefresh {
		return fmt.Errorf("%w: %w", driver.ErrConflict, err)
	}
	return err
}

// headerField returns the property that Exchange maps to and from a header.
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-provision-x-headers-by-using-ews-in-exchange.
func headerField(name string) ews.ExtendedField {
	return ews.ExtendedField{Set: ews.SetInternetHeaders, Name: strings.ToLower(name), Type: ews.TypeString}
}

// hush cancels a pending read receipt if the server cannot suppress it in the request
// that would send it (before Exchange 2013 SP1). If the item has another version after
// that, hush returns a conflict: somebody else may have changed it, too.
func (m *mailbox) hush(ctx context.Context, id ews.ItemID) error {
	if m.client.SuppressesReceipts() {
		return nil
	}
	if err := m.client.SuppressReadReceipt(ctx, id); err != nil {
		return fmt.Errorf("suppressing the read receipt: %w", asConflict(asGone(err)))
	}
	fresh, err := m.inspect(ctx, id.ID)
	if err != nil {
		return err
	}
	if fresh.Version != id.ChangeKey {
		return fmt.Errorf("%w: the read receipt has been suppressed", driver.ErrConflict)
	}
	return nil
}

// remove permanently deletes an item, without notifying its sender.
func (m *mailbox) remove(ctx context.Context, item driver.Item) error {
	request := ews.DeleteItemRequest{
		IDs:                []ews.ItemID{{ID: item.ID, ChangeKey: item.Version}},
		Type:               ews.HardDelete,
		RequireSuppression: true,
	}
	err := m.delete(ctx, request)
	if tooOld(err) {
		if err := m.hush(ctx, request.IDs[0]); err != nil {
			return err
		}
		request.RequireSuppression = false
		err = m.delete(ctx, request)
	}
	return asConflict(asGone(err))
}

func (m *mailbox) delete(ctx context.Context, request ews.DeleteItemRequest) error {
	results, err := m.client.DeleteItem(ctx, request)
	if err == nil {
		err = results[0].Err
	}
	return err
}

// tooOld reports whether the server is too old to suppress notices.
func tooOld(err error) bool { return errors.Is(err, ews.ErrUnsupportedVersion) }
