package fleet_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
)

// A campaign is taken, reported, and put back: one target first, then all.
func TestCampaign(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	l.deliver(alice, bob)
	done, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Reason: "phishing", By: "anna", Targets: targets(alice, bob, carol)})
	require.NoError(t, err)
	assert.Equal(t, fleet.Enqueued{Campaign: "case-1", State: fleet.CampaignRunning, Added: 3, Jobs: done.Jobs}, done)
	assert.NotZero(t, done.Jobs)
	l.work(t, fleet.WorkerOptions{}, nil)

	s := l.done(t, "case-1")
	assert.Equal(t, map[quarantine.Outcome]int{quarantine.Quarantined: 2, quarantine.NotFound: 1}, s.Outcomes)
	assert.Equal(t, [4]int{3, 3, 2, 0}, [4]int{s.Targets, s.Mailboxes, s.Taken, s.Problems})
	assert.Zero(t, l.copies(alice, bob))
	assert.Equal(t, 2, l.copies(kept))

	all, err := l.campaigns.Targets(t.Context(), "case-1", fleet.TargetFilter{Outcome: new(quarantine.Quarantined)}, 10)
	require.NoError(t, err)
	require.Len(t, all, 2)
	assert.Equal(t, alice, all[0].Target.Mailbox)
	require.NotNil(t, all[0].Receipt)
	assert.Equal(t, "case-1", all[0].Receipt.Target.Reference)
	assert.Equal(t, "phishing", all[0].Receipt.Target.Reason)

	require.NoError(t, l.campaigns.Release(t.Context(), "case-1", all[0].Key))
	s = l.until(t, "case-1", func(s fleet.CampaignStatus) bool { return s.Restored == 1 && s.Done() })
	assert.Equal(t, fleet.CampaignRunning, s.State)
	assert.Equal(t, [3]int{1, 0, 1}, [3]int{l.copies(alice), l.copies(bob), l.copies(kept)})

	require.NoError(t, l.campaigns.Restore(t.Context(), "case-1"))
	s = l.until(t, "case-1", func(s fleet.CampaignStatus) bool { return s.Restored == 2 && s.Done() })
	assert.Equal(t, fleet.CampaignRestoring, s.State)
	assert.Equal(t, [3]int{1, 1, 0}, [3]int{l.copies(alice), l.copies(bob), l.copies(kept)})
	_, err = l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(carol)})
	require.ErrorIs(t, err, fleet.ErrEnded)
}

// Alert and jobs are stored together or not at all; storing them twice changes nothing.
func TestEnqueue(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	order := fleet.Order{Campaign: "case-1", Targets: targets(alice, bob, alice)}
	stop := errors.New("the product's own error")
	err := pgx.BeginFunc(t.Context(), l.pool, func(tx pgx.Tx) error {
		_, err := l.campaigns.EnqueueTx(t.Context(), tx, order)
		return errors.Join(err, stop)
	})
	require.ErrorIs(t, err, stop)
	_, err = l.campaigns.Status(t.Context(), "case-1")
	require.ErrorIs(t, err, fleet.ErrNoCampaign)

	first, err := l.campaigns.Enqueue(t.Context(), order)
	require.NoError(t, err)
	assert.Equal(t, [2]int{2, 1}, [2]int{first.Added, first.Repeated})
	again, err := l.campaigns.Enqueue(t.Context(), order)
	require.NoError(t, err)
	assert.Equal(t, [3]int{0, 3, 0}, [3]int{again.Added, again.Repeated, again.Jobs})
	more, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(bob, carol)})
	require.NoError(t, err)
	assert.Equal(t, [2]int{1, 1}, [2]int{more.Added, more.Repeated})
	s, err := l.campaigns.Status(t.Context(), "case-1")
	require.NoError(t, err)
	assert.Equal(t, [2]int{3, 3}, [2]int{s.Targets, s.Open})

	for _, o := range []fleet.Order{
		{Campaign: "no such/name", Targets: targets(alice)},
		{Campaign: "case-2"},
		{Campaign: "case-2", Targets: targets("nobody")},
		{Campaign: "case-2", Reason: "\x00", Targets: targets(alice)},
		{Campaign: "case-2", Groups: []quarantine.GroupTarget{{Group: "all@example.test", Target: targets(alice)[0]}}},
	} {
		_, err := l.campaigns.Enqueue(t.Context(), o)
		require.ErrorIs(t, err, quarantine.ErrInvalid, "%+v", o)
	}
}

// An order that needs a plan is planned first: members of groups are found, and nothing is
// taken if criteria match more than the limits allow over all mailboxes.
func TestPlan(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	l.deliver(alice, bob, carol)
	l.AddList("all-staff@example.test", alice, bob, carol)
	staff := fleet.Order{Campaign: "staff", Groups: []quarantine.GroupTarget{{Group: "all-staff@example.test", Target: quarantine.Target{MessageID: phishing}}}}
	_, err := l.campaigns.Enqueue(t.Context(), staff)
	require.NoError(t, err)
	_, err = l.campaigns.Enqueue(t.Context(), staff)
	require.NoError(t, err, "the same again")
	other := staff
	other.Reason = "another"
	_, err = l.campaigns.Enqueue(t.Context(), other)
	require.ErrorIs(t, err, fleet.ErrOtherOrder)
	l.work(t, fleet.WorkerOptions{}, nil)
	s := l.done(t, "staff")
	assert.Equal(t, fleet.CampaignRunning, s.State, s.Problem)
	assert.Equal(t, 3, s.Taken)
}

