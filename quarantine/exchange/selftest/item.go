package selftest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

const (
	// selfTest is the prefix of the state of a test item, in the property that holds the
	// state of a stamp. Incoming mail cannot have it, and it is not a valid stamp, so
	// nothing else mistakes the item for a quarantined message.
	selfTest = "self-test"
	// selfTestAge is the age above which a test item counts as left behind by an
	// interrupted self-test; the next one removes it.
	selfTestAge = time.Hour
	// removalTime bounds the removal of the test item, and removalAfter the part of it that
	// comes after the end of the caller's context: callers rely on their deadline.
	removalTime  = time.Minute
	removalAfter = 5 * time.Second
)

// stampState is the property that holds the state of a test item.
var stampState = ews.ExtendedField{GUID: driver.StampSet, Name: driver.StampState, Type: ews.TypeString}

// testPlace is a folder where the test item may be.
type testPlace struct {
	client *ews.Client
	folder ews.FolderRef
	// leftover marks what a move may leave in Recoverable Items, which the server
	// removes in time.
	leftover bool
}

// withItem writes the test item, makes the checks that need one, and removes it. If all of
// that worked, a second item follows.
func (k *checker) withItem(ctx context.Context) {
	address := k.cfg.QuarantineMailbox
	folder := ews.FolderID{ID: k.folderID}
	operation := driver.NewOperation()
	places := []testPlace{{client: k.quarantine.client, folder: folder}}
	item, err := k.createItem(ctx, folder, operation)
	if err == nil {
		k.exportUpload(ctx, &item)
		if k.blocker == "" && ctx.Err() == nil {
			places = append(places, k.move(ctx, item, operation)...)
		}
	}
	removeErr := k.removeItems(ctx, places, operation, unmarked(item, err))
	skipRest := func(because string) {
		k.skip(CheckExportUpload, "", because)
		k.skip(CheckMove, "", because)
	}
	switch {
	case k.undecided(ctx, err):
	case err != nil && !errors.Is(err, errNotKept):
		k.fail(CheckQuarantineWrite, address, err.Error(), k.writeRemedy(err))
		k.skipStamp(fixFirst(CheckQuarantineWrite))
		skipRest(fixFirst(CheckQuarantineWrite))
	case removeErr != nil:
		k.skipStamp(fixFirst(CheckQuarantineWrite))
		k.cannotRemove(removeErr)
	default:
		k.ok(CheckQuarantineWrite, address, "a test item was written, read back and removed")
		if err != nil {
			k.lostProperties()
			skipRest(fixFirst(CheckNamedProperties))
		} else if k.blocker == "" && ctx.Err() == nil {
			k.withSecondItem(ctx, folder)
		}
	}
}

// cannotRemove reports that a test item stays behind.
func (k *checker) cannotRemove(err error) {
	k.fail(CheckQuarantineWrite, k.cfg.QuarantineMailbox, "a test item was written but could not be removed: "+err.Error(),
		remedy{text: fmt.Sprintf("delete the message %q from the folder %q, or run the self-test again after an hour, which removes it", testSubject, k.cfg.QuarantineFolder)})
}

const testSubject = "Self-test of the quarantine"

// unmarked returns the test item if its named properties were not kept.
func unmarked(item ews.ItemID, err error) []ews.ItemID {
	if errors.Is(err, errNotKept) {
		return []ews.ItemID{{ID: item.ID}}
	}
	return nil
}

