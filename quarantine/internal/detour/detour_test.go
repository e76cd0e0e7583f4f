package detour_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

const (
	alice = "alice@example.test"
	vault = "quarantine@example.test"
)

// every makes a call of every kind, and returns their errors by kind.
func every(ctx context.Context, s driver.Strategy) map[detour.Kind]error {
	errs := make(map[detour.Kind]error)
	user, v := s.Mailbox(alice), s.Mailbox(vault)
	found, err := user.Find(ctx, driver.Query{})
	errs[detour.Find] = err
	var it driver.Item
	if len(found.Items) > 0 {
		it = found.Items[0]
	}
	var dest driver.Folder
	dest, errs[detour.Folder] = v.Folder(ctx, driver.FolderRequest{Names: []string{"Quarantine"}, Create: true})
	_, errs[detour.Home] = user.Home(ctx, it.Folder)
	_, errs[detour.Inspect] = user.Inspect(ctx, it.ID)
	reader, _ := driver.As[driver.Reader](user)
	_, errs[detour.Content] = reader.Content(ctx, it)
	sweeper, _ := driver.As[driver.Sweeper](user)
	_, errs[detour.Leftovers] = sweeper.Leftovers(ctx, "none")
	it, errs[detour.Mark] = user.Mark(ctx, it, driver.Change{Stamp: &driver.Stamp{Operation: "o"}})
	_, errs[detour.Carry] = s.Carry(ctx, driver.Carriage{From: user, Item: it, To: v, Folder: dest})
	shelver, _ := driver.As[driver.Shelver](user)
	it, errs[detour.Shelve] = shelver.Shelve(ctx, it, nil)
	errs[detour.Remove] = user.Remove(ctx, it)
	return errs
}

// Each call passes, in order, and is made once; or it fails as the hook decides,
// and the driver does nothing.
func TestEveryCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := twobox.New(alice, vault)
		x.Deliver(alice, twobox.Message{ID: "<1@evil.example>"})
		var seen []detour.Kind
		refused := errors.New("refused")
		for kind, err := range every(t.Context(), detour.Strategy(x.Strategy(driver.WayTransfer), func(_ context.Context, c *detour.Call) {
			seen = append(seen, c.Kind)
			c.Fail(refused)
		})) {
			assert.Equal(t, refused, err, kind)
		}
		assert.Len(t, x.In(alice, true), 1)
		assert.Empty(t, x.In(vault, true))
		all := []detour.Kind{
			detour.Find, detour.Folder, detour.Home, detour.Inspect, detour.Content, detour.Leftovers,
			detour.Mark, detour.Carry, detour.Shelve, detour.Remove,
		}
		assert.Equal(t, all, seen)

		seen = nil
		for kind, err := range every(t.Context(), detour.Strategy(x.Strategy(driver.WayTransfer), func(_ context.Context, c *detour.Call) {
			seen = append(seen, c.Kind)
			c.Act()
		})) {
			require.NoError(t, err, kind)
		}
		assert.Equal(t, all, seen)
		assert.Empty(t, x.In(alice, true))
		assert.Len(t, x.In(vault, false), 1)
	})
}
