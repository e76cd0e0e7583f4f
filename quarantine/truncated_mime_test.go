package quarantine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// markedMIME returns a message whose MIME form ends in the marker of a truncated export.
func markedMIME() []byte {
	return append(eml(theID, "Invoice"), "Pay to acc=== Truncated Data ==="...)
}

// A MIME form that ends in the marker is not copied: no run leaves anything in the
// quarantine mailbox, and the next way is tried immediately.
func TestTruncatedMIMEIsNotCopied(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		impersonation bool
		chunks        ewstest.Oddities
		ways          []quarantine.Way
		want          quarantine.Way // "": by none
	}{
		"only by MIME":               {true, 0, []quarantine.Way{quarantine.WayMIME}, ""},
		"only by MIME, FullAccess":   {false, 0, []quarantine.Way{quarantine.WayMIME}, ""},
		"where chunks are refused":   {true, ewstest.OddNoChunks, []quarantine.Way{quarantine.WayMIME}, ""},
		"by MIME first":              {true, 0, []quarantine.Way{quarantine.WayMIME, quarantine.WayTransfer}, quarantine.WayTransfer},
		"by MIME first, then a move": {false, 0, []quarantine.Way{quarantine.WayMIME, quarantine.WayMove}, quarantine.WayMove},
		"by MIME last":               {true, 0, nil, quarantine.WayTransfer},
		"by MIME last, after a move": {false, 0, nil, quarantine.WayMove},
		"by MIME first, no chunks":   {false, ewstest.OddNoChunks, []quarantine.Way{quarantine.WayMIME, quarantine.WayTransfer}, quarantine.WayTransfer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, worldOptions{impersonation: tt.impersonation, ways: tt.ways, server: ewstest.Options{Odd: tt.chunks}})
				w.Mailbox(alice).Deliver(markedMIME())
				for range 2 {
					begin := time.Now()
					r := w.taken(t)
					assert.Less(t, time.Since(begin), 2*time.Second, "nothing is waited for")
					if tt.want != "" {
						require.NoError(t, r.Err())
						if r.Outcome() == quarantine.Quarantined {
							assert.Equal(t, tt.want, r.Items[0].Way)
						}
						w.count(t, 0, 1, "in the end")
						continue
					}
					assert.Equal(t, quarantine.Refused, r.Outcome())
					require.ErrorContains(t, r.Err(), "ends in the marker of a truncated export")
					assert.Empty(t, r.Items[0].Residue)
					w.count(t, 1, 0, "after the refusal")
				}
				created := 0
				for _, q := range w.Requests() {
					if q.Acted && q.Operation == ews.OpCreateItem {
						created++
					}
				}
				assert.Zero(t, created)
				assert.Empty(t, w.Notices())
			})
		})
	}
}

// A message that went into quarantine by another way and would have to come back by
// MIME stays there, whole, for a restore by another way.
func TestTruncatedMIMEIsNotRestored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := worldOptions{impersonation: true}
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(markedMIME())
		r := w.taken(t)
		require.NoError(t, r.Err())
		o.ways = []quarantine.Way{quarantine.WayMIME}
		back, err := w.newService(t, o).Restore(t.Context(), r)
		require.NoError(t, err)
		require.ErrorContains(t, back.Err(), "ends in the marker of a truncated export")
		w.count(t, 0, 1, "after the refusal")
		back, err = w.service.Restore(t.Context(), r)
		require.NoError(t, err)
		require.NoError(t, back.Err())
		w.count(t, 1, 0, "after the restore")
	})
}

// A copy made in a way that keeps everything is not proved by content that ends in the
// marker, if the original has changed since and must be compared by content.
func TestTruncatedMIMEProvesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := worldOptions{impersonation: true}
		w := newWorld(t, o)
		box := w.Mailbox(alice)
		original := box.Deliver(markedMIME())
		w.afterCarry(o, func() {
			_, err := box.Person("owner").Flag(original, ews.Flag{Status: "Flagged"})
			assert.NoError(t, err)
		})
		require.ErrorContains(t, w.taken(t).Err(), "ends in the marker of a truncated export")
		assert.Len(t, w.in(alice, theID), 1)
		require.Len(t, w.in(vault, theID), 1)
		assert.Equal(t, "/Surplus", w.in(vault, theID)[0].Folder)
	})
}