// Nothing is taken if criteria match too much in all mailboxes together.
func TestPlanLimits(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	l.deliver(alice, bob, carol)
	subject := func(a string) quarantine.Target {
		return quarantine.Target{Mailbox: a, Criteria: quarantine.Criteria{Subject: "Your invoice"}}
	}
	_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "many", Targets: []quarantine.Target{subject(alice), subject(bob), subject(carol)}})
	require.NoError(t, err)
	_, err = l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "few", Targets: []quarantine.Target{subject(alice), subject(bob)}})
	require.NoError(t, err)
	l.work(t, fleet.WorkerOptions{}, limitTotal(2))
	s := l.until(t, "many", func(s fleet.CampaignStatus) bool { return s.State != fleet.CampaignPlanning })
	assert.Equal(t, fleet.CampaignRefused, s.State)
	assert.Contains(t, s.Problem, "too many messages")
	s = l.done(t, "few")
	assert.Equal(t, 2, s.Taken)
	assert.Equal(t, [3]int{0, 0, 1}, [3]int{l.copies(alice), l.copies(bob), l.copies(carol)})
}

// A server that asks for a long pause gets it: the job is put off, which is not a failure,
// and other work is done meanwhile.
func TestParked(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	l.deliver(alice)
	busy := l.Fail(ewstest.When{}, ewstest.FaultCode("ErrorServerBusy").BackOff(time.Hour))
	_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(alice)})
	require.NoError(t, err)
	l.work(t, fleet.WorkerOptions{MaxPause: 50 * time.Millisecond}, nil)
	var state string
	var wait float64
	var attempt int
	require.Eventually(t, func() bool {
		err := l.pool.QueryRow(t.Context(), `SELECT state, attempt, extract(epoch FROM scheduled_at - now())::float8 FROM river_job WHERE kind = 'fleet_take'`).Scan(&state, &attempt, &wait)
		return err == nil && state == "scheduled"
	}, 30*time.Second, 20*time.Millisecond)
	assert.Zero(t, attempt, "a pause is no attempt")
	assert.InDelta(t, 3600, wait, 60)
	s, err := l.campaigns.Status(t.Context(), "case-1")
	require.NoError(t, err)
	assert.Equal(t, [2]int{1, 0}, [2]int{s.Open, s.Problems})
	assert.NotZero(t, busy.Struck())
}

// An operator who cancels and immediately restores gets everything back, whatever a worker
// was doing.
func TestCancelAndRestoreAtOnce(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	var all []string
	for i := range 12 {
		a := fmt.Sprintf("user%d@example.test", i)
		l.AddMailbox(a, nil)
		l.deliver(a)
		all = append(all, a)
	}
	held := l.Fail(ewstest.When{Operation: ews.OpMoveItem}, ewstest.Slow(200*time.Millisecond))
	_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(all...)})
	require.NoError(t, err)
	l.work(t, fleet.WorkerOptions{Settle: 200 * time.Millisecond}, nil)
	l.work(t, fleet.WorkerOptions{Settle: 200 * time.Millisecond}, nil)
	require.Eventually(t, func() bool { return held.Struck() > 0 }, 30*time.Second, time.Millisecond)
	require.NoError(t, l.campaigns.Cancel(t.Context(), "case-1"))
	require.NoError(t, l.campaigns.Restore(t.Context(), "case-1"))
	s := l.done(t, "case-1")
	assert.Equal(t, fleet.CampaignRestoring, s.State)
	assert.Equal(t, s.Taken, s.Restored)
	assert.Equal(t, 12, l.copies(all...))
	assert.Zero(t, l.copies(kept))
}

// A campaign that is cancelled takes no more.
func TestCancel(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	l.deliver(alice)
	_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(alice)})
	require.NoError(t, err)
	require.NoError(t, l.campaigns.Cancel(t.Context(), "case-1"))
	require.ErrorIs(t, l.campaigns.Cancel(t.Context(), "case-2"), fleet.ErrNoCampaign)
	l.work(t, fleet.WorkerOptions{}, nil)
	require.Eventually(t, func() bool {
		var open int
		err := l.pool.QueryRow(t.Context(), `SELECT count(*) FROM river_job WHERE kind = 'fleet_take' AND finalized_at IS NULL`).Scan(&open)
		return err == nil && open == 0
	}, 30*time.Second, 20*time.Millisecond)
	s := l.done(t, "case-1")
	assert.Equal(t, fleet.CampaignCancelled, s.State)
	assert.Equal(t, 1, l.copies(alice))
}

// The database ends one of two transactions in a deadlock, which is then run again.
func TestDeadlock(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(alice)})
	require.NoError(t, err)
	_, err = l.pool.Exec(t.Context(), `CREATE SEQUENCE deadlocks;
		CREATE FUNCTION deadlock() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF nextval('deadlocks') < 3 THEN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END IF; RETURN NEW; END $$;
		CREATE TRIGGER deadlock BEFORE UPDATE ON fleet_targets FOR EACH ROW EXECUTE FUNCTION deadlock()`)
	require.NoError(t, err)
	require.NoError(t, l.campaigns.Restore(t.Context(), "case-1"))
	l.work(t, fleet.WorkerOptions{Settle: 300 * time.Millisecond}, nil)
	assert.Equal(t, 1, l.done(t, "case-1").Released)
}
