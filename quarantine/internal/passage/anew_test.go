package passage_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

// begunAnew delivers a message that a run marks the given number of times, because
// everything is slow; the run dies before it sends the message. It returns the item as
// it was after each mark.
func (s *scene) begunAnew(t *testing.T, times int) (o *twobox.Object, marks []driver.Item) {
	t.Helper()
	s.sends = driver.ToQuarantine
	o = s.deliver()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.twist = func(c *detour.Call) {
		if c.Kind == detour.Carry {
			cancel()
			c.Fail(errLost)
			return
		}
		if c.Act(); c.Kind == detour.Mark {
			if marks = append(marks, s.seen(t, o)); len(marks) < times {
				time.Sleep(6 * time.Minute) // longer than the time in which it may then be sent
			}
		}
	}
	s.run(ctx, s.passage(driver.ToQuarantine, s.seen(t, o)))
	s.twist = nil
	require.Len(t, marks, times)
	require.NotNil(t, o.Stamp)
	return o, marks
}

// The original carries a later attempt. It is not followed away from a copy that is there
// under the earlier one, nor to another operation or another mailbox.
func TestLaterAttemptIsNotFollowed(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*scene, *twobox.Object, driver.Item){
		"there is a copy under the earlier one": func(s *scene, _ *twobox.Object, first driver.Item) {
			copied := s.Deliver(vault, s.Messages[0])
			copied.Message, copied.Stamp = 0, first.Stamp
		},
		"of another operation": func(s *scene, o *twobox.Object, _ driver.Item) {
			s.engine.Keys = nil // what is sealed fits its operation
			stamp := *o.Stamp
			stamp.Operation, stamp.Seal = driver.NewOperation(), ""
			o.Stamp = &stamp
		},
		"of another mailbox": func(s *scene, o *twobox.Object, _ driver.Item) {
			s.engine.Keys = nil
			stamp := *o.Stamp
			stamp.Mailbox, stamp.Seal = "bob@example.test", ""
			o.Stamp = &stamp
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newScene(driver.WayTransfer)
				o, marks := s.begunAnew(t, 2)
				clear(s.ledger)
				change(s, o, marks[0])
				p := s.passage(driver.ToQuarantine, marks[0])
				assert.Contains(t, s.run(t.Context(), p), "undecided: the original is still there, but it carries another stamp")
				assert.Equal(t, marks[0].Stamp.Attempt, p.Result().Stamp.Attempt)
			})
		})
	}
}

// A look that meets two later attempts continues with the latest, whichever it meets
// first.
func TestLatestAttemptIsFollowed(t *testing.T) {
	t.Parallel()
	for _, swapped := range []bool{false, true} {
		t.Run(fmt.Sprint(swapped), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newScene(driver.WayTransfer)
				o, marks := s.begunAnew(t, 3)
				s.File(o) // its id is dead
				s.File(o)
				other := s.Duplicate(o)
				o.Stamp, other.Stamp = marks[1].Stamp, marks[2].Stamp
				if swapped {
					o.Stamp, other.Stamp = other.Stamp, o.Stamp
				}
				p := s.passage(driver.ToQuarantine, marks[0])
				p.Hurried = true
				require.ErrorIs(t, p.Run(t.Context()), passage.ErrUndecided)
				assert.Equal(t, marks[2].Stamp.Attempt, p.Result().Stamp.Attempt)
			})
		})
	}
}

// A server has the same id for the original in one mailbox and the copy in the other.
// Removing by that id might remove the copy.
func TestOneIDInBothMailboxes(t *testing.T) {
	t.Parallel()
	for d, where := range map[driver.Direction][2]string{driver.ToQuarantine: {alice, vault}, driver.ToUser: {vault, alice}} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newScene(driver.WayTransfer)
				o := s.set(t, d)
				s.twist = func(c *detour.Call) {
					if c.Act(); c.Kind == detour.Carry {
						s.Objects[len(s.Objects)-1].ID = o.ID
						c.Fail(errLost) // so that the copy is searched for
					}
				}
				assert.Contains(t, s.run(t.Context(), s.passage(d, s.seen(t, o))), fmt.Sprintf(
					"the server gives the original in %s and the copy in %s the same id, so nothing was removed", where[0], where[1]))
				user, taken, aside, _ := s.count()
				assert.Equal(t, []int{1, 1, 0}, []int{user, taken, aside})
			})
		})
	}
}

