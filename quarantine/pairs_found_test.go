package quarantine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
)

// Faults that the explorer of pairs has found, each with a history of its own.

// The lease of a stamp is over when the call that writes it comes to its end, as on a
// computer that was asleep: nothing is sent under it, the first time and later.
func TestLeaseIsOverWhenItBegins(t *testing.T) {
	t.Parallel()
	for _, w := range referenceWorlds() {
		for _, again := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				x := &play{pairWorld: w, saw: func(string) {}}
				x.begin(t)
				if again { // the copy is lost, and made anew when its lease is over
					s := x.service(t, key, x.journalOf(), func(_ context.Context, c *detour.Call) {
						c.Act()
						if c.Kind == detour.Carry {
							x.person(map[driver.Direction]string{driver.ToQuarantine: vault, driver.ToUser: alice}[w.direction], purges)
						}
					})
					x.run(t.Context(), s, ask)
					time.Sleep(3 * time.Hour)
				}
				slept, sent := false, 0
				s := x.service(t, key, x.journalOf(), func(_ context.Context, c *detour.Call) {
					if c.Kind == detour.Mark && !slept {
						slept = true
						time.Sleep(21 * time.Minute)
					}
					if c.Kind == detour.Carry {
						sent++
						assert.True(t, time.Now().Before(c.Item.Stamp.Lease), w)
					}
					c.Act()
				})
				x.run(t.Context(), s, ask)
				assert.True(t, sent > 0 || again && w.ways[0] == driver.WayMove, w)
			})
		}
	}
}

// Of two messages with one Message-ID, a run that was interrupted has stamped one, and
// no search shows that one when the other is taken: the journal knows of it, so it is
// not passed over.
func TestIntentBesideWhatIsFound(t *testing.T) {
	t.Parallel()
	for _, w := range referenceWorlds() {
		if w.direction != driver.ToQuarantine || w.copies < 2 {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			x := &play{pairWorld: w, saw: func(string) {}}
			x.begin(t)
			s := x.service(t, key, x.journalOf(), func(_ context.Context, c *detour.Call) {
				if x.dead.Load() {
					c.Fail(errCrashed)
					return
				}
				c.Act()
				x.dead.Store(c.Kind == detour.Mark)
			})
			_, _ = s.Quarantine(t.Context(), theTarget)
			x.dead.Store(false)
			require.Len(t, x.book.intents, 1)
			x.model.Blind(x.model.Objects[0], time.Minute)
			s = x.service(t, key, x.journalOf(), func(_ context.Context, c *detour.Call) { c.Act() })
			r, err := s.Quarantine(t.Context(), theTarget)
			require.NoError(t, err)
			require.Len(t, r.Items, 2)
			assert.Equal(t, quarantine.Undecided, r.Outcome())
			time.Sleep(time.Hour)
			r, err = s.Quarantine(t.Context(), theTarget)
			require.NoError(t, err)
			require.NoError(t, r.Err())
			for message := range 2 {
				u, v, _ := x.count(message)
				assert.Equal(t, [2]int{0, 1}, [2]int{u, v})
			}
		})
	}
}

// Of two messages with one Message-ID, the owner files both when the first has been
// stamped, and the answer to its carry is lost: the run comes to it again under its new
// id, and leaves it alone, because it may still arrive.
func TestUndecidedIsNotTakenAgain(t *testing.T) {
	t.Parallel()
	for _, w := range referenceWorlds() {
		if w.direction != driver.ToQuarantine || w.copies < 2 {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			x := &play{pairWorld: w, saw: func(string) {}}
			x.begin(t)
			filed, late := false, false
			s := x.service(t, key, x.journalOf(), func(_ context.Context, c *detour.Call) {
				if c.Kind == detour.Folder && !filed {
					filed = true
					x.person(alice, files)
				}
				if c.Kind == detour.Carry && filed && !late && x.model.In(alice, false)[0].ID == c.Item.ID {
					late = true
					x.model.Delay(5 * time.Minute)
				}
				c.Act()
			})
			for range 3 {
				_, err := s.Quarantine(t.Context(), theTarget)
				require.NoError(t, err)
				time.Sleep(time.Hour)
			}
			for message := range 2 {
				u, v, aside := x.count(message)
				assert.Equal(t, [3]int{0, 1, 0}, [3]int{u, v, aside}, w)
			}
		})
	}
}
