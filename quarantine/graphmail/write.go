package graphmail

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// How properties are removed. This is not documented: null may remove a property, be
// refused, or do nothing. In the latter cases an empty text is written, which a stamp
// cannot have.
const (
	clearUnknown int32 = iota
	clearByNull
	clearByEmpty
)

// versionFields are the fields that are checked before a write.
var versionFields = []string{"id", "changeKey", "parentFolderId", "isRead", "isReadReceiptRequested"}

// mark changes an item with one PATCH. It is not documented whether Graph heeds If-Match
// for messages, so mark checks the version beforehand, and the engine reads its stamp
// back afterwards.
func (m *mailbox) mark(ctx context.Context, item driver.Item, mark driver.Change) (driver.Item, error) {
	box, err := m.open(ctx)
	if err != nil {
		return item, err
	}
	reads := mark.Read != nil && *mark.Read != item.Read
	if mark.Stamp == nil && !mark.Clear && !reads && mark.SetHeader.Name == "" && mark.DropHeader == "" {
		return item, nil
	}
	now, err := m.unchanged(ctx, box, item)
	if err != nil {
		return item, err
	}
	version, hushed := now.Version(), false
	if reads && *mark.Read && asksReceipt(now) {
		// Graph would send the receipt, and cannot suppress it here.
		if version, err = m.hush(ctx, box, item.ID, version); err != nil {
			return item, err
		}
		hushed = true
	}
	version, err = m.patch(ctx, box, item.ID, version, mark, reads)
	if err != nil && hushed {
		err = doubtful{err}
	}
	if err != nil {
		return item, asConflict(asGone(err))
	}
	item.Version = version
	if mark.Stamp != nil {
		item.Stamp = mark.Stamp
	} else if mark.Clear {
		item.Stamp = nil
	}
	if reads {
		item.Read = *mark.Read
	}
	return item, nil
}

// unchanged checks that an item still has its version, and returns the fields that matter
// for a write.
func (m *mailbox) unchanged(ctx context.Context, box graph.Mailbox, item driver.Item) (graph.Message, error) {
	if item.ID == "" {
		return graph.Message{}, driver.ErrGone
	}
	read, err := m.message(ctx, box, item.ID, versionFields, receiptProperties, false)
	now := read.Message
	if err != nil {
		return now, readOnly{err}
	}
	if item.Version != "" && now.Version() != item.Version {
		return now, readOnly{fmt.Errorf("%w: its version is another one", driver.ErrConflict)}
	}
	return now, nil
}

// readOnly is an error that occurred before anything was written.
type readOnly struct{ error }

// Unwrap returns the error.
func (e readOnly) Unwrap() error { return e.error }

// NotExecuted reports that nothing was changed.
func (readOnly) NotExecuted() bool { return true }

// receiptProperties show whether a receipt was asked for, and whether one is pending.
var receiptProperties = []graph.Property{pidTagReadReceiptRequested, pidTagNonReceiptNotificationRequested, pidTagMessageFlags}

// notify are the bits of PidTagMessageFlags of a message whose sender will be notified
// when it is read (0x100), or removed unread (0x200).
// See [MS-OXCMSG], section 2.2.1.6.
const notify = 0x300

// asksReceipt reports whether reading a message, or removing it unread, may notify its
// sender.
func asksReceipt(raw graph.Message) bool {
	if raw.Read {
		return false
	}
	for _, p := range receiptProperties[:2] {
		if v, _ := raw.Value(p); strings.EqualFold(v, "true") {
			return true
		}
	}
	flags, _ := raw.Value(pidTagMessageFlags)
	n, _ := strconv.Atoi(flags)
	return raw.Receipt.Yes || n&notify != 0
}

// hush withdraws the request for a receipt, and reads back that it is gone. It returns
// the new version.
func (m *mailbox) hush(ctx context.Context, box graph.Mailbox, id, version string) (string, error) {
	update := map[string]any{
		"isReadReceiptRequested":        false,
		"singleValueExtendedProperties": []graph.PropertyValue{pidTagNonReceiptNotificationRequested.With("false")},
	}
	after, err := box.Update(ctx, id, version, update)
	if refused(err) {
		delete(update, "singleValueExtendedProperties")
		after, err = box.Update(ctx, id, version, update)
	}
	if err != nil {
		return "", fmt.Errorf("withdrawing the request for a receipt: %w", asConflict(asGone(err)))
	}
	now, err := m.unchanged(ctx, box, driver.Item{ID: id, Version: after.Version()})
	if err != nil {
		return "", fmt.Errorf("after the request for a receipt was withdrawn: %w", doubtful{err})
	}
	if asksReceipt(now) {
		return "", errReceipt
	}
	return now.Version(), nil
}

// errReceipt is the error of a message whose sender would be notified.
var errReceipt = &driver.Error{
	Err: errors.New("the message asks for a receipt, and Graph has not withdrawn that; reading or removing it would tell the sender"), Answered: true,
}

