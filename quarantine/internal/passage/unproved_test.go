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

// misread returns a twist by which the content of the original is cut the first two times
// that it is read, so that the whole copy seems not to match. What happens when the copy is
// taken out of the attempt for that is up to meanwhile.
func (s *scene) misread(o *twobox.Object, meanwhile func(*detour.Call)) func(*detour.Call) {
	return s.misreadTimes(2, o, meanwhile)
}

func (s *scene) misreadTimes(times int, o *twobox.Object, meanwhile func(*detour.Call)) func(*detour.Call) {
	return func(c *detour.Call) {
		switch {
		case c.Kind == detour.Carry:
			c.Act()
			s.Flag(o) // what has changed since it was sent is compared by content, whatever the way
		case c.Kind == detour.Content && c.Box == o.Box && times > 0:
			times--
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

// What can go wrong when a copy that was taken out of its attempt is put back into it.
func TestPutBackIntoItsAttempt(t *testing.T) {
	t.Parallel()
	marksOf := func(s *scene, box string, do func(*detour.Call)) {
		s.twist = func(c *detour.Call) {
			if c.Kind == detour.Mark && c.Box == box {
				do(c)
				return
			}
			c.Act()
		}
	}
	for name, tt := range map[string]struct {
		then         func(s *scene, o, copied *twobox.Object, c *detour.Call) // after the copy has been taken out, and the original is gone
		end          string
		taken, aside int // in the end
	}{
		"does nothing at first": {func(s *scene, _, _ *twobox.Object, _ *detour.Call) {
			marksOf(s, vault, func(c *detour.Call) {
				s.twist = nil
				says(s, c)
			})
		}, "", 1, 0},
		"busy at first": {func(s *scene, _, _ *twobox.Object, _ *detour.Call) {
			marksOf(s, vault, func(c *detour.Call) {
				s.twist = nil
				c.Fail(errBusy)
			})
		}, "", 1, 0},
		"gives another id, and searches are behind": {func(s *scene, _, copied *twobox.Object, _ *detour.Call) {
			marksOf(s, vault, func(c *detour.Call) {
				s.twist, s.Lag = nil, time.Hour
				c.Act()
				copied.ID += "'"
				c.Answer.Item.ID = copied.ID
			})
		}, "", 1, 0},
		"never does anything": {func(s *scene, _, _ *twobox.Object, _ *detour.Call) {
			marksOf(s, vault, func(c *detour.Call) { says(s, c) })
		}, "did not keep the named properties", 0, 1},
		"refused": {func(s *scene, _, _ *twobox.Object, _ *detour.Call) {
			marksOf(s, vault, func(c *detour.Call) { c.Fail(errDenied) })
		}, "denied", 0, 1},
		"busy for long": {func(s *scene, _, _ *twobox.Object, _ *detour.Call) {
			marksOf(s, vault, func(c *detour.Call) { c.Fail(errBusy) })
		}, "busy", 0, 1},
		"changed, and cannot be read": {func(s *scene, _, _ *twobox.Object, _ *detour.Call) {
			marksOf(s, vault, func(c *detour.Call) {
				c.Fail(errChanged)
				s.twist = refuse(detour.Inspect)
			})
		}, "denied", 0, 1},
		"gone, and a search shows others": {func(s *scene, o, copied *twobox.Object, _ *detour.Call) {
			s.Messages = append(s.Messages, twobox.Message{ID: "<2@evil.example>", Subject: "Lunch"})
			foreign, earlier := s.Duplicate(copied), s.Duplicate(copied)
			foreign.Message = len(s.Messages) - 1
			earlier.Message = foreign.Message
			stamp := *copied.Stamp
			stamp.Attempt, stamp.Direction = driver.NewOperation(), driver.ToQuarantine
			earlier.Stamp = &stamp
			s.twist = func(c *detour.Call) {
				if c.Act(); c.Kind == detour.Inspect && c.Box == alice {
					s.twist = nil
					s.Discard(copied)
				}
			}
		}, "", 2, 1},
		"and the original cannot be looked at": {func(s *scene, _, _ *twobox.Object, _ *detour.Call) {
			s.twist = func(c *detour.Call) {
				if c.Kind == detour.Inspect && c.Box == alice {
					s.twist = nil
					c.Fail(errDenied)
					return
				}
				c.Act()
			}
		}, "denied", 1, 0},
		"and another cannot be searched for": {func(s *scene, _, _ *twobox.Object, _ *detour.Call) {
			s.twist = func(c *detour.Call) {
				if c.Kind == detour.Find {
					s.twist = nil
					c.Fail(errDenied)
					return
				}
				c.Act()
			}
		}, "denied", 1, 0},
		"and another lies aside": {func(s *scene, _, copied *twobox.Object, _ *detour.Call) {
			s.Duplicate(copied)
		}, "", 1, 1},
		"and another can be recovered": {func(s *scene, _, copied *twobox.Object, _ *detour.Call) {
			stamp := *copied.Stamp
			stamp.Direction = driver.ToQuarantine
			other := s.Duplicate(copied)
			other.Stamp, other.Folder, s.deep = &stamp, s.FolderOf(vault, twobox.Recoverable), true
		}, "", 1, 0},
		"gone for good": {func(s *scene, _, copied *twobox.Object, _ *detour.Call) {
			s.twist = func(c *detour.Call) {
				if c.Act(); c.Kind == detour.Inspect && c.Box == alice {
					s.twist = nil
					s.Purge(copied)
				}
			}
		}, "no longer exists", 0, 0},
		"another's by now": {func(s *scene, _, copied *twobox.Object, _ *detour.Call) {
			s.twist = func(c *detour.Call) {
				if c.Act(); c.Kind == detour.Inspect && c.Box == alice {
					s.twist = nil
					other := *copied.Stamp
					other.Attempt, other.Direction = driver.NewOperation(), driver.ToQuarantine
					copied.Stamp = &other
					copied.Version++
				}
			}
		}, "neither mailbox", 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newScene(driver.WayMIME)
				o := s.set(t, driver.ToQuarantine)
				s.twist = s.misread(o, func(c *detour.Call) {
					c.Act()
					s.Purge(o)
					tt.then(s, o, s.In(vault, false)[0], c)
				})
				p := s.passage(driver.ToQuarantine, s.seen(t, o))
				end := s.run(t.Context(), p)
				assert.Regexp(t, "^(undecided|nowhere)", end)
				assert.Contains(t, end, tt.end)
				told := tt.aside == 1 && tt.taken == 0 || name == "gone for good"
				assert.Equal(t, told, strings.Contains(end, "a copy that may be the only one is in"), end)
				_, taken, aside, _ := s.count()
				assert.Equal(t, []int{tt.taken, tt.aside}, []int{taken, aside}, end)
			})
		})
	}
}

