package passage_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
)

// Stamped items are also searched for in the archive of the quarantine mailbox, to which
// a policy may move them, but not in a user's archive, which is searched only on request.
func TestStampsAreSearchedForInTheArchiveOfQuarantineOnly(t *testing.T) {
	t.Parallel()
	for _, d := range []driver.Direction{driver.ToQuarantine, driver.ToUser} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newScene(driver.WayTransfer)
				o := s.set(t, d)
				asked := map[string][]bool{}
				s.twist = func(c *detour.Call) {
					if q := c.Query; c.Kind == detour.Find && q.Operation != "" && q.In == nil {
						asked[c.Box] = append(asked[c.Box], q.Archive)
					}
					if c.Act(); c.Kind == detour.Carry {
						s.File(o) // its id is dead, so that it is searched for
						c.Fail(errLost)
					}
				}
				s.run(t.Context(), s.passage(d, s.seen(t, o)))
				assert.Contains(t, asked[alice], false)
				assert.NotContains(t, asked[alice], true)
				if d == driver.ToUser {
					assert.Contains(t, asked[vault], true)
					assert.NotContains(t, asked[vault], false)
				}
			})
		})
	}
}
