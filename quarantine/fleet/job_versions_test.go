package fleet_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
)

// change changes one row in the database, as another version of the program or an accident
// might.
func (l *campaignLab) change(t *testing.T, statement string, args ...any) {
	t.Helper()
	tag, err := l.pool.Exec(t.Context(), statement, args...)
	require.NoError(t, err)
	require.EqualValues(t, 1, tag.RowsAffected(), statement)
}

// What a later version of the program has stored is left to it: jobs of an unknown kind are
// not begun, and a target or an order that contains more than this version understands is
// not read as if it contained less.
func TestTwoVersions(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	l.deliver(alice, bob, carol)
	_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(alice, bob)})
	require.NoError(t, err)
	_, err = l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "planned", Targets: []quarantine.Target{{Mailbox: carol, Criteria: quarantine.Criteria{Subject: "Your invoice"}}}})
	require.NoError(t, err)
	l.change(t, `UPDATE fleet_targets SET request = (request::jsonb || '{"onlyUnread": true}')::json WHERE mailbox = $1`, alice)
	l.change(t, `UPDATE fleet_campaigns SET request = (request::jsonb || '{"Except": ["carol@example.test"]}')::json WHERE id = 'planned'`)
	l.change(t, `INSERT INTO river_job (kind, queue, args, max_attempts) VALUES ('fleet_sweep', 'fleet_take', '{}', 1)`)
	log := l.employ(t, fleet.WorkerOptions{Settle: 300 * time.Millisecond})
	s := l.until(t, "case-1", func(s fleet.CampaignStatus) bool { return s.Taken == 1 && s.Problems == 1 })
	assert.Equal(t, 1, s.Open)
	left, err := l.campaigns.Targets(t.Context(), "case-1", fleet.TargetFilter{Problems: true}, 10)
	require.NoError(t, err)
	require.Len(t, left, 1)
	assert.Contains(t, left[0].Problem, "later version of the program")
	log.says(t, "campaign left alone")
	assert.Equal(t, [3]int{1, 0, 1}, [3]int{l.copies(alice), l.copies(bob), l.copies(carol)})
	var attempts int
	require.NoError(t, l.pool.QueryRow(t.Context(), `SELECT attempt FROM river_job WHERE kind = 'fleet_sweep' AND state = 'available'`).Scan(&attempts))
	assert.Zero(t, attempts)

	// The later version does its part, which here is to store less.
	l.change(t, `UPDATE fleet_targets SET request = (request::jsonb - 'onlyUnread')::json WHERE mailbox = $1`, alice)
	l.change(t, `UPDATE fleet_campaigns SET request = (request::jsonb - 'Except')::json WHERE id = 'planned'`)
	s = l.done(t, "case-1")
	assert.Equal(t, [2]int{2, 0}, [2]int{s.Taken, s.Problems})
	assert.Equal(t, 1, l.done(t, "planned").Taken)
}

// A job that the River of another program has discarded, because it does not know the job,
// is inserted again. It does not count as one that failed many times.
func TestDiscardedByStrangers(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	l.deliver(alice)
	_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(alice)})
	require.NoError(t, err)
	l.change(t, `UPDATE fleet_targets SET begun = true`)
	l.change(t, `UPDATE river_job SET state = 'discarded', finalized_at = now(), attempt = 1`)
	l.work(t, fleet.WorkerOptions{Settle: 300 * time.Millisecond}, nil)
	s := l.until(t, "case-1", func(s fleet.CampaignStatus) bool { return s.Done() })
	assert.Equal(t, [2]int{1, 0}, [2]int{s.Taken, s.Problems})
}

