package passage_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
)

// An item that has changed is read again by its id, which does not say the path of its
// folder: the stamp has the path all the same, if it is the same folder.
func TestStampKnowsThePath(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		says func(*driver.Folder)
		want string
	}{
		"the same folder": {func(*driver.Folder) {}, "/Inbox"},
		"no folder":       {func(f *driver.Folder) { f.ID = "" }, "/Inbox"},
		"another folder":  {func(f *driver.Folder) { f.ID = "another" }, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newScene(driver.WayTransfer)
			p := s.passage(driver.ToQuarantine, s.seen(t, s.deliver()))
			marked := false
			s.twist = func(c *detour.Call) {
				switch c.Act(); {
				case c.Kind == detour.Mark && !marked:
					marked = true
					peruse(nil, s.In(alice, false)[0])
					s.In(alice, false)[0].Stamp = nil
					c.Fail(errChanged)
				case c.Kind == detour.Inspect && c.Box == alice:
					tt.says(&c.Answer.Item.Folder)
				}
			}
			require.NoError(t, p.Run(t.Context()), name)
			assert.Equal(t, tt.want, p.Result().Stamp.Folder.Path, name)
		})
	}
}
