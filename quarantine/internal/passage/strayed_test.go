package passage_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
)

// A move leaves the original where it was, as with ErrorMoveCopyFailed, and somebody files
// the original at that moment. Its id is as dead as if it had been moved away.
func TestMoveThatOnlyCopies(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer error
		lag    time.Duration
	}{
		"answered with success":                       {nil, 0},
		"answered with an error":                      {errFailed, 0},
		"answered with an error, and searches behind": {errFailed, 50 * time.Second},
		"not answered":                                {errLost, 0},
	} {
		for _, d := range []driver.Direction{driver.ToQuarantine, driver.ToUser} {
			t.Run(name+"/"+string(d), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := newScene(driver.WayMove)
					o := s.set(t, d)
					s.twist = func(c *detour.Call) {
						if c.Kind != detour.Carry {
							c.Act()
							return
						}
						s.twist = nil
						s.MovesCopy = true
						c.Act()
						s.MovesCopy, s.Lag = false, tt.lag
						if s.File(o); tt.answer != nil {
							c.Fail(tt.answer)
						}
					}
					end := s.run(t.Context(), s.passage(d, s.seen(t, o)))
					assert.Contains(t, end, "done in /")
					user, taken, aside, _ := s.count()
					want := map[driver.Direction][]int{driver.ToQuarantine: {0, 1, 0}, driver.ToUser: {1, 0, 0}}[d]
					assert.Equal(t, want, []int{user, taken, aside}, end)
					assert.Empty(t, s.ledger)
				})
			})
		}
	}
}

// A search that is behind still shows the original where a move has taken it away. That is
// no reason to look for another.
func TestMovedAndStillShown(t *testing.T) {
	t.Parallel()
	for _, d := range []driver.Direction{driver.ToQuarantine, driver.ToUser} {
		synctest.Test(t, func(t *testing.T) {
			s := newScene(driver.WayMove)
			o := s.set(t, d)
			s.twist = func(c *detour.Call) {
				if c.Act(); c.Kind == detour.Mark {
					s.Linger, s.twist = time.Hour, nil
				}
			}
			begun := time.Now()
			assert.Contains(t, s.run(t.Context(), s.passage(d, s.seen(t, o))), "done in /", d)
			assert.Less(t, time.Since(begun), 10*time.Second, d)
			user, taken, aside, _ := s.count()
			assert.Equal(t, 1, user+taken+aside, d)
		})
	}
}
