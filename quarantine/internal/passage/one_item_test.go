package passage_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
)

// blurred is a mailbox both of whose parts show its only item: the driver does not know yet
// that the owner has moved the folder.
type blurred struct {
	driver.Mailbox
	item    driver.Item
	removed int
}

func (b *blurred) Address() string { return alice }

func (b *blurred) Find(context.Context, driver.Query) (driver.Findings, error) {
	return driver.Findings{Items: []driver.Item{b.item}}, nil
}

func (b *blurred) Inspect(context.Context, string) (driver.Item, error) { return b.item, nil }

func (b *blurred) Mark(_ context.Context, it driver.Item, m driver.Change) (driver.Item, error) {
	if m.Stamp != nil {
		b.item.Stamp = m.Stamp
	}
	return b.item, nil
}

func (b *blurred) Remove(context.Context, driver.Item) error {
	b.removed++
	return nil
}

// One item that both parts of a mailbox show is not an original and its copy: it is the
// only one, and is not removed.
func TestOneItemInBothParts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(driver.WayMove)
		at := time.Date(2026, 11, 20, 8, 30, 0, 0, time.UTC)
		b := &blurred{item: driver.Item{ID: "1", Version: "1", Mailbox: alice, MessageID: "<1@evil.example>", Class: "IPM.Note", Received: at, Sent: at, Size: 1000}}
		begun := driver.Stamp{Operation: driver.NewOperation(), Attempt: driver.NewOperation(), Lease: at, Mailbox: alice, Direction: driver.ToQuarantine, At: at}
		b.item.Stamp = &begun
		p := s.engine.New(passage.Passage{
			Direction: driver.ToQuarantine, From: b, To: b, Item: b.item, Ledger: s.ledger,
			Folder:    func(context.Context, bool) (driver.Folder, error) { return driver.Folder{ID: "F"}, nil },
			Scope:     func(f driver.Folder) driver.Query { return driver.Query{In: &f} },
			NameInUse: func(string) bool { return false },
		})
		err := p.Resume(t.Context(), begun)
		require.ErrorIs(t, err, passage.ErrUndecided)
		assert.ErrorContains(t, err, "the same item")
		assert.Zero(t, b.removed)
	})
}