// patch writes a change and returns the version after it.
func (m *mailbox) patch(ctx context.Context, box graph.Mailbox, id, version string, mark driver.Change, reads bool) (string, error) {
	drops := mark.DropHeader != "" && !strings.EqualFold(mark.DropHeader, mark.SetHeader.Name)
	how := m.s.clearing.Load()
	empties := mark.Clear && mark.Stamp == nil || drops
	after, err := box.Update(ctx, id, version, fieldsOf(mark, reads, drops, how != clearByEmpty))
	if empties && how != clearByEmpty && refused(err) {
		m.s.clearing.Store(clearByEmpty)
		how = clearByEmpty
		after, err = box.Update(ctx, id, version, fieldsOf(mark, reads, drops, false))
	}
	if err != nil {
		return "", err
	}
	if after.Version() == "" || empties && how == clearUnknown {
		return m.settled(ctx, box, id, mark, reads, drops, empties && how == clearUnknown)
	}
	return after.Version(), nil
}

// settled reads back the effect of an update: whether null has removed properties.
func (m *mailbox) settled(ctx context.Context, box graph.Mailbox, id string, mark driver.Change, reads, drops, learn bool) (string, error) {
	properties := stampFields()
	if mark.DropHeader != "" {
		properties = append(properties, headerField(mark.DropHeader))
	}
	now, err := box.Message(ctx, id, versionFields, properties)
	if err != nil {
		return "", doubtful{fmt.Errorf("reading back what was changed: %w", err)}
	}
	if !learn {
		return now.Version(), nil
	}
	left := false
	if drops {
		v, _ := now.Value(headerField(mark.DropHeader))
		left = v != ""
	}
	if mark.Clear && mark.Stamp == nil {
		for _, p := range stampFields() {
			v, _ := now.Value(p)
			left = left || v != ""
		}
	}
	if !left {
		m.s.clearing.CompareAndSwap(clearUnknown, clearByNull)
		return now.Version(), nil
	}
	m.s.clearing.Store(clearByEmpty)
	after, err := box.Update(ctx, id, now.Version(), fieldsOf(mark, reads, drops, false))
	if err != nil {
		return "", doubtful{err}
	}
	return after.Version(), nil
}

// fieldsOf returns the body of the request for a change. If null is set, properties are
// removed by null.
func fieldsOf(mark driver.Change, reads, drops, null bool) map[string]any {
	var properties []graph.PropertyValue
	without := func(p graph.Property) graph.PropertyValue {
		if null {
			return p.Without()
		}
		return p.With("")
	}
	switch {
	case mark.Stamp != nil:
		properties = stampValues(*mark.Stamp)
	case mark.Clear:
		for _, p := range stampFields() {
			properties = append(properties, without(p))
		}
	}
	if drops {
		properties = append(properties, without(headerField(mark.DropHeader)))
	}
	if mark.SetHeader.Name != "" {
		properties = append(properties, headerField(mark.SetHeader.Name).With(mark.SetHeader.Value))
	}
	fields := make(map[string]any)
	if len(properties) > 0 {
		fields["singleValueExtendedProperties"] = properties
	}
	if reads {
		fields["isRead"] = *mark.Read
	}
	return fields
}

// remove permanently deletes an item. permanentDelete ignores versions, so the version is
// checked beforehand; besides, the id changes when the owner moves the item.
func (m *mailbox) remove(ctx context.Context, item driver.Item) error {
	box, err := m.open(ctx)
	if err != nil {
		return err
	}
	now, err := m.unchanged(ctx, box, item)
	if err != nil {
		return err
	}
	hushed := asksReceipt(now)
	if hushed {
		if _, err := m.hush(ctx, box, item.ID, now.Version()); err != nil {
			return err
		}
	}
	err = box.PermanentDelete(ctx, item.ID)
	if refused(err) {
		err = fmt.Errorf("it cannot be removed for good, as in the sovereign clouds, which have no permanentDelete; it stays where it is, and people can only delete it themselves: %w", err)
	}
	if err != nil && hushed {
		err = doubtful{err}
	}
	return asConflict(asGone(err))
}

// shelve moves an item within its mailbox.
func (m *mailbox) shelve(ctx context.Context, item driver.Item, to *driver.Folder) (driver.Item, error) {
	box, err := m.open(ctx)
	if err != nil {
		return item, err
	}
	if _, err := m.unchanged(ctx, box, item); err != nil {
		return item, err
	}
	destination := deletedItems
	if to != nil {
		destination = to.ID
	}
	now, err := box.Move(ctx, item.ID, destination)
	if err == nil {
		err = moved(now, item)
	}
	if err != nil {
		return item, asConflict(asGone(err))
	}
	item.ID, item.Version = now.ID, now.Version()
	item.Folder = driver.Folder{Base: deletedItems}
	if to != nil {
		item.Folder = *to
	}
	return item, nil
}
