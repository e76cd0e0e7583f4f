package passage_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
)

// A run sends an item one way, nothing comes of it, and another run moves the item and
// dies. The first adopts that: the receipt does not name its own way, and what the move has
// left in Recoverable Items is removed.
func TestAdoptedFromAMove(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(driver.WayMove)
		o := s.set(t, driver.ToQuarantine)
		s.twist = func(c *detour.Call) {
			if c.Kind != detour.Carry {
				c.Act()
				return
			}
			c.Answer.Carried = driver.Carried{Way: driver.WayTransfer, Faithful: true}
			c.Fail(errLost)
			time.Sleep(time.Hour) // the lease ends
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s.twist = func(c *detour.Call) {
				if c.Act(); c.Kind == detour.Carry {
					cancel()
				}
			}
			s.run(ctx, s.passage(driver.ToQuarantine, s.seen(t, o)))
			s.twist = nil
		}
		p := s.passage(driver.ToQuarantine, s.seen(t, o))
		require.Contains(t, s.run(t.Context(), p), "done in /")
		assert.Empty(t, p.Result().Way)
		assert.Empty(t, s.In(alice, true), "what the move has left")
		user, taken, aside, _ := s.count()
		assert.Equal(t, []int{0, 1, 0}, []int{user, taken, aside})
	})
}

// The owner files the original, after it was copied, where no search comes: its id is dead,
// and no search shows it. That is no proof that it is gone.
func TestFiledWhereNobodySearches(t *testing.T) {
	t.Parallel()
	for _, d := range []driver.Direction{driver.ToQuarantine, driver.ToUser} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newScene(driver.WayTransfer)
				o := s.set(t, d)
				from := o.Box
				s.twist = func(c *detour.Call) {
					c.Act()
					if c.Kind == detour.Carry {
						s.File(o)
					}
					if c.Kind != detour.Find || c.Box != from || len(s.Objects) < 2 {
						return
					}
					unsearched(false)(s, c)
				}
				end := s.run(t.Context(), s.passage(d, s.seen(t, o)))
				assert.Contains(t, end, `undecided: folder "/Closed"`)
				user, taken, aside, _ := s.count()
				assert.Equal(t, []int{1, 1, 0}, []int{user, taken, aside})
			})
		})
	}
}
