package graphmail

import (
	"context"
	"fmt"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/graph"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// noteField is the property that holds the note of an item.
var noteField = graph.Property{Type: "String", Set: driver.NoteSet, Name: driver.NoteName}

// Noted reads an item and its note.
func (m *mailbox) Noted(ctx context.Context, itemID string) (driver.Item, string, error) {
	it, note, err := m.noted(ctx, itemID)
	return it, note, translate(err)
}

func (m *mailbox) noted(ctx context.Context, itemID string) (driver.Item, string, error) {
	if itemID == "" {
		return driver.Item{}, "", driver.ErrGone
	}
	box, err := m.open(ctx)
	if err != nil {
		return driver.Item{}, "", err
	}
	raw, err := box.Message(ctx, itemID, append(senderFields[:len(senderFields):len(senderFields)], itemFields...), append(itemProperties[:len(itemProperties):len(itemProperties)], noteField))
	if err != nil {
		return driver.Item{}, "", asGone(m.onlyMailbox(err))
	}
	tree := m.kept()
	if tree == nil {
		tree = &folderTree{}
	}
	it := m.item(raw, tree)
	it.ID = itemID
	note, _ := raw.Value(noteField)
	return it, note, nil
}

// SetNote checks the version of an item, then gives it a note with one PATCH: it is not
// documented whether Graph heeds If-Match for messages. See [mailbox.NoteSettles].
func (m *mailbox) SetNote(ctx context.Context, item driver.Item, note string) (driver.Item, error) {
	it, err := m.setNote(ctx, item, note)
	return it, translate(err)
}

func (m *mailbox) setNote(ctx context.Context, item driver.Item, note string) (driver.Item, error) {
	box, err := m.open(ctx)
	if err != nil {
		return item, err
	}
	if _, err := m.unchanged(ctx, box, item); err != nil {
		return item, err
	}
	after, err := box.Update(ctx, item.ID, item.Version, properties(noteField.With(note)))
	if err != nil {
		return item, asConflict(asGone(err))
	}
	if after.Version() == "" {
		if after, err = box.Message(ctx, item.ID, []string{"id", "changeKey"}, nil); err != nil {
			return item, doubtful{fmt.Errorf("reading back the version: %w", err)}
		}
	}
	item.Version = after.Version()
	return item, nil
}

// properties returns the body of an update of extended properties.
func properties(all ...graph.PropertyValue) map[string]any {
	return map[string]any{"singleValueExtendedProperties": all}
}

// noteSettles is longer than checking a version and writing take together.
const noteSettles = 2 * time.Second

// NoteSettles returns how long after a note was written another writer, who read the item
// before, can still replace it.
func (m *mailbox) NoteSettles() time.Duration { return noteSettles }
