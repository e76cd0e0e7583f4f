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
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
)

// A second copy with the stamp of the first goes where people can find it; if
// that cannot be done, it stays where it is. It is reported in any case.
func TestSecondCopy(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*scene, *passage.Passage)
		in     map[driver.Direction]string // path of its folder
		end    map[driver.Direction]string
		marked bool
	}{
		"put aside": {
			func(*scene, *passage.Passage) {},
			map[driver.Direction]string{driver.ToQuarantine: "/Surplus", driver.ToUser: "/Deleted Items"},
			map[driver.Direction]string{
				driver.ToQuarantine: "done in /Zebra; left: a second copy is in /Surplus of quarantine@example.test",
				driver.ToUser:       "done in /Zebra; left: a second copy is in /Deleted Items of alice@example.test",
			}, true,
		},
		"the driver cannot": {
			func(_ *scene, p *passage.Passage) { p.To = unread{p.To} },
			map[driver.Direction]string{driver.ToQuarantine: "/Zebra", driver.ToUser: "/Zebra"},
			map[driver.Direction]string{
				driver.ToQuarantine: "done in /Zebra; left: a second copy is in /Zebra of quarantine@example.test",
				driver.ToUser:       "done in /Zebra; left: a second copy is in /Zebra of alice@example.test",
			}, true,
		},
		"no folder": {
			func(s *scene, _ *passage.Passage) {
				s.engine.Shelf = func(context.Context) (driver.Folder, error) { return driver.Folder{}, errDenied }
			},
			map[driver.Direction]string{driver.ToQuarantine: "/Zebra", driver.ToUser: "/Deleted Items"},
			map[driver.Direction]string{
				driver.ToQuarantine: "done in /Zebra; left: a second copy is in /Zebra of quarantine@example.test, and could not be put aside: denied",
				driver.ToUser:       "done in /Zebra; left: a second copy is in /Deleted Items of alice@example.test",
			}, true,
		},
		"refused": {
			func(s *scene, _ *passage.Passage) { s.twist = refuse(detour.Shelve) },
			map[driver.Direction]string{driver.ToQuarantine: "/Zebra", driver.ToUser: "/Zebra"},
			map[driver.Direction]string{
				driver.ToQuarantine: "done in /Zebra; left: a second copy is in /Zebra of quarantine@example.test, and could not be put aside: denied",
				driver.ToUser:       "done in /Zebra; left: a second copy is in /Zebra of alice@example.test, and could not be put aside: denied",
			}, true,
		},
	} {
		for _, d := range []driver.Direction{driver.ToQuarantine, driver.ToUser} {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(driver.WayMove)
				o := s.set(t, d)
				p := s.passage(d, s.seen(t, o))
				s.twist = func(c *detour.Call) {
					if c.Act(); c.Kind == detour.Carry {
						s.twist = nil
						s.File(s.Objects[o.Number])
						s.Duplicate(s.Objects[o.Number])
						tt.change(s, p)
					}
				}
				assert.Equal(t, tt.end[d]+" (move)", s.run(t.Context(), p), name)
				to := vault
				if d == driver.ToUser {
					to = alice
				}
				var folders []string
				surplus := 0
				for _, o := range s.In(to, false) {
					folders = append(folders, "/"+s.Folders[o.Folder].Name)
					if o.Stamp != nil && o.Stamp.Direction == driver.Surplus {
						surplus++
					}
				}
				assert.ElementsMatch(t, []string{"/Zebra", tt.in[d]}, folders, name)
				assert.Equal(t, tt.marked, surplus == 1, name)
			})
		}
	}
}

func refuse(kind detour.Kind) func(*detour.Call) {
	return func(c *detour.Call) {
		if c.Kind == kind {
			c.Fail(errDenied)
			return
		}
		c.Act()
	}
}

// Of several items with one operation, the one of the latest attempt stays, and every run
// chooses the same one; the others are put aside if they are the same message.
func TestSingle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(driver.WayMove)
		for range 2 {
			s.deliver()
		}
		require.Len(t, s.again(t.Context(), driver.ToQuarantine), 2)
		all := s.In(vault, false)
		require.Len(t, all, 2)
		first, second := all[0], all[1]

		later := *first.Stamp
		later.Lease = later.Lease.Add(time.Minute)
		s.Duplicate(first).Stamp = &later
		s.Duplicate(first)
		surplus := later
		surplus.Direction = driver.Surplus
		s.Duplicate(second).Stamp = &surplus
		s.Duplicate(second).Stamp = nil
		foreign := s.Duplicate(second)
		foreign.Stamp = first.Stamp
		s.Messages[foreign.Message].ID = "<2@evil.example>"

		v := s.engine.Strategy.Mailbox(vault)
		found, err := v.Find(t.Context(), driver.Query{})
		require.NoError(t, err)
		require.Len(t, found.Items, 7)
		s.trace.Reset()
		single, others, err := s.engine.Single(t.Context(), v, found.Items)
		require.NoError(t, err)
		require.Len(t, single, 2)
		assert.Equal(t, later.Lease, single[0].Stamp.Lease)
		assert.Equal(t, second.Stamp.Operation, single[1].Stamp.Operation)
		require.Len(t, others, 1)
		assert.Equal(t, "another item with its stamp is in /Zebra of quarantine@example.test; "+
			"a second copy is in /Surplus of quarantine@example.test; a second copy is in /Surplus of quarantine@example.test", others[first.Stamp.Operation].Residue)
		assert.Len(t, others[first.Stamp.Operation].Asides, 3)
		assert.Equal(t, "IIIIIIICCMIDSICCMIDSI", s.trace.String(), "who has no other is not read")

		// Whatever no longer exists under its id is left out.
		for _, o := range s.In(vault, false) {
			s.File(o)
		}
		single, others, err = s.engine.Single(t.Context(), v, found.Items)
		require.NoError(t, err)
		require.Len(t, single, 1)
		assert.Equal(t, second.Stamp.Operation, single[0].Stamp.Operation)
		assert.Empty(t, others)

		s.twist = refuse(detour.Inspect)
		_, _, err = s.engine.Single(t.Context(), v, found.Items)
		require.ErrorIs(t, err, errDenied)
	})
}