// What seems not to match is read again before it is put aside: one answer may be wrong.
func TestMisreadOnce(t *testing.T) {
	t.Parallel()
	for _, way := range []driver.Way{driver.WayTransfer, driver.WayMIME} {
		for _, d := range []driver.Direction{driver.ToQuarantine, driver.ToUser} {
			t.Run(string(way)+"/"+string(d), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := newScene(way)
					o := s.set(t, d)
					s.twist = s.misreadTimes(1, o, func(*detour.Call) { t.Error("the copy was put aside") })
					assert.Contains(t, s.run(t.Context(), s.passage(d, s.seen(t, o))), "done in /")
					user, taken, aside, _ := s.count()
					want := map[driver.Direction][]int{driver.ToQuarantine: {0, 1, 0}, driver.ToUser: {1, 0, 0}}[d]
					assert.Equal(t, want, []int{user, taken, aside})
				})
			})
		}
	}
}

// A copy that does not match is taken out of its attempt when the lease is over. Another
// run, which then sees no copy, sends the original anew: the first copy is one too many.
func TestSentAnewMeanwhile(t *testing.T) {
	t.Parallel()
	for _, way := range []driver.Way{driver.WayTransfer, driver.WayMIME} {
		for _, d := range []driver.Direction{driver.ToQuarantine, driver.ToUser} {
			t.Run(string(way)+"/"+string(d), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := newScene(way)
					o := s.set(t, d)
					s.twist = s.misread(o, func(c *detour.Call) {
						c.Act()
						time.Sleep(2 * time.Hour)
						ends := s.again(t.Context(), d)
						require.Len(t, ends, 1)
						require.Contains(t, ends[0], "done in /")
					})
					end := s.run(t.Context(), s.passage(d, s.seen(t, o)))
					time.Sleep(time.Hour)
					end += ", " + strings.Join(s.recover(t.Context()), ", ")
					user, taken, aside, _ := s.count()
					want := map[driver.Direction][]int{driver.ToQuarantine: {0, 1, 1}, driver.ToUser: {1, 0, 1}}[d]
					assert.Equal(t, want, []int{user, taken, aside}, end)
					assert.Contains(t, end, "a copy that does not match is in /")
				})
			})
		}
	}
}

// Neither Message-ID nor date tells a message from others: what else lies in the mailbox is
// no other copy of it.
func TestPutBackWithoutMessageID(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(driver.WayMIME)
		s.sends = driver.ToQuarantine
		first := s.Deliver(alice, twobox.Message{Subject: "Invoice"})
		require.Contains(t, s.run(t.Context(), s.passage(driver.ToQuarantine, s.seen(t, first))), "done in /")
		time.Sleep(time.Hour)
		s.sends = driver.ToUser
		s.Deliver(alice, twobox.Message{Subject: "Lunch"})
		o := s.In(vault, false)[0]
		s.twist = s.misread(o, func(c *detour.Call) {
			c.Act()
			s.Purge(o)
		})
		end := s.run(t.Context(), s.passage(driver.ToUser, s.seen(t, o)))
		user, taken, aside, _ := s.count()
		assert.Equal(t, []int{2, 0, 0}, []int{user, taken, aside}, end)
	})
}
