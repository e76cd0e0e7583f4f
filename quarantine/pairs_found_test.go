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

// The tests below play faults that the explorer of pairs has found, each with
// its own history.

// The lease of a stamp has ended by the time the call that writes it finishes, as on a
// computer that was asleep: nothing is sent under it, neither the first time nor later.
func TestLeaseIsOverWhenItBegins(t *testing.T) {
	t.Parallel()
	for _, w := range referenceWorlds() {
		for _, again := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				x := &play{pairWorld: w, saw: func(string) {}}
				x.begin(t)
				if again { // the copy is lost, and made again after its lease has ended
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

// Of two messages with one Message-ID, an interrupted run has stamped one, and no
// search shows that one when the other is taken: the journal knows about it, so it is
// not overlooked.
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

// There are two messages with one Message-ID, and the owner files both after the first
// has been stamped, and the answer to its carry is lost: the run finds it again under
// its new id, but leaves it alone, because the copy may still arrive.
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
