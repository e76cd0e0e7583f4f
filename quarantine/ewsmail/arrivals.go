package ewsmail

import (
	"context"
	"errors"
	"fmt"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// noteField is the property that holds the note of an item.
var noteField = ews.ExtendedField{GUID: driver.NoteSet, Name: driver.NoteName, Type: ews.TypeString}

// Arrivals returns what has entered and left a folder.
func (m *mailbox) Arrivals(ctx context.Context, folder driver.Folder, state string) (driver.Arrivals, error) {
	sync, err := m.client.SyncFolderItems(ctx, ews.SyncFolderItemsRequest{
		Folder: m.reference(folder), State: state,
		Shape: ews.ItemShape{Properties: []ews.PropertyPath{ews.FieldDateTimeReceived, noteField}},
	})
	if err != nil {
		return driver.Arrivals{}, translate(asExpired(asGone(err)))
	}
	arrivals := driver.Arrivals{State: sync.State, More: !sync.Last}
	for _, change := range sync.Changes {
		a := driver.Arrival{ItemID: change.Item.ID.ID, Received: change.Item.Received}
		switch change.Kind {
		case ews.SyncReadFlag:
			continue
		case ews.SyncDelete:
			a.Gone = true
		default:
			note, _ := change.Item.Property(noteField)
			a.Note = &note.Value
		}
		arrivals.Items = append(arrivals.Items, a)
	}
	return arrivals, nil
}

// reference returns the reference to a folder. The zero Folder means the Inbox.
func (m *mailbox) reference(f driver.Folder) ews.FolderRef {
	if f.ID == "" {
		return m.known(ews.FolderInbox)
	}
	return ews.FolderID{ID: f.ID}
}

// asExpired wraps err in [driver.ErrStateExpired] if the server reports that it cannot
// continue from a state, and in [driver.ErrGone] if the folder does not exist.
func asExpired(err error) error {
	refused, ok := errors.AsType[*ews.ResponseError](err)
	if !ok {
		return err
	}
	switch refused.Code {
	case "ErrorInvalidSyncStateData", "ErrorSyncStateNotFound":
		return fmt.Errorf("%w: %w", driver.ErrStateExpired, err)
	case "ErrorSyncFolderNotFound":
		return fmt.Errorf("%w: %w", driver.ErrGone, err)
	}
	return err
}

// Noted reads an item and its note.
func (m *mailbox) Noted(ctx context.Context, itemID string) (driver.Item, string, error) {
	if itemID == "" {
		return driver.Item{}, "", driver.ErrGone
	}
	request := ews.GetItemRequest{IDs: []ews.ItemID{{ID: itemID}}, MayBeGone: true, Shape: ews.ItemShape{Properties: []ews.PropertyPath{
		ews.FieldParentFolderID, ews.FieldItemClass, ews.FieldSubject, ews.FieldSize, ews.FieldDateTimeReceived, ews.FieldIsRead,
		ews.FieldInternetMessageID, ews.FieldFrom, ews.FieldSender, noteField,
	}}}
	results, err := m.client.GetItem(ctx, request)
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		return driver.Item{}, "", translate(asGone(err))
	}
	note, _ := results[0].Value.Property(noteField)
	return m.inspected(itemID, results[0].Value), note.Value, nil
}

// SetNote gives an item a note with one UpdateItem, which the server refuses if the item
// has changed.
func (m *mailbox) SetNote(ctx context.Context, item driver.Item, note string) (driver.Item, error) {
	results, err := m.client.UpdateItem(ctx, ews.UpdateItemRequest{
		Items: []ews.ItemChange{{
			ID: ews.ItemID{ID: item.ID, ChangeKey: item.Version}, Kind: item.Kind,
			Changes: []ews.Change{ews.SetField{Property: noteField, Value: note}},
		}},
		ConflictResolution: ews.NeverOverwrite, MayHaveChanged: true,
	})
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		return item, translate(asConflict(asGone(err)))
	}
	if id := results[0].Value; !id.IsZero() {
		item.ID, item.Version = id.ID, id.ChangeKey
	}
	return item, nil
}
