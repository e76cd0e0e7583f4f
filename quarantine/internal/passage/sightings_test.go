package passage_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

// A search that lists the same id twice shows one item: its only copy is not put aside.
func TestListedTwiceUnderOneID(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(driver.WayMove)
		s.deliver()
		require.Len(t, s.again(t.Context(), driver.ToQuarantine), 1)
		v := s.engine.Strategy.Mailbox(vault)
		found, err := v.Find(t.Context(), driver.Query{})
		require.NoError(t, err)
		twice := append(found.Items, found.Items...)

		single, others, err := s.engine.Single(t.Context(), v, twice)
		require.NoError(t, err)
		assert.Len(t, single, 1)
		assert.Empty(t, others)
		_, taken, aside, _ := s.count()
		assert.Equal(t, []int{1, 0}, []int{taken, aside})

		s.twist = func(c *detour.Call) { c.Answer.Found.Items = twice }
		found, err = s.engine.Find(t.Context(), v, driver.Query{})
		require.NoError(t, err)
		assert.Equal(t, single, found.Items)
	})
}

// innocent is a message that nobody asked for.
func (s *scene) innocent(box string) *twobox.Object {
	at := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	return s.Deliver(box, twobox.Message{ID: "<2@good.example>", Subject: "Lunch", Received: at, Sent: at})
}

// The id that a server returns for the copy it has made belongs to another message.
// That message is left alone, and the copy is found by its stamp.
func TestCopyUnderTheIDOfAnother(t *testing.T) {
	t.Parallel()
	for _, way := range []driver.Way{driver.WayTransfer, driver.WayMIME} {
		for d, to := range map[driver.Direction]string{driver.ToQuarantine: vault, driver.ToUser: alice} {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(way)
				o := s.set(t, d)
				other := s.innocent(to)
				was := *other
				s.twist = func(c *detour.Call) {
					if c.Act(); c.Kind == detour.Carry {
						c.Answer.Carried.ItemID = other.ID
					}
				}
				end := s.run(t.Context(), s.passage(d, s.seen(t, o)))
				assert.Equal(t, "done in "+map[driver.Direction]string{driver.ToQuarantine: "/Quarantine", driver.ToUser: "/Inbox"}[d]+" ("+string(way)+")", end)
				assert.Equal(t, was, *other)
				user, taken, aside, _ := s.count()
				counts := map[string]int{alice: user, vault: taken}
				assert.Equal(t, []int{2, 0, 0}, []int{counts[to], user + taken - counts[to], aside})
			})
		}
	}
}

// A server reports that the item it has marked now has another id, which belongs to
// another message. That message is left alone, whatever stamp it has, and the mark is
// read back where it was written.
func TestMarkedUnderTheIDOfAnother(t *testing.T) {
	t.Parallel()
	for _, way := range []driver.Way{driver.WayMove, driver.WayTransfer, driver.WayMIME} {
		for _, stamped := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(way)
				s.sends = driver.ToQuarantine
				o, other := s.deliver(), s.innocent(alice)
				if stamped { // by a run that was cut short
					s.twist = func(c *detour.Call) {
						if other.Stamp != nil {
							c.Fail(errDenied)
							return
						}
						c.Act()
					}
					s.run(t.Context(), s.passage(driver.ToQuarantine, s.seen(t, other)))
					require.NotNil(t, other.Stamp)
				}
				was := *other
				s.twist = func(c *detour.Call) {
					if c.Act(); c.Kind == detour.Mark {
						c.Answer.Item.ID = other.ID
						s.twist = nil
					}
				}
				assert.Equal(t, "done in /Quarantine ("+string(way)+")", s.run(t.Context(), s.passage(driver.ToQuarantine, s.seen(t, o))))
				assert.Equal(t, was, *other)
				user, taken, _, _ := s.count()
				assert.Equal(t, []int{1, 1}, []int{user, taken})
			})
		}
	}
}

// The id that a server returns for the item it has marked belongs to nothing, or to another
// message: as long as the item itself cannot be read, it is not known whether it is marked.
func TestMarkedUnderNoID(t *testing.T) {
	t.Parallel()
	for end, reads := range map[string]error{
		"done in /Quarantine (move)":                           nil,
		"undecided: the answer is about another item / denied": errDenied,
	} {
		for _, dead := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(driver.WayMove)
				s.sends = driver.ToQuarantine
				o, other := s.deliver(), s.innocent(alice)
				marked := false
				s.twist = func(c *detour.Call) {
					switch c.Act(); {
					case c.Kind == detour.Mark && dead:
						c.Answer.Item.ID, marked = "nothing", true
					case c.Kind == detour.Mark:
						c.Answer.Item.ID, marked = other.ID, true
					case c.Kind == detour.Inspect && marked && c.Item.ID == o.ID && reads != nil:
						c.Fail(reads)
					}
				}
				assert.Equal(t, end, s.run(t.Context(), s.passage(driver.ToQuarantine, s.seen(t, o))))
			})
		}
	}
}
