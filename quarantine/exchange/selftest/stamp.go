package selftest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// errNotKept means that a named property was not read back as it was set.
var errNotKept = errors.New("the server reported success, but did not keep the named properties of the item; without them a copy cannot be recognised, and nothing can be taken or restored")

// skipStamp skips the checks of named properties and change keys, which keep copies and
// runs apart.
func (k *checker) skipStamp(because string) {
	k.skip(CheckNamedProperties, k.cfg.QuarantineMailbox, because)
	k.skip(CheckChangeKeys, k.cfg.QuarantineMailbox, because)
}

// withSecondItem checks named properties and change keys on a separate test item, since a
// server that accepts an old change key deletes it.
func (k *checker) withSecondItem(ctx context.Context, folder ews.FolderID) {
	operation := driver.NewOperation()
	item, err := k.createItem(ctx, folder, operation)
	old := item
	if err == nil {
		item, err = k.setStamp(ctx, item, operation)
	}
	address := k.cfg.QuarantineMailbox
	switch {
	case k.undecided(ctx, err):
	case errors.Is(err, errNotKept):
		k.lostProperties()
	case err != nil:
		k.fail(CheckNamedProperties, address, err.Error(), k.writeRemedy(err))
		k.skip(CheckChangeKeys, address, fixFirst(CheckNamedProperties))
	default:
		k.ok(CheckNamedProperties, address, "the named properties of a stamp were set and read back")
		k.changeKeys(ctx, old, operation)
	}
	if err := k.removeItems(ctx, []testPlace{{client: k.quarantine.client, folder: folder}}, operation, unmarked(item, err)); err != nil {
		k.cannotRemove(err)
	}
}

// lostProperties records that named properties are not kept.
func (k *checker) lostProperties() {
	k.fail(CheckNamedProperties, k.cfg.QuarantineMailbox, errNotKept.Error(),
		remedy{text: "check whether a gateway in front of the server removes ExtendedProperty elements; a server that does not keep them cannot be used"})
	k.skip(CheckChangeKeys, k.cfg.QuarantineMailbox, fixFirst(CheckNamedProperties))
}

// setStamp sets the properties of a stamp, each as long as it can be, and reads
// them back. The state stays that of a test item.
func (k *checker) setStamp(ctx context.Context, item ews.ItemID, operation string) (ews.ItemID, error) {
	change := ews.ItemChange{ID: item}
	var shape ews.ItemShape
	want := make(map[ews.ExtendedField]string)
	for _, name := range driver.StampNames() {
		field := ews.ExtendedField{GUID: driver.StampSet, Name: name, Type: ews.TypeString}
		shape.Properties = append(shape.Properties, field)
		want[field] = testState(operation)
		if field != stampState {
			value := testState(operation) + "|"
			want[field] = value + strings.Repeat("x", driver.CutLength-1-len(value))
			change.Changes = append(change.Changes, ews.SetField{Property: field, Value: want[field]})
		}
	}
	if err := k.update(ctx, change); err != nil {
		return item, fmt.Errorf("the named properties of a stamp cannot be set: %w", err)
	}
	results, err := k.quarantine.client.GetItem(ctx, ews.GetItemRequest{IDs: []ews.ItemID{{ID: item.ID}}, Shape: shape})
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		return item, fmt.Errorf("the named properties of a stamp cannot be read back: %w", err)
	}
	for field, value := range want {
		if p, _ := results[0].Value.Property(field); p.Value != value {
			return item, errNotKept
		}
	}
	return results[0].Value.ID, nil
}

// update changes the test item under the change key in its id.
func (k *checker) update(ctx context.Context, change ews.ItemChange) error {
	results, err := k.quarantine.client.UpdateItem(ctx, ews.UpdateItemRequest{Items: []ews.ItemChange{change}, ConflictResolution: ews.NeverOverwrite})
	if err == nil {
		err = results[0].Err
	}
	return err
}

// changeKeys tries to change and to delete the test item under a change key that
// it no longer has.
func (k *checker) changeKeys(ctx context.Context, old ews.ItemID, operation string) {
	address := k.cfg.QuarantineMailbox
	field := ews.ExtendedField{GUID: driver.StampSet, Name: driver.StampPath, Type: ews.TypeString}
	updated := k.update(ctx, ews.ItemChange{ID: old, Changes: []ews.Change{ews.SetField{Property: field, Value: testState(operation)}}})
	if k.undecided(ctx, updated) {
		return
	}
	results, deleted := k.quarantine.client.DeleteItem(ctx, ews.DeleteItemRequest{IDs: []ews.ItemID{old}, Type: ews.HardDelete})
	if deleted == nil {
		deleted = results[0].Err
	}
	switch {
	case k.undecided(ctx, deleted):
	case updated == nil:
		k.warn(CheckChangeKeys, address, "UpdateItem takes a change key that is out of date; two processes that work on the same message at once may then make two copies",
			remedy{text: "run a single process against these mailboxes at any time, recover included, and keep operators from running ewsq beside it; or set markWait, such as to \"60s\", in the configuration of all of them"})
	case !stale(updated):
		k.warn(CheckChangeKeys, address, "not known whether UpdateItem looks at change keys: "+updated.Error(),
			remedy{text: "resolve the error that the server reports; until then, run a single process against these mailboxes"})
	case deleted == nil:
		k.ok(CheckChangeKeys, address, "UpdateItem refuses a change key that is out of date; DeleteItem takes one, so what an owner changes in the moment a message is taken may stay behind in Recoverable Items")
	default:
		k.ok(CheckChangeKeys, address, "UpdateItem and DeleteItem refuse a change key that is out of date")
	}
}

// stale reports whether an error refuses an old change key.
func stale(err error) bool {
	refused, ok := errors.AsType[*ews.ResponseError](err)
	return ok && ews.Class(refused.Code) == ews.ClassRefresh
}
