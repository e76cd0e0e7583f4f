package passage_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
)

// Where everything is slow, a run marks an item a second time before it sends it. Another
// run that was shown the first mark, and adopts that attempt, continues with the second:
// the item is not "in neither mailbox" when it has arrived under the second one.
func TestAdoptedAttemptWasBegunAnew(t *testing.T) {
	t.Parallel()
	for _, way := range []driver.Way{driver.WayMove, driver.WayTransfer, driver.WayMIME} {
		for d, to := range map[driver.Direction]string{driver.ToQuarantine: "/Quarantine", driver.ToUser: "/Inbox"} {
			for _, carried := range []bool{true, false} {
				t.Run(fmt.Sprint(way, d, carried), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := newScene(way)
						o := s.set(t, d)
						ctx, cancel := context.WithCancel(t.Context())
						defer cancel()
						var first driver.Item
						s.twist = func(c *detour.Call) {
							if c.Kind == detour.Carry && !carried {
								cancel()
								c.Fail(errLost)
								return
							}
							if c.Act(); c.Kind == detour.Mark && first.ID == "" {
								first = s.seen(t, o)
								time.Sleep(3 * time.Minute)
							}
						}
						p := s.passage(d, s.seen(t, o))
						err := p.Run(ctx)
						s.twist = nil
						if !carried {
							require.Error(t, err)
							assert.Contains(t, s.run(t.Context(), s.passage(d, first)), "undecided: another run may be working on it until")
							time.Sleep(time.Hour)
						} else {
							require.NoError(t, err)
						}
						end := s.run(t.Context(), s.passage(d, first))
						assert.Contains(t, end, "done in "+to)
						user, taken, aside, _ := s.count()
						assert.Equal(t, []int{1, 0}, []int{user + taken, aside})
					})
				})
			}
		}
	}
}
