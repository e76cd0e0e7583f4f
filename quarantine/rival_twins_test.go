package quarantine_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// Two concurrent restores of two similar items: whatever one sees of what the
// other has done, both items come back, each once.
func TestRivalRestoresOfTwins(t *testing.T) {
	t.Parallel()
	for i, c := range []struct{ name, id, one, two string }{
		{"identical without id", "", "Your invoice", "Your invoice"},
		{"identical with id", theID, "Your invoice", "Your invoice"},
		{"different without id", "", "Invoice 1", "Other 2"},
	} {
		for j, a := range accesses {
			t.Run(c.name+"/"+a.name, func(t *testing.T) {
				t.Parallel()
				o := a.worldOptions
				o.settings = searching(false, quarantine.Limits{}).settings
				first, step := 1, 1
				if !*whole {
					first, step = 1+(2*i+j)%29, 29
				}
				synctest.Test(t, func(t *testing.T) {
					for at := first; at < 200; at += step {
						w := newWorld(t, o)
						for _, subject := range []string{c.one, c.two} {
							w.Mailbox(alice).DeliverWith(eml(c.id, subject), ewstest.Delivery{Received: noon})
						}
						taken, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, Criteria: quarantine.Criteria{Sender: "mallory@evil.example"}})
						require.NoError(t, err)
						require.NoError(t, taken.Err())
						require.Len(t, taken.Items, 2)
						var seen atomic.Int64
						struck := false
						w.OnRequest(func(int, *ewstest.Request) {
							if seen.Add(1) == int64(at) {
								struck = true
								back, err := w.newService(t, o).Restore(t.Context(), taken)
								if assert.NoError(t, err) {
									if back.Outcome() == quarantine.Undecided {
										assert.ErrorContains(t, back.Err(), "another run may be working on it", "the rival at call %d", at)
										return
									}
									assert.NoError(t, back.Err(), "the rival at call %d", at)
								}
							}
						})
						back, err := w.service.Restore(t.Context(), taken)
						require.NoError(t, err)
						assert.NoError(t, back.Err(), "a rival at call %d", at)
						assert.Equal(t, []string{c.one, c.two}, w.subjects(alice), "a rival at call %d", at)
						assert.Empty(t, w.subjects(vault), "a rival at call %d", at)
						if !struck || t.Failed() {
							break
						}
					}
				})
			})
		}
	}
}
