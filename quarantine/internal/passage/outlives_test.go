package passage_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

// On this server, the id of an item outlives its move to another mailbox: the item that is
// read by the id it had is the one that has arrived, not an original alongside it, and
// nothing is removed.
func TestIDOutlivesTheMove(t *testing.T) {
	t.Parallel()
	for d, end := range map[driver.Direction]string{driver.ToQuarantine: "done in /Quarantine (move)", driver.ToUser: "done in /Inbox (move)"} {
		for _, kept := range []bool{false, true} { // the item still has it as well, or has another one
			for _, lost := range []bool{false, true} {
				for _, behind := range []time.Duration{0, 30 * time.Second} {
					t.Run(fmt.Sprintf("%s kept=%t lost=%t behind=%s", d, kept, lost, behind), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							s := newScene(driver.WayMove)
							o := s.set(t, d)
							s.Lag = behind
							was := o.ID
							s.twist = func(c *detour.Call) {
								switch c.Act(); {
								case c.Kind == detour.Carry:
									if kept {
										o.ID = was
									}
									if lost {
										c.Fail(errLost)
									}
								case c.Item.ID != was || !errors.Is(c.Answer.Err, driver.ErrGone):
								case c.Kind == detour.Inspect:
									it, err := s.Strategy(s.way).Mailbox(o.Box).Inspect(context.Background(), o.ID)
									require.NoError(t, err)
									it.ID = was
									c.Answer = detour.Answer{Item: it}
								case c.Kind == detour.Remove:
									s.Purge(o)
									c.Answer = detour.Answer{}
								}
							}
							assert.Equal(t, end, s.run(t.Context(), s.passage(d, s.seen(t, o))))
							user, taken, aside, _ := s.count()
							assert.Equal(t, map[driver.Direction][]int{driver.ToQuarantine: {0, 1, 0}, driver.ToUser: {1, 0, 0}}[d], []int{user, taken, aside})
						})
					})
				}
			}
		}
	}
}

// The same within quarantine: an item that is filed while it is searched for is seen twice,
// and both ids show it. It is not put aside as a second copy of itself.
func TestIDOutlivesFiling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(driver.WayMove)
		s.deliver()
		s.again(t.Context(), driver.ToQuarantine)
		o := s.In(vault, false)[0]
		was := o.ID
		before := s.seen(t, o)
		s.File(o)
		s.twist = func(c *detour.Call) {
			if c.Act(); c.Kind == detour.Inspect && c.Item.ID == was {
				it, err := s.Strategy(s.way).Mailbox(vault).Inspect(context.Background(), o.ID)
				require.NoError(t, err)
				it.ID = was
				c.Answer = detour.Answer{Item: it}
			}
		}
		for _, sightings := range [][]driver.Item{{before, s.seen(t, o)}, {s.seen(t, o), before}} {
			single, others, err := s.engine.Single(t.Context(), s.engine.Strategy.Mailbox(vault), sightings)
			require.NoError(t, err)
			require.Len(t, single, 1)
			assert.Equal(t, o.ID, single[0].ID)
			assert.Empty(t, others)
		}
		_, taken, aside, _ := s.count()
		assert.Equal(t, []int{1, 0}, []int{taken, aside})
	})
}

// The same for a removal: by the id that the original had, the server shows what it keeps
// of it in Recoverable Items. That does not mean that the original is still there.
func TestIDOutlivesTheRemoval(t *testing.T) {
	t.Parallel()
	for _, way := range []driver.Way{driver.WayTransfer, driver.WayMIME} {
		for d, end := range map[driver.Direction]string{driver.ToQuarantine: "done in /Quarantine", driver.ToUser: "done in /Inbox"} {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(way)
				o := s.deliver()
				from := alice
				if d == driver.ToUser {
					s.again(t.Context(), driver.ToQuarantine)
					time.Sleep(time.Hour)
					o, from = s.In(vault, false)[0], vault
				}
				s.sends = d
				was, kept := s.seen(t, o), driver.Item{}
				s.twist = func(c *detour.Call) {
					switch c.Act(); {
					case c.Kind == detour.Remove && c.Answer.Err == nil:
						kept = c.Item
						kept.Folder = driver.Folder{ID: s.Folders[s.FolderOf(from, twobox.Recoverable)].ID}
					case c.Kind == detour.Inspect && c.Item.ID == was.ID && kept.ID != "":
						c.Answer = detour.Answer{Item: kept}
					}
				}
				assert.Equal(t, end+" ("+string(way)+")", s.run(t.Context(), s.passage(d, was)))
				user, taken, aside, _ := s.count()
				assert.Equal(t, []int{1, 0}, []int{user + taken, aside})
			})
		}
	}
}

// A server makes the copy in a different mailbox than it was told to. It can be read by its
// id, yet it is not where it belongs: the original stays.
func TestCopyMadeElsewhere(t *testing.T) {
	t.Parallel()
	for _, way := range []driver.Way{driver.WayTransfer, driver.WayMIME} {
		for d, from := range map[driver.Direction]string{driver.ToQuarantine: alice, driver.ToUser: vault} {
			synctest.Test(t, func(t *testing.T) {
				s := newScene(way)
				o := s.set(t, d)
				var made driver.Item
				s.twist = func(c *detour.Call) {
					switch c.Act(); {
					case c.Kind == detour.Carry:
						copied := s.Objects[len(s.Objects)-1]
						made = s.seen(t, copied)
						made.Folder = driver.Folder{ID: "drafts of the account"}
						s.Purge(copied)
					case c.Kind == detour.Inspect && made.ID != "" && c.Item.ID == made.ID:
						c.Answer = detour.Answer{Item: made}
					}
				}
				assert.Equal(t, "undecided: the server reported success, but the copy is not there; no second one is made ("+string(way)+")",
					s.run(t.Context(), s.passage(d, s.seen(t, o))))
				assert.Len(t, s.In(from, false), 1, "the original is still there")
			})
		}
	}
}

// An item that was filed, under an id that outlives the move, in a folder that shows none
// of the others is still an item of its own: the second of two copies is put aside, not
// overlooked.
func TestIDOutlivesFilingOfASecondCopy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(driver.WayMove)
		s.deliver()
		s.again(t.Context(), driver.ToQuarantine)
		o := s.In(vault, false)[0]
		second := s.Duplicate(o)
		second.Folder = o.Folder
		was, sightings := o.ID, []driver.Item{s.seen(t, o), s.seen(t, second)}
		s.File(o)
		s.twist = func(c *detour.Call) {
			if c.Act(); c.Kind == detour.Inspect && c.Item.ID == was {
				it, err := s.Strategy(s.way).Mailbox(vault).Inspect(context.Background(), o.ID)
				require.NoError(t, err)
				it.ID = was
				c.Answer = detour.Answer{Item: it}
			}
		}
		single, others, err := s.engine.Single(t.Context(), s.engine.Strategy.Mailbox(vault), sightings)
		require.NoError(t, err)
		require.Len(t, single, 1)
		assert.Len(t, others[single[0].Stamp.Operation].Asides, 1)
	})
}
