package fleet_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
)

// A job that River takes for dead is begun again while the first worker is still doing it:
// each message is in quarantine once, and each target has one receipt, which is valid.
func TestRescuedWhileRunning(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	var all []string
	for i := range 6 {
		a := fmt.Sprintf("user%d@example.test", i)
		l.AddMailbox(a, nil)
		l.deliver(a)
		all = append(all, a)
	}
	slow := l.Fail(ewstest.When{Operation: ews.OpMoveItem}, ewstest.Slow(time.Second))
	_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(all...)})
	require.NoError(t, err)
	short := func(c *exchange.Config) { c.WriteDoubt = exchange.Duration(15 * time.Second) }
	opts := fleet.WorkerOptions{Jobs: 8, Settle: 500 * time.Millisecond, MaxTries: 100}
	l.work(t, opts, short)
	require.Eventually(t, func() bool { return slow.Struck() > 0 }, 30*time.Second, time.Millisecond)
	l.work(t, opts, short)
	tag, err := l.pool.Exec(t.Context(), `UPDATE river_job SET state = 'available' WHERE kind = 'fleet_take' AND state = 'running'`)
	require.NoError(t, err)
	require.NotZero(t, tag.RowsAffected(), "the test was without its rescue")
	s := l.done(t, "case-1")
	assert.Equal(t, map[quarantine.Outcome]int{quarantine.Quarantined: 6}, s.Outcomes)
	assert.Equal(t, [2]int{6, 0}, [2]int{s.Taken, s.Problems})
	assert.Equal(t, [2]int{0, 6}, [2]int{l.copies(all...), l.copies(kept)})
	require.NoError(t, l.campaigns.Restore(t.Context(), "case-1"))
	s = l.done(t, "case-1")
	assert.Equal(t, 6, s.Restored)
	assert.Equal(t, [2]int{6, 0}, [2]int{l.copies(all...), l.copies(kept)})
}

// What a killed process had begun is known: a restore of the campaign settles it first.
func TestRestoreOfWhatWasBegun(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	l.deliver(alice, bob)
	_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(alice, bob)})
	require.NoError(t, err)
	// The process has taken alice's message, and died before it could store the receipt.
	_, err = l.pool.Exec(t.Context(), `UPDATE fleet_targets SET begun = true, acted = true WHERE mailbox = $1`, alice)
	require.NoError(t, err)
	r, err := l.router(t, nil).Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: phishing, Reference: "case-1"})
	require.NoError(t, err)
	require.NoError(t, r.Err())
	require.NoError(t, l.campaigns.Restore(t.Context(), "case-1"))
	l.work(t, fleet.WorkerOptions{}, nil)
	s := l.done(t, "case-1")
	assert.Equal(t, [2]int{1, 1}, [2]int{s.Taken, s.Restored})
	assert.Equal(t, [3]int{1, 1, 0}, [3]int{l.copies(alice), l.copies(bob), l.copies(kept)})
}

// A job that River has given up is reported with its targets, and does not stay open
// forever; a missing one is inserted.
func TestLeftBehind(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	l.deliver(alice, bob)
	_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "poison", Targets: targets(alice)})
	require.NoError(t, err)
	_, err = l.pool.Exec(t.Context(), `UPDATE fleet_targets SET begun = true`)
	require.NoError(t, err)
	_, err = l.pool.Exec(t.Context(), `UPDATE river_job SET state = 'discarded', finalized_at = now(), attempt = max_attempts`)
	require.NoError(t, err)
	_, err = l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "orphan", Targets: targets(bob)})
	require.NoError(t, err)
	_, err = l.pool.Exec(t.Context(), `DELETE FROM river_job WHERE state = 'available'`)
	require.NoError(t, err)
	l.work(t, fleet.WorkerOptions{Settle: 300 * time.Millisecond}, nil)
	l.done(t, "poison")
	all, err := l.campaigns.Targets(t.Context(), "poison", fleet.TargetFilter{Problems: true}, 10)
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.Equal(t, quarantine.Failed, all[0].Outcome)
	assert.Contains(t, all[0].Problem, "see the log of the workers")
	assert.Equal(t, 1, l.done(t, "orphan").Taken)
}

// Something that another process had begun and not done, such as a second attempt at a
// message that a first has taken, is settled on the way. That it had no effect is not a
// problem of the target: another look shows what there is.
func TestAttemptWithoutEffect(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	l.deliver(alice)
	left := intent(0)
	left.Server, left.Quarantine, left.MessageID, left.Target = "lab", kept, phishing, quarantine.Target{Mailbox: alice, MessageID: phishing, Reference: "case-1"}
	c, err := l.journal.Begin(t.Context(), left, "a process that has died", time.Hour)
	require.NoError(t, err)
	_, err = l.journal.Renew(t.Context(), c, 0)
	require.NoError(t, err)
	_, err = l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(alice)})
	require.NoError(t, err)
	l.work(t, fleet.WorkerOptions{Settle: 300 * time.Millisecond}, nil)
	s := l.done(t, "case-1")
	assert.Equal(t, [2]int{1, 0}, [2]int{s.Taken, s.Problems})
	all, err := l.campaigns.Targets(t.Context(), "case-1", fleet.TargetFilter{}, 10)
	require.NoError(t, err)
	assert.NoError(t, all[0].Receipt.Err())
}