// createItem writes the test item and reads it back. If the error is [errNotKept], the item
// exists and its id is returned.
func (k *checker) createItem(ctx context.Context, folder ews.FolderID, operation string) (ews.ItemID, error) {
	now := k.now().UTC()
	mime := "From: Self-test <self-test@ewsquarantine.invalid>\r\nTo: Self-test <self-test@ewsquarantine.invalid>\r\n" +
		"Subject: " + testSubject + "\r\nDate: " + now.Format(time.RFC1123Z) + "\r\nMessage-ID: <" + operation + "@ewsquarantine.invalid>\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThis message was written by a self-test, which removes it again.\r\n"
	id, err := k.quarantine.client.CreateItem(ctx, ews.CreateItemRequest{
		Folder: folder, MIME: ews.BytesContent([]byte(mime)), IsRead: new(true),
		Extended: []ews.ExtendedProperty{
			{Field: ews.PidTagMessageFlags, Value: "1"},
			{Field: stampState, Value: testState(operation)},
		},
	})
	if err == nil && id.IsZero() {
		id, err = k.unnamed(ctx, folder, operation) // the server returns no ids of new items
	}
	if err != nil {
		return ews.ItemID{}, err
	}
	results, err := k.quarantine.client.GetItem(ctx, ews.GetItemRequest{
		IDs: []ews.ItemID{{ID: id.ID}}, Shape: ews.ItemShape{Properties: []ews.PropertyPath{stampState}},
	})
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		return ews.ItemID{}, fmt.Errorf("the item cannot be read back: %w", err)
	}
	if p, _ := results[0].Value.Property(stampState); p.Value != testState(operation) {
		return results[0].Value.ID, errNotKept
	}
	return results[0].Value.ID, nil
}

// unnamed returns the id of a test item that the server created without returning one.
func (k *checker) unnamed(ctx context.Context, folder ews.FolderID, operation string) (ews.ItemID, error) {
	messageID := "<" + operation + "@ewsquarantine.invalid>"
	results, err := k.quarantine.client.FindItem(ctx, ews.FindItemRequest{
		Folders:     []ews.FolderRef{folder},
		Restriction: ews.Compare{Op: ews.IsEqualTo, Property: ews.FieldInternetMessageID, Value: messageID},
	})
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		return ews.ItemID{}, err
	}
	if len(results[0].Value.Items) == 0 {
		return ews.ItemID{}, errors.New("the server has created an item without returning its id, and does not find it by its Message-ID")
	}
	return results[0].Value.Items[0].ID, nil
}

func testState(operation string) string { return selfTest + "|" + operation }

// removeItems removes the test item from every place where it may be, and the items of
// interrupted self-tests from the quarantine folder. It does so even if the caller's
// context has ended. lost are items that cannot be found by their named properties, and are
// removed by id.
func (k *checker) removeItems(callers context.Context, places []testPlace, operation string, lost []ews.ItemID) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(callers), removalTime)
	defer cancel()
	defer context.AfterFunc(callers, func() { time.AfterFunc(removalAfter, cancel) })()
	k.limiter.insist()
	this := ews.Compare{Op: ews.IsEqualTo, Property: stampState, Value: testState(operation)}
	left := ews.And{
		ews.Contains{Property: stampState, Value: selfTest + "|", Mode: ews.ModePrefixed},
		ews.Compare{Op: ews.IsLessThan, Property: ews.FieldDateTimeCreated, Value: ews.FormatTime(k.now().Add(-selfTestAge).UTC())},
	}
	errs := []error{removeMatching(ctx, places[0], ews.Or{this, left})}
	errs = append(errs, remove(ctx, places[0].client, lost))
	for _, p := range places[1:] {
		if err := removeMatching(ctx, p, this); !p.leftover {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// removeMatching permanently removes matching test items from a folder.
func removeMatching(ctx context.Context, p testPlace, match ews.Restriction) error {
	found := p.client.FindItems(ctx, ews.FindItemRequest{
		Folders: []ews.FolderRef{p.folder}, Restriction: match,
		Shape: ews.ItemShape{Properties: []ews.PropertyPath{stampState}},
	})
	var ids []ews.ItemID
	for it, err := range found {
		if err != nil {
			return err
		}
		// Servers compare more loosely than they should.
		if state, _ := it.Property(stampState); len(state.Value) > len(selfTest) && state.Value[:len(selfTest)+1] == selfTest+"|" {
			ids = append(ids, ews.ItemID{ID: it.ID.ID})
		}
	}
	return remove(ctx, p.client, ids)
}

// remove permanently removes items, if they are still there.
func remove(ctx context.Context, client *ews.Client, ids []ews.ItemID) error {
	for batch := range slices.Chunk(ids, 50) {
		results, err := client.DeleteItem(ctx, ews.DeleteItemRequest{IDs: batch, Type: ews.HardDelete})
		if err != nil {
			return err
		}
		for _, r := range results {
			if r.Err != nil && !errors.Is(r.Err, ews.ErrNotFound) {
				return r.Err
			}
		}
	}
	return nil
}
