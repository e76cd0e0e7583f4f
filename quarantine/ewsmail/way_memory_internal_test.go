package ewsmail

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// What is remembered is bounded, whether items or pairs are blamed, and the newest
// refusal is always kept.
func TestWayMemoryIsBounded(t *testing.T) {
	t.Parallel()
	for _, who := range []blame{blameItem, blamePair} {
		m, err := newWayMemory(nil, true)
		require.NoError(t, err)
		for i := range 3 * maxRefusals {
			p := wayPair{"alice", "vault", fmt.Sprint(i)}
			if who == blamePair {
				p.from = fmt.Sprint(i)
			}
			m.refused(p, driver.WayMove, who)
			require.NotContains(t, m.order(p, driver.Carriage{}), driver.WayMove)
			require.LessOrEqual(t, max(len(m.items), len(m.pairs)), maxRefusals)
		}
	}
}

// Refusals that no longer count go first; those that do stay.
func TestWayMemoryForgetsTheOldFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, err := newWayMemory(nil, true)
		require.NoError(t, err)
		pair := func(i int) wayPair { return wayPair{"alice", "vault", fmt.Sprint(i)} }
		for i := range maxRefusals - 1 {
			m.refused(pair(i), driver.WayMove, blameItem)
		}
		assert.NotContains(t, m.order(pair(0), driver.Carriage{}), driver.WayMove)
		time.Sleep(wayTTL + time.Second)
		assert.Contains(t, m.order(pair(0), driver.Carriage{}), driver.WayMove, "it is tried again")
		m.refused(pair(maxRefusals), driver.WayMove, blameItem)
		m.refused(pair(maxRefusals+1), driver.WayTransfer, blameItem)
		assert.Len(t, m.items, 2)
		assert.NotContains(t, m.order(pair(maxRefusals), driver.Carriage{}), driver.WayMove)
	})
}

// An item and its pair are judged separately.
func TestWayMemoryJudgesApart(t *testing.T) {
	t.Parallel()
	all := []driver.Way{driver.WayMove, driver.WayTransfer, driver.WayMIME}
	m, err := newWayMemory(nil, true)
	require.NoError(t, err)
	one, other, elsewhere := wayPair{"alice", "vault", "1"}, wayPair{"alice", "vault", "2"}, wayPair{"bob", "vault", "1"}
	assert.False(t, m.refused(one, driver.WayMove, blameItem))
	assert.True(t, m.refused(one, driver.WayMove, blameItem), "again")
	assert.Equal(t, all[1:], m.order(one, driver.Carriage{}))
	assert.Equal(t, all, m.order(other, driver.Carriage{}))
	m.refused(one, driver.WayTransfer, blamePair)
	assert.Equal(t, all[2:], m.order(one, driver.Carriage{}))
	assert.Equal(t, []driver.Way{driver.WayMove, driver.WayMIME}, m.order(other, driver.Carriage{}))
	assert.Equal(t, all, m.order(elsewhere, driver.Carriage{}))
	m.worked(other, driver.WayTransfer)
	assert.Equal(t, all, m.order(other, driver.Carriage{}))
	m.refused(one, driver.WayTransfer, blameItem)
	m.refused(one, driver.WayMIME, blameItem)
	assert.Equal(t, all, m.order(one, driver.Carriage{}), "if all were refused, all are tried")
	m.refused(one, driver.WayMove, blamePair)
	assert.Equal(t, []driver.Way{driver.WayMove}, m.order(one, driver.Carriage{Only: driver.WayMove}), "what is asked for is tried")
}