// A search keeps showing the original where it was, but reading it by its id returns the
// copy. That is not an original, even though the search has shown it.
func TestSearchGoesOnToShowTheOriginal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(driver.WayMove)
		s.sends = driver.ToQuarantine
		o := s.deliver()
		var before driver.Item
		s.twist = func(c *detour.Call) {
			if c.Kind == detour.Carry {
				before = s.seen(t, o)
			}
			c.Act()
			shows := slices.ContainsFunc(c.Answer.Found.Items, func(it driver.Item) bool { return it.ID == before.ID })
			switch {
			case c.Kind == detour.Carry:
				c.Fail(errLost)
			case c.Kind == detour.Find && c.Box == alice && before.ID != "" && !shows:
				c.Answer.Found.Items = append(c.Answer.Found.Items, before)
			case c.Kind == detour.Inspect && c.Box == alice && before.ID != "" && c.Item.ID == before.ID:
				it, err := s.Strategy(s.way).Mailbox(vault).Inspect(context.Background(), o.ID)
				require.NoError(t, err)
				it.ID = before.ID
				c.Answer = detour.Answer{Item: it}
			}
		}
		s.Lag = 10 * time.Second // the copy is not shown at first
		assert.Equal(t, "done in /Quarantine (move)", s.run(t.Context(), s.passage(driver.ToQuarantine, s.seen(t, o))))
		user, taken, aside, _ := s.count()
		assert.Equal(t, []int{0, 1, 0}, []int{user, taken, aside})
	})
}

// Searches show the original in a different folder than reads do, because its owner has
// just filed it and it keeps its id. It is still the original.
func TestOriginalFiledAfterTheSearch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(driver.WayTransfer)
		o, marks := s.begunAnew(t, 1)
		s.File(o) // the id that is known is dead
		time.Sleep(time.Hour)
		s.twist = func(c *detour.Call) {
			c.Act()
			if c.Kind == detour.Find && c.Box == alice {
				for i := range c.Answer.Found.Items {
					c.Answer.Found.Items[i].Folder.ID = "where it was"
				}
			}
		}
		assert.Equal(t, "done in /Quarantine (transfer)", s.run(t.Context(), s.passage(driver.ToQuarantine, marks[0])))
		user, taken, aside, _ := s.count()
		assert.Equal(t, []int{0, 1, 0}, []int{user, taken, aside})
	})
}

// A removal that is answered with success does nothing, searches do not show the original,
// and not every read tells which folder it is in. The fact that it can be read shows that
// it is there.
func TestRemovalThatDoesNothingWithoutFolders(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]bool{"before the removal": false, "after the removal": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newScene(driver.WayTransfer)
				s.sends = driver.ToQuarantine
				o := s.deliver()
				it, removed := s.seen(t, o), false
				if after {
					it.Folder = driver.Folder{}
				}
				s.twist = func(c *detour.Call) {
					if c.Kind == detour.Remove {
						s.Blind(o, 24*time.Hour)
						removed = true
						return
					}
					if c.Act(); (c.Kind == detour.Inspect || c.Kind == detour.Mark) && c.Box == alice && removed != after {
						c.Answer.Item.Folder = driver.Folder{}
					}
				}
				assert.NotContains(t, s.run(t.Context(), s.passage(driver.ToQuarantine, it)), "done")
				assert.Len(t, s.In(alice, false), 1)
			})
		})
	}
}

// An item carries the stamp of another address, which may be one of its mailbox. If that
// mailbox cannot be searched just now, no new attempt is begun with the item.
func TestOtherAddressCannotBeSearched(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const bob = "bob@example.test"
		s := newScene(driver.WayTransfer)
		o, marks := s.begunAnew(t, 1)
		s.engine.Keys = nil // what is sealed fits its mailbox
		stamp := *marks[0].Stamp
		stamp.Mailbox, stamp.Seal = bob, ""
		o.Stamp = &stamp
		time.Sleep(time.Hour)
		s.twist = func(c *detour.Call) {
			if c.Act(); c.Box == bob {
				c.Fail(&driver.Error{Err: errLost, Untouched: true, Temporary: true})
			}
		}
		assert.NotContains(t, s.run(t.Context(), s.passage(driver.ToQuarantine, s.seen(t, o))), "done")
		require.Len(t, s.In(alice, false), 1)
		assert.Equal(t, stamp.Attempt, o.Stamp.Attempt)
	})
}
