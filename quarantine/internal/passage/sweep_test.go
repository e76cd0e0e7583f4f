package passage_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

// A run dies after it has made a copy from MIME, and the owner permanently deletes the
// original. What can be recovered of it is compared with the copy as strictly as MIME
// allows, and removed.
func TestSweepBesideACopyFromMIME(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(driver.WayMIME)
		s.way = driver.WayMove // it has no attachments
		s.sends = driver.ToQuarantine
		o := s.deliver()
		ctx, crash := context.WithCancel(t.Context())
		s.twist = func(c *detour.Call) {
			if ctx.Err() != nil {
				c.Fail(ctx.Err())
				return
			}
			if c.Act(); c.Kind == detour.Carry {
				crash()
			}
		}
		s.run(ctx, s.passage(driver.ToQuarantine, s.seen(t, o)))
		s.twist = nil
		require.Len(t, s.In(vault, false), 1)
		s.File(o) // which gives it another id
		o.Folder = s.FolderOf(alice, twobox.Recoverable)
		assert.Equal(t, []string{"done in /Quarantine"}, s.recover(t.Context()))
		user, taken, aside, recoverable := s.count()
		assert.Equal(t, []int{0, 1, 0, 0}, []int{user, taken, aside, recoverable})
	})
}
