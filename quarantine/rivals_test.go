package quarantine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// forged returns a stamp that came with the mail: anybody who sends TNEF can
// set named properties.
func forged(direction driver.Direction) []ews.ExtendedProperty {
	s := driver.Stamp{
		Operation: "abcdefghijklmnopqrstuvwxy2", Mailbox: alice, Folder: driver.Folder{ID: "AAMk+id/==", Path: "/Inbox/Projects/2026", Base: "inbox", Below: "Projects/2026"},
		Direction: direction, Read: true, At: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC), Reason: "credential phishing",
	}
	var properties []ews.ExtendedProperty
	for name, v := range s.Values() {
		properties = append(properties, ews.ExtendedProperty{
			Field: ews.ExtendedField{GUID: driver.StampSet, Name: name, Type: ews.TypeString}, Value: v,
		})
	}
	return properties
}

func TestForgedStamps(t *testing.T) {
	t.Parallel()
	for number, a := range accesses {
		if !played(t, number) {
			continue
		}
		for _, direction := range []driver.Direction{driver.ToQuarantine, driver.ToUser} {
			t.Run(fmt.Sprintf("%s/%s", a.name, direction), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, a.worldOptions)
				ids := []string{"<1@evil.example>", "<2@evil.example>"}
				for _, id := range ids {
					w.Mailbox(alice).DeliverWith(eml(id, "Invoice "+id), ewstest.Delivery{Extended: forged(direction)})
				}
				var receipts []*quarantine.Receipt
				for _, id := range ids {
					r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: id})
					require.NoError(t, err)
					require.NoError(t, r.Err())
					assert.Equal(t, quarantine.Quarantined, r.Outcome())
					receipts = append(receipts, r)
				}
				for i, id := range ids {
					assert.Len(t, w.in(vault, id), 1, id)
					back, err := w.service.Restore(t.Context(), receipts[i])
					require.NoError(t, err)
					require.NoError(t, back.Err())
					require.Len(t, w.in(alice, id), 1)
					assert.False(t, stamped(w.in(alice, id)[0]))
				}
			})
		}
	}
}

// between runs something when the first request of an operation arrives.
func (w *world) between(op ews.Operation, do func()) {
	done := false
	w.OnRequest(func(_ int, r *ewstest.Request) {
		if !done && r.Operation == op {
			done = true
			do()
		}
	})
}

// carriesBy returns the operation that carries with an access.
func carriesBy(o worldOptions) ews.Operation {
	switch {
	case len(o.ways) == 1 && o.ways[0] == quarantine.WayMIME:
		return ews.OpCreateItem
	case len(o.ways) == 1, o.impersonation:
		return ews.OpUploadItems
	}
	return ews.OpMoveItem
}

func TestRivals(t *testing.T) {
	t.Parallel()
	target := quarantine.Target{Mailbox: alice, MessageID: theID}
	for number, a := range accesses {
		if !played(t, number) {
			continue
		}
		for name, c := range map[string]struct {
			restore, rivalRestores bool
		}{
			"two quarantines":             {false, false},
			"restore during a quarantine": {false, true},
			"two restores":                {true, true},
			"quarantine during a restore": {true, false},
		} {
			for _, op := range []ews.Operation{ews.OpUpdateItem, ews.OpExportItems, carriesBy(a.worldOptions), ews.OpDeleteItem} {
				switch carries := carriesBy(a.worldOptions); {
				case op == ews.OpExportItems && carries != ews.OpUploadItems, op == ews.OpDeleteItem && carries == ews.OpMoveItem:
					continue // the way does not call it
				}
				t.Run(fmt.Sprintf("%s/%s/%s", a.name, name, op), func(t *testing.T) {
					t.Parallel()
					w := newWorld(t, a.worldOptions)
					w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
					rival := w.newService(t, a.worldOptions)
					if c.restore {
						_, err := w.service.Quarantine(t.Context(), target)
						require.NoError(t, err)
					}
					run := func(s *quarantine.Service, restore bool) {
						var err error
						if restore {
							_, err = s.RestoreMessage(t.Context(), target)
						} else {
							_, err = s.Quarantine(t.Context(), target)
						}
						assert.NoError(t, err)
					}
					met := false
					w.between(op, func() { met = true; run(rival, c.rivalRestores) })
					run(w.service, c.restore)
					assert.True(t, met, "there was no rival")
					total := len(w.in(alice, theID)) + len(w.in(vault, theID))
					assert.GreaterOrEqual(t, total, 1, "lost")
					// After asking once more, there is one copy, where it was
					// asked to be.
					run(w.newService(t, a.worldOptions), false)
					assert.Empty(t, w.in(alice, theID))
					assert.Len(t, w.in(vault, theID), 1)
					assert.Empty(t, w.Notices())
				})
			}
		}
	}
}
