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
	// selfTest begins the state of a test item, in the place of that of a stamp.
	// No mail that arrives can have it, and it is no stamp, so that nothing else
	// takes the item for a message in quarantine.
	selfTest = "self-test"
	// selfTestAge is the age from which on a test item was left behind by a
	// self-test that was ended, and is removed by the next.
	selfTestAge = time.Hour
	// removalTime bounds the removal of the test item after ctx has ended.
	removalTime = time.Minute
)

// stampState is where a test item has its state.
var stampState = ews.ExtendedField{GUID: driver.StampSet, Name: driver.StampState, Type: ews.TypeString}

// testPlace is a folder where the test item may be.
type testPlace struct {
	client *ews.Client
	folder ews.FolderRef
	// leftover says that it is what a move may leave in Recoverable Items, which
	// goes by itself in time.
	leftover bool
}

// withItem writes the test item, tries with it what can be tried, and removes
// it.
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
	removeErr := k.removeItems(ctx, places, operation)
	because := "not looked at: quarantineWrite has to be put right first"
	switch {
	case k.undecided(ctx, err):
	case err != nil:
		k.fail(CheckQuarantineWrite, address, err.Error(), k.writeRemedy(err))
		k.skip(CheckExportUpload, "", because)
		k.skip(CheckMove, "", because)
	case removeErr != nil:
		k.fail(CheckQuarantineWrite, address, "a test item was written and could not be removed: "+removeErr.Error(),
			remedy{text: fmt.Sprintf("delete the message %q from the folder %q; the next self-test does it, too", testSubject, k.cfg.QuarantineFolder)})
	default:
		k.ok(CheckQuarantineWrite, address, "a test item was written, read back and removed")
	}
}

const testSubject = "Self-test of the quarantine"

// createItem writes the test item and reads it back.
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
		return ews.ItemID{}, errors.New("the server did not keep a named property of the item; without it quarantine cannot work")
	}
	return results[0].Value.ID, nil
}

func testState(operation string) string { return selfTest + "|" + operation }

// removeItems removes the test item from wherever it may be, and in the
// quarantine folder those of self-tests that were ended. What was written is
// removed even if ctx has ended.
func (k *checker) removeItems(ctx context.Context, places []testPlace, operation string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removalTime)
	defer cancel()
	k.limiter.insist()
	this := ews.Compare{Op: ews.IsEqualTo, Property: stampState, Value: testState(operation)}
	left := ews.And{
		ews.Contains{Property: stampState, Value: selfTest + "|", Mode: ews.ModePrefixed},
		ews.Compare{Op: ews.IsLessThan, Property: ews.FieldDateTimeCreated, Value: ews.FormatTime(k.now().Add(-selfTestAge).UTC())},
	}
	errs := []error{removeMatching(ctx, places[0], ews.Or{this, left})}
	for _, p := range places[1:] {
		if err := removeMatching(ctx, p, this); !p.leftover {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// removeMatching removes the test items in a folder that match, for good.
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
		// The server compares more loosely than it should.
		if state, _ := it.Property(stampState); len(state.Value) > len(selfTest) && state.Value[:len(selfTest)+1] == selfTest+"|" {
			ids = append(ids, ews.ItemID{ID: it.ID.ID})
		}
	}
	for batch := range slices.Chunk(ids, 50) {
		results, err := p.client.DeleteItem(ctx, ews.DeleteItemRequest{IDs: batch, Type: ews.HardDelete})
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
