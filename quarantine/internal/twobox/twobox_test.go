package twobox_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

const (
	alice = "alice@example.test"
	vault = "quarantine@example.test"
	theID = "<invoice@evil.example>"
)

var ways = []driver.Way{driver.WayMove, driver.WayTransfer, driver.WayMIME}

// scene is a system with one message, and the driver for it.
type scene struct {
	*twobox.System
	driver.Strategy
	user, vault driver.Mailbox
	dest        driver.Folder
}

// inScene runs a test in a bubble, an hour after the message has been delivered.
func inScene(t *testing.T, f func(*testing.T, *scene)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := &scene{System: twobox.New(alice, vault)}
		x.Strategy = x.System.Strategy(ways...)
		x.user, x.vault = x.Mailbox(alice), x.Mailbox(vault)
		x.Deliver(alice, twobox.Message{ID: theID, Subject: "Invoice", Received: time.Now(), Sent: time.Now()})
		var err error
		x.dest, err = x.vault.Folder(t.Context(), driver.FolderRequest{Names: []string{"Quarantine"}, Create: true})
		require.NoError(t, err)
		time.Sleep(time.Hour)
		f(t, x)
	})
}

func stamp() *driver.Stamp {
	return &driver.Stamp{
		Operation: driver.NewOperation(), Attempt: driver.NewOperation(), Mailbox: alice, Direction: driver.ToQuarantine,
		At: time.Now().UTC(), Lease: time.Now().Add(time.Hour).UTC(), Print: "p",
	}
}

// found returns what a search by Message-ID shows in a mailbox.
func (x *scene) found(t *testing.T, m driver.Mailbox) []driver.Item {
	t.Helper()
	f, err := m.Find(t.Context(), driver.Query{MessageID: theID})
	require.NoError(t, err)
	assert.Empty(t, f.Unsearched)
	return f.Items
}

func (x *scene) marked(t *testing.T) driver.Item {
	t.Helper()
	it, err := x.user.Mark(t.Context(), x.found(t, x.user)[0], driver.Change{Stamp: stamp()})
	require.NoError(t, err)
	return it
}

func (x *scene) carry(ctx context.Context, it driver.Item, only driver.Way) (driver.Carried, error) {
	return x.Carry(ctx, driver.Carriage{From: x.user, Item: it, To: x.vault, Folder: x.dest, Only: only})
}

// Each way reports what it is, takes the stamp along, and leaves at the source what
// it leaves there on Exchange.
func TestWays(t *testing.T) {
	for _, way := range ways {
		t.Run(string(way), func(t *testing.T) {
			inScene(t, func(t *testing.T, x *scene) {
				it := x.marked(t)
				c, err := x.carry(t.Context(), it, way)
				require.NoError(t, err)
				moves := way == driver.WayMove
				assert.Equal(t, driver.Carried{Way: way, Faithful: way != driver.WayMIME, Once: moves, Moved: moves, ItemID: c.ItemID}, c)
				assert.Equal(t, moves, c.ItemID == "")
				assert.Len(t, x.found(t, x.user), map[bool]int{true: 0, false: 1}[moves])
				there := x.found(t, x.vault)
				require.Len(t, there, 1)
				assert.Equal(t, it.Stamp.Attempt, there[0].Stamp.Attempt)
				assert.Equal(t, way == driver.WayMIME, there[0].Stamp.Rebuilt)
				left, err := x.user.(driver.Sweeper).Leftovers(t.Context(), it.Stamp.Operation)
				require.NoError(t, err)
				assert.Len(t, left, map[bool]int{true: 1, false: 0}[moves])
				if moves {
					assert.Equal(t, 0, x.In(vault, false)[0].Number, "it is the object itself")
					_, err = x.carry(t.Context(), it, way)
					require.ErrorIs(t, err, driver.ErrGone)
					assert.True(t, driver.Untouched(err))
				}
			})
		})
	}
}

// A write is refused if the item has changed since it was read, unless versions are
// ignored.
func TestVersions(t *testing.T) {
	inScene(t, func(t *testing.T, x *scene) {
		it := x.found(t, x.user)[0]
		x.Flag(x.Objects[0])
		_, err := x.user.Mark(t.Context(), it, driver.Change{Stamp: stamp()})
		require.ErrorIs(t, err, driver.ErrConflict)
		require.ErrorIs(t, x.user.Remove(t.Context(), it), driver.ErrConflict)
		x.RemovesUnchecked = true
		_, err = x.user.Mark(t.Context(), it, driver.Change{Stamp: stamp()})
		require.ErrorIs(t, err, driver.ErrConflict)
		x.Flag(x.Deliver(alice, twobox.Message{ID: "<2@evil.example>"}))
		require.NoError(t, x.user.Remove(t.Context(), driver.Item{ID: x.Objects[1].ID, Version: "1"}))
		x.RemovesUnchecked, x.VersionsIgnored = false, true
		require.NoError(t, x.user.Remove(t.Context(), it))
		require.ErrorIs(t, x.user.Remove(t.Context(), it), driver.ErrGone)
		assert.Empty(t, x.In(alice, true))
	})
}