// If the job of a plan is lost, because it cannot be read or others have discarded it,
// another job makes the plan.
func TestPlanWithoutJob(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	l.deliver(alice, bob, carol)
	for campaign, address := range map[string]string{"poison": alice, "strangers": bob, "lost": carol} {
		_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: campaign, Targets: []quarantine.Target{{Mailbox: address, Criteria: quarantine.Criteria{Subject: "Your invoice"}}}})
		require.NoError(t, err)
	}
	l.change(t, `UPDATE river_job SET args = '{"campaign": 5}' WHERE args->>'campaign' = 'poison'`)
	l.change(t, `UPDATE river_job SET state = 'discarded', finalized_at = now(), attempt = 1 WHERE args->>'campaign' = 'strangers'`)
	l.change(t, `DELETE FROM river_job WHERE args->>'campaign' = 'lost'`)
	l.work(t, fleet.WorkerOptions{Settle: 300 * time.Millisecond}, nil)
	for _, campaign := range []string{"poison", "strangers", "lost"} {
		assert.Equal(t, 1, l.done(t, campaign).Taken, campaign)
	}
}

// Poison keeps nothing else from being done, and is reported: a target that cannot be read
// fails, an order that cannot be read is refused, and a job that cannot be read is
// replaced.
func TestPoison(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	l.deliver(alice, bob, carol)
	_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "targets", Targets: targets(alice, bob)})
	require.NoError(t, err)
	l.change(t, `UPDATE fleet_targets SET request = '{"mailbox": 5}' WHERE mailbox = $1`, alice)
	_, err = l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "order", Targets: []quarantine.Target{{Mailbox: alice, Criteria: quarantine.Criteria{Subject: "Your invoice"}}}})
	require.NoError(t, err)
	l.change(t, `UPDATE fleet_campaigns SET request = '[]' WHERE id = 'order'`)
	_, err = l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "job", Targets: targets(carol)})
	require.NoError(t, err)
	l.change(t, `UPDATE river_job SET args = '{"campaign": 5}' WHERE args->>'campaign' = 'job'`)
	l.work(t, fleet.WorkerOptions{Settle: 300 * time.Millisecond}, nil)

	s := l.done(t, "targets")
	assert.Equal(t, map[quarantine.Outcome]int{quarantine.Quarantined: 1, quarantine.Failed: 1}, s.Outcomes)
	assert.Equal(t, 1, s.Problems)
	l.change(t, `UPDATE fleet_receipts SET receipt = '[]'`)
	all, err := l.campaigns.Targets(t.Context(), "targets", fleet.TargetFilter{}, 10)
	require.NoError(t, err, "one does not hide the others")
	require.Len(t, all, 2)
	for i, problem := range []string{"give the target in another campaign", fleet.ErrDamaged.Error()} {
		assert.Equal(t, []string{alice, bob}[i], all[i].Target.Mailbox)
		assert.Contains(t, all[i].Problem, problem)
		assert.Nil(t, all[i].Receipt)
	}
	s = l.until(t, "order", func(s fleet.CampaignStatus) bool { return s.State == fleet.CampaignRefused })
	assert.Contains(t, s.Problem, "give the target in another campaign")
	assert.Equal(t, 1, l.done(t, "job").Taken)
	assert.Equal(t, [3]int{1, 0, 0}, [3]int{l.copies(alice), l.copies(bob), l.copies(carol)})
}

// A message is put back with the campaign even if each process that took it died before it
// could report that.
func TestGivenUpIsPutBack(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	l.deliver(alice)
	_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(alice)})
	require.NoError(t, err)
	r, err := l.router(t, nil).Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: phishing, Reference: "case-1"})
	require.NoError(t, err)
	require.NoError(t, r.Err())
	l.change(t, `UPDATE fleet_targets SET begun = true, acted = true`)
	l.change(t, `UPDATE river_job SET state = 'discarded', finalized_at = now(), attempt = max_attempts`)
	l.work(t, fleet.WorkerOptions{Settle: 300 * time.Millisecond}, nil)
	s := l.done(t, "case-1")
	assert.Equal(t, map[quarantine.Outcome]int{quarantine.Failed: 1}, s.Outcomes)
	require.NoError(t, l.campaigns.Restore(t.Context(), "case-1"))
	s = l.done(t, "case-1")
	assert.Equal(t, [2]int{1, 1}, [2]int{s.Taken, s.Restored})
	assert.Equal(t, [2]int{1, 0}, [2]int{l.copies(alice), l.copies(kept)})
}
