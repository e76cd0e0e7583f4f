package passage_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
)

// An item that has changed is read again by its id, which does not return the path of
// its folder: the stamp still has the path, if it is the same folder.
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

// full is a ledger with room for only so many more intents.
type full struct {
	ledger
	room *int
}

func (f full) Begin(ctx context.Context, s driver.Stamp, it driver.Item) error {
	if *f.room--; *f.room < 0 {
		return errDenied
	}
	return f.ledger.Begin(ctx, s, it)
}

// A run that was interrupted before it marked the item has left an intent. It stays until
// the intent of the next attempt is written: if that fails, the item is not forgotten.
func TestIntentIsNotGivenUpForOneThatIsNotWritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(driver.WayMove)
		it := s.seen(t, s.deliver())
		left := driver.Stamp{Operation: driver.NewOperation(), Attempt: driver.NewOperation(), Direction: driver.ToQuarantine, Mailbox: alice}
		require.NoError(t, s.ledger.Begin(t.Context(), left, it))

		p := s.passage(driver.ToQuarantine, it)
		p.Ledger = full{s.ledger, new(int)}
		p.Begun(left.Operation)
		require.ErrorIs(t, p.Run(t.Context()), errDenied)
		assert.Contains(t, s.ledger, left.Operation)

		p = s.passage(driver.ToQuarantine, it)
		p.Begun(left.Operation)
		assert.Equal(t, "done in /Quarantine (move)", s.run(t.Context(), p))
		assert.Empty(t, s.ledger)
	})
}

// A run that has not marked anything yet and cannot write its next intent leaves none.
func TestIntentOfNothingIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(driver.WayMove)
		p := s.passage(driver.ToQuarantine, s.seen(t, s.deliver()))
		room := 1
		p.Ledger = full{s.ledger, &room}
		s.twist = func(c *detour.Call) {
			if c.Kind == detour.Mark {
				c.Fail(errChanged)
				return
			}
			c.Act()
		}
		require.ErrorIs(t, p.Run(t.Context()), errDenied)
		assert.Empty(t, s.ledger)
	})
}
