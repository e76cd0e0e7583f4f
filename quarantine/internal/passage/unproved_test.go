package passage_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

// misread returns a twist by which the content of the original is cut when it is read for
// the first time, so that the whole copy seems not to match. What happens when the copy is
// taken out of the attempt for that is up to meanwhile.
func (s *scene) misread(o *twobox.Object, meanwhile func(*detour.Call)) func(*detour.Call) {
	read := false
	return func(c *detour.Call) {
		switch {
		case c.Kind == detour.Carry:
			c.Act()
			s.Flag(o) // what has changed since it was sent is compared by content, whatever the way
		case c.Kind == detour.Content && !read:
			read = true
			c.Act()
			c.Answer.Content.Parts[0].SHA256[0]++
		case c.Kind == detour.Mark && c.Change.Stamp != nil && c.Change.Stamp.Direction == driver.Surplus:
			s.twist = nil
			meanwhile(c)
		default:
			c.Act()
		}
	}
}

// A copy seems not to match the original. Before it is put aside, another run finds that
// it does match, and removes the original: then the copy is all that there is, and is found
// as such afterwards.
func TestSeemedNotToMatch(t *testing.T) {
	t.Parallel()
	copyOf := func(s *scene, o *twobox.Object) *twobox.Object {
		for _, box := range []string{alice, vault} {
			if in := s.In(box, false); box != o.Box && len(in) == 1 {
				return in[0]
			}
		}
		return nil
	}
	for name, meanwhile := range map[string]func(*scene, *twobox.Object, *detour.Call){
		"removed": func(s *scene, o *twobox.Object, c *detour.Call) {
			c.Act()
			s.Purge(o)
		},
		"removed, and the copy filed": func(s *scene, o *twobox.Object, c *detour.Call) {
			c.Act()
			s.Purge(o)
			s.twist = func(c *detour.Call) {
				if c.Act(); c.Kind == detour.Inspect && c.Box == o.Box { // the original is looked at
					s.twist = nil
					s.File(copyOf(s, o))
				}
			}
		},
		"removed, and the copy read by people": func(s *scene, o *twobox.Object, c *detour.Call) {
			c.Act()
			s.Purge(o)
			s.twist = func(c *detour.Call) {
				if c.Act(); c.Kind == detour.Inspect && c.Box == o.Box {
					s.twist = nil
					s.Read(copyOf(s, o))
				}
			}
		},
		"removed when the mark was lost": func(s *scene, o *twobox.Object, c *detour.Call) {
			c.Act()
			c.Fail(errLost)
			s.Purge(o)
		},
		"removed, and the mark late": func(s *scene, o *twobox.Object, c *detour.Call) {
			s.Delay(5 * time.Minute)
			c.Act()
			s.Purge(o)
		},
	} {
		for _, way := range []driver.Way{driver.WayTransfer, driver.WayMIME} {
			for _, d := range []driver.Direction{driver.ToQuarantine, driver.ToUser} {
				t.Run(name+"/"+string(way)+"/"+string(d), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						s := newScene(way)
						o, met := s.set(t, d), false
						s.twist = s.misread(o, func(c *detour.Call) {
							met = true
							meanwhile(s, o, c)
						})
						end := s.run(t.Context(), s.passage(d, s.seen(t, o)))
						require.True(t, met, end)
						if !strings.Contains(end, "done in /") {
							assert.Contains(t, end, "undecided")
							time.Sleep(time.Hour)
							s.twist = nil
							end = strings.Join(s.recover(t.Context()), ", ")
						}
						assert.Contains(t, end, "done in /")
						user, taken, aside, _ := s.count()
						want := map[driver.Direction][]int{driver.ToQuarantine: {0, 1, 0}, driver.ToUser: {1, 0, 0}}[d]
						assert.Equal(t, want, []int{user, taken, aside}, end)
					})
				})
			}
		}
	}
}
