package fleet_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
)

// A target that is added while the job of its mailbox is about to end is still done.
func TestAddedAtTheEnd(t *testing.T) {
	t.Parallel()
	const later = "<2@evil.example>"
	l := newCampaignLab(t)
	l.deliver(alice)
	l.Mailbox(alice).Deliver([]byte("Message-ID: " + later + "\r\nSubject: Your invoice\r\n\r\nClick here.\r\n"))
	_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(alice)})
	require.NoError(t, err)
	slow := l.Fail(ewstest.When{Operation: ews.OpMoveItem, Times: 1}, ewstest.Slow(500*time.Millisecond))
	l.work(t, fleet.WorkerOptions{Settle: time.Hour}, nil) // so no recovery does it
	require.Eventually(t, func() bool { return slow.Struck() > 0 }, 30*time.Second, time.Millisecond)
	tx, err := l.pool.Begin(t.Context())
	require.NoError(t, err)
	done, err := l.campaigns.EnqueueTx(t.Context(), tx, fleet.Order{Campaign: "case-1", Targets: []quarantine.Target{{Mailbox: alice, MessageID: later}}})
	require.NoError(t, err)
	assert.Equal(t, [2]int{1, 0}, [2]int{done.Added, done.Jobs}, "the job is still there")
	require.Eventually(t, func() bool {
		var waiting int
		err := l.pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FOR SHARE%'`).Scan(&waiting)
		return err == nil && waiting > 0
	}, 30*time.Second, 10*time.Millisecond, "the job waits for the transaction")
	require.NoError(t, tx.Commit(t.Context()))
	s := l.done(t, "case-1")
	assert.Equal(t, [2]int{2, 2}, [2]int{s.Targets, s.Taken})
}
