package passage_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

// Like TestIDOutlivesTheMove, but something else is odd as well. The message is in
// quarantine once, whatever the run reports.
func TestIDOutlivesTheMoveAnd(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		carried func(*scene, *twobox.Object) // when it has arrived
		read    func(*scene, *driver.Item)   // what is read by the id that it had
		kept    bool                         // it still has that id as well
		end     string
	}{
		"an analyst files it":       {carried: func(s *scene, o *twobox.Object) { s.File(o) }, end: "done in /Zebra (move)"},
		"no folder is read":         {read: func(_ *scene, it *driver.Item) { it.Folder = driver.Folder{} }, kept: true, end: "done in /Quarantine (move)"},
		"searches go on to show it": {carried: func(s *scene, _ *twobox.Object) {}, end: "done in /Quarantine (move)"},
		"searches and reads go on to show it": {
			read: func(s *scene, it *driver.Item) {
				it.Folder = driver.Folder{ID: s.Folders[s.FolderOf(alice, twobox.Inbox)].ID}
			},
			kept: true,
			end:  "done in /Quarantine (move)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newScene(driver.WayMove)
				s.sends = driver.ToQuarantine
				o := s.deliver()
				was, before := o.ID, driver.Item{}
				lingers := name[:8] == "searches"
				s.twist = func(c *detour.Call) {
					if c.Kind == detour.Carry {
						before = s.seen(t, o)
					}
					switch c.Act(); {
					case c.Kind == detour.Carry:
						if tt.carried != nil {
							tt.carried(s, o)
						}
						if tt.kept {
							o.ID = was
						}
						c.Fail(errLost) // so that it is looked for
					case c.Kind == detour.Find && c.Box == alice && before.ID != "" && lingers:
						c.Answer.Found.Items = append(c.Answer.Found.Items, before)
					case c.Item.ID != was || !errors.Is(c.Answer.Err, driver.ErrGone) && (tt.read == nil || o.Box == alice):
					case c.Kind == detour.Inspect:
						it, err := s.Strategy(s.way).Mailbox(o.Box).Inspect(context.Background(), o.ID)
						require.NoError(t, err)
						it.ID = was
						if tt.read != nil && c.Box == alice {
							tt.read(s, &it)
						}
						c.Answer = detour.Answer{Item: it}
					case c.Kind == detour.Remove:
						s.Purge(o)
						c.Answer = detour.Answer{}
					}
				}
				assert.Contains(t, s.run(t.Context(), s.passage(driver.ToQuarantine, s.seen(t, o))), tt.end)
				user, taken, aside, _ := s.count()
				assert.Equal(t, []int{0, 1, 0}, []int{user, taken, aside})
			})
		})
	}
}

// If the server reports the copy itself as what a move has left behind, it is not swept.
func TestLeftoverIsTheCopy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(driver.WayMove)
		s.sends = driver.ToQuarantine
		o := s.deliver()
		s.twist = func(c *detour.Call) {
			switch c.Act(); {
			case c.Kind == detour.Leftovers:
				c.Answer.Items = append(c.Answer.Items, s.seen(t, o))
			case c.Kind == detour.Remove && c.Item.ID == o.ID:
				s.Purge(o)
				c.Answer = detour.Answer{}
			}
		}
		s.run(t.Context(), s.passage(driver.ToQuarantine, s.seen(t, o)))
		_, taken, _, _ := s.count()
		assert.Equal(t, 1, taken)
	})
}

// An item with the operation of an attempt that is not a later attempt of it is not
// followed: a run that followed it would be looking for another attempt when a search
// finally shows the copy.
func TestNotBegunAnew(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*scene, *twobox.Object){
		"other direction": func(_ *scene, o *twobox.Object) { o.Stamp.Direction = driver.Surplus },
		"other message": func(s *scene, o *twobox.Object) {
			s.Messages = append(s.Messages, twobox.Message{ID: "<2@evil.example>"})
			o.Message = len(s.Messages) - 1
		},
		"other mailbox":     func(_ *scene, o *twobox.Object) { o.Stamp.Mailbox = "bob@example.test" },
		"earlier":           func(_ *scene, o *twobox.Object) { o.Stamp.Lease = o.Stamp.Lease.Add(-time.Hour) },
		"sealed by no key":  func(_ *scene, o *twobox.Object) { o.Stamp.Seal = "AAAAAAAAAAAAAAAAAAAAAA" },
		"far in the future": func(_ *scene, o *twobox.Object) { o.Stamp.Lease = o.Stamp.Lease.Add(1000 * time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newScene(driver.WayMove)
				s.sends = driver.ToQuarantine
				o := s.deliver()
				var first driver.Item
				s.twist = func(c *detour.Call) {
					if c.Act(); c.Kind == detour.Mark && first.ID == "" {
						first = s.seen(t, o)
						time.Sleep(3 * time.Minute)
					}
				}
				s.run(t.Context(), s.passage(driver.ToQuarantine, s.seen(t, o)))
				s.twist = nil
				stamp := *o.Stamp
				o.Stamp = &stamp
				if name != "sealed by no key" {
					s.engine.Keys, o.Stamp.Seal = nil, "" // or the seal would not fit the changes
				}
				change(s, o)
				assert.Contains(t, s.run(t.Context(), s.passage(driver.ToQuarantine, first)), "nowhere: ")
				copied := s.Duplicate(o)
				copied.Message, copied.Stamp = 0, first.Stamp
				s.Blind(copied, time.Second)
				assert.Contains(t, s.run(t.Context(), s.passage(driver.ToQuarantine, first)), "done in /Zebra")
			})
		})
	}
}

// A run does not follow attempt after attempt forever.
func TestBegunAnewAgainAndAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(driver.WayMove)
		s.sends = driver.ToQuarantine
		o := s.deliver()
		s.twist = func(c *detour.Call) {
			if c.Kind == detour.Carry {
				s.crash()
				c.Fail(errLost)
				return
			}
			c.Act()
		}
		ctx, cancel := context.WithCancel(t.Context())
		s.crash = cancel
		s.run(ctx, s.passage(driver.ToQuarantine, s.seen(t, o)))
		require.NotNil(t, o.Stamp)
		it := s.seen(t, o)
		s.twist = func(c *detour.Call) {
			if c.Kind == detour.Inspect && c.Box == alice {
				stamp := *o.Stamp
				stamp.Attempt, stamp.Lease = driver.NewOperation(), stamp.Lease.Add(time.Second)
				o.Stamp = &stamp
			}
			c.Act()
		}
		assert.Contains(t, s.run(t.Context(), s.passage(driver.ToQuarantine, it)), "undecided: another run has begun anew with it")
	})
}