// A move gives another id, and an item that is moved while it is searched for is seen
// twice, or not at all.
func TestSightings(t *testing.T) {
	inScene(t, func(t *testing.T, x *scene) {
		o := x.Objects[0]
		once := true
		x.Between = func(box string) {
			assert.Equal(t, alice, box)
			if once {
				once = false
				x.File(o)
			}
		}
		twice := x.found(t, x.user)
		require.Len(t, twice, 2)
		_, err := x.user.Inspect(t.Context(), twice[0].ID)
		require.ErrorIs(t, err, driver.ErrGone)
		_, err = x.user.Inspect(t.Context(), twice[1].ID)
		require.NoError(t, err)
		once = true
		assert.Empty(t, x.found(t, x.user), "from the folder that is searched last to the first one")
	})
}

// Searches may lag behind, still show what has left, or not see one object.
func TestSearches(t *testing.T) {
	inScene(t, func(t *testing.T, x *scene) {
		x.Lag = 30 * time.Second
		it := x.marked(t)
		byStamp := func() int {
			f, err := x.user.Find(t.Context(), driver.Query{Operation: it.Stamp.Operation})
			require.NoError(t, err)
			return len(f.Items)
		}
		assert.Len(t, x.found(t, x.user), 1)
		assert.Zero(t, byStamp())
		_, err := x.carry(t.Context(), it, driver.WayTransfer)
		require.NoError(t, err)
		assert.Empty(t, x.found(t, x.vault))
		time.Sleep(30 * time.Second)
		assert.Len(t, x.found(t, x.vault), 1)
		assert.Equal(t, 1, byStamp())

		x.Lag, x.Linger = 0, 30*time.Second
		x.File(x.Objects[0])
		assert.Len(t, x.found(t, x.user), 2)
		time.Sleep(30 * time.Second)
		assert.Len(t, x.found(t, x.user), 1)

		x.Blind(x.Objects[0], 50*time.Second)
		assert.Empty(t, x.found(t, x.user))
		time.Sleep(50 * time.Second)
		assert.Len(t, x.found(t, x.user), 1)
	})
}

// A late write takes effect when its time has come, on the item as it is then.
func TestLateWrites(t *testing.T) {
	inScene(t, func(t *testing.T, x *scene) {
		it := x.marked(t)
		x.Delay(time.Minute)
		_, err := x.carry(t.Context(), it, driver.WayTransfer)
		require.Error(t, err)
		assert.False(t, driver.Untouched(err) || driver.Answered(err))
		assert.True(t, x.InFlight())
		x.Edit(x.Objects[0])
		x.Delay(2 * time.Minute)
		require.Error(t, x.user.Remove(t.Context(), it))
		time.Sleep(time.Minute)
		there := x.found(t, x.vault)
		require.Len(t, there, 1)
		assert.Equal(t, 0, x.In(vault, false)[0].Edition, "it was read before it was edited")
		time.Sleep(time.Minute)
		assert.Len(t, x.found(t, x.user), 1, "it has changed since")
		assert.False(t, x.InFlight())
	})
}

// Nothing is sent once the context of a call has ended.
func TestEndedContext(t *testing.T) {
	inScene(t, func(t *testing.T, x *scene) {
		it := x.marked(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		time.Sleep(time.Hour)
		_, err := x.carry(ctx, it, "")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, x.user.Remove(ctx, it), context.DeadlineExceeded)
		assert.Empty(t, x.In(vault, true))
	})
}

// A stamp that the server does not keep, and a way that it refuses.
func TestUnwilling(t *testing.T) {
	inScene(t, func(t *testing.T, x *scene) {
		x.Refuses = map[driver.Way]bool{driver.WayMove: true}
		x.StampsLost = true
		c, err := x.carry(t.Context(), x.marked(t), "")
		require.NoError(t, err)
		assert.Equal(t, driver.WayTransfer, c.Way)
		assert.Nil(t, x.found(t, x.user)[0].Stamp)
		assert.Nil(t, x.found(t, x.vault)[0].Stamp)
	})
}

// Two systems in which the same was done have the same fingerprint, whatever
// names and times they have; and a clone is independent.
func TestFingerprint(t *testing.T) {
	t.Parallel()
	var prints [][16]byte
	for range 2 {
		synctest.Test(t, func(t *testing.T) {
			x := &scene{System: twobox.New(alice, vault)}
			x.Strategy = x.System.Strategy(ways...)
			x.user, x.vault = x.Mailbox(alice), x.Mailbox(vault)
			time.Sleep(time.Duration(len(prints)) * time.Hour)
			x.Deliver(alice, twobox.Message{ID: theID})
			time.Sleep(time.Hour)
			before := x.Describe().Fingerprint()
			c := x.Clone()
			it := x.marked(t)
			prints = append(prints, x.Describe().Fingerprint())
			assert.NotEqual(t, before, prints[len(prints)-1])
			assert.Equal(t, before, c.Describe().Fingerprint())
			x.Delay(time.Minute)
			require.Error(t, x.user.Remove(t.Context(), it))
			flying := x.Describe().Fingerprint()
			assert.NotEqual(t, prints[len(prints)-1], flying)
			time.Sleep(time.Second)
			assert.NotEqual(t, flying, x.Describe().Fingerprint(), "it lands sooner")
		})
	}
	assert.Equal(t, prints[0], prints[1])
}
