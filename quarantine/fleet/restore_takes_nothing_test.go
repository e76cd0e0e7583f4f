package fleet_test

import (
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

// A process that was killed had recorded all targets of its job, and had come to none of
// them. A restore takes none of them either, not even to put it back immediately.
func TestRestoreTakesNothing(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(*campaignLab) error{
		"all": func(l *campaignLab) error { return l.campaigns.Restore(t.Context(), "case-1") },
		"one": func(l *campaignLab) error {
			if err := l.campaigns.Cancel(t.Context(), "case-1"); err != nil {
				return err
			}
			for _, target := range targets(alice, bob) {
				target.Reference = "case-1"
				if err := l.campaigns.Release(t.Context(), "case-1", target.Key()); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newCampaignLab(t)
			l.deliver(alice, bob)
			_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(alice, bob)})
			require.NoError(t, err)
			_, err = l.pool.Exec(t.Context(), `UPDATE fleet_targets SET begun = true`)
			require.NoError(t, err)
			require.NoError(t, ask(l))
			moves := l.Fail(ewstest.When{Operation: ews.OpMoveItem}, ewstest.Slow(0))
			l.work(t, fleet.WorkerOptions{Settle: 300 * time.Millisecond}, nil)
			s := l.done(t, "case-1")
			assert.Zero(t, moves.Struck(), "something was taken")
			assert.Equal(t, [4]int{0, 0, 0, 0}, [4]int{s.Taken, s.Restored, s.Problems, s.Unrestored})
			assert.Equal(t, [2]int{2, 0}, [2]int{l.copies(alice, bob), l.copies(kept)})
		})
	}
}

// A mailbox has two copies. The killed process had recorded that it would take one, before
// it was cut off: that is settled, and put back. The other stays where it is.
func TestRestoreTakesNoOtherCopy(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	l.deliver(alice, alice)
	_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(alice)})
	require.NoError(t, err)
	short := func(c *exchange.Config) { c.WriteDoubt = exchange.Duration(5 * time.Second) }
	// The intent was written, and the process died before it marked the item.
	one := l.Mailbox(alice).Messages()[0]
	left := intent(0)
	left.Server, left.Quarantine, left.MessageID = "lab", kept, phishing
	left.Target = quarantine.Target{Mailbox: alice, MessageID: phishing, Reference: "case-1"}
	left.From = quarantine.Place{Mailbox: alice, ItemID: one.ID.ID, IDs: "ews"}
	c, err := l.journal.Begin(t.Context(), left, "a process that has died", time.Hour)
	require.NoError(t, err)
	_, err = l.journal.Renew(t.Context(), c, 0)
	require.NoError(t, err)
	_, err = l.pool.Exec(t.Context(), `UPDATE fleet_targets SET begun = true, acted = true`)
	require.NoError(t, err)
	require.NoError(t, l.campaigns.Restore(t.Context(), "case-1"))
	taken := l.Fail(ewstest.When{Operation: ews.OpMoveItem}, ewstest.Slow(0))
	l.work(t, fleet.WorkerOptions{Settle: 300 * time.Millisecond}, short)
	s := l.done(t, "case-1")
	assert.LessOrEqual(t, taken.Struck(), 2, "a copy that nobody had begun was taken")
	assert.Equal(t, s.Taken, s.Restored)
	assert.Equal(t, [2]int{0, 0}, [2]int{s.Problems, s.Unrestored}, "%+v", s)
	assert.Equal(t, [2]int{2, 0}, [2]int{l.copies(alice), l.copies(kept)})
	var intents int
	require.NoError(t, l.pool.QueryRow(t.Context(), `SELECT count(*) FROM fleet_intents`).Scan(&intents))
	assert.Zero(t, intents)
}

// A restore that comes while a job is on its way to its targets leaves only the record that
// they were not begun: that the job was cut short is not a problem of a target.
func TestRestoreOnTheWay(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	l.deliver(alice, bob)
	_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(alice, bob)})
	require.NoError(t, err)
	slow := l.Fail(ewstest.When{Operation: ews.OpGetItem}, ewstest.Slow(2*time.Second))
	l.work(t, fleet.WorkerOptions{Settle: 300 * time.Millisecond}, nil)
	require.Eventually(t, func() bool { return slow.Struck() > 0 }, 30*time.Second, time.Millisecond)
	require.NoError(t, l.campaigns.Restore(t.Context(), "case-1"))
	s := l.done(t, "case-1")
	assert.Equal(t, [3]int{0, 0, 0}, [3]int{s.Taken, s.Restored, s.Problems}, "%+v", s)
	assert.Equal(t, [2]int{2, 0}, [2]int{l.copies(alice, bob), l.copies(kept)})
}

// An error that kept targets from being taken, and would have been retried, is no longer a
// problem when the campaign is put back.
func TestRestoreOfWhatFailed(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	l.deliver(alice)
	_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(alice)})
	require.NoError(t, err)
	l.Fail(ewstest.When{Operation: ews.OpFindItem}, ewstest.FaultCode("ErrorMailboxMoveInProgress"))
	l.work(t, fleet.WorkerOptions{Settle: 300 * time.Millisecond}, nil)
	l.until(t, "case-1", func(s fleet.CampaignStatus) bool { return s.Problems == 1 })
	require.NoError(t, l.campaigns.Restore(t.Context(), "case-1"))
	s := l.done(t, "case-1")
	assert.Equal(t, [3]int{0, 0, 0}, [3]int{s.Taken, s.Restored, s.Problems}, "%+v", s)
	assert.Equal(t, 1, s.Outcomes[quarantine.NotBegun], "%+v", s)
}

// If an earlier try began a copy that turns out not to have been taken, its outcome is
// replaced by the actual one: the copy was left where it is.
func TestRestoreOfWhatWasCut(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	l.deliver(alice)
	_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(alice)})
	require.NoError(t, err)
	_, err = l.pool.Exec(t.Context(), `UPDATE fleet_targets SET begun = true, acted = true, tries = 1, outcome = 'failed', problem = 'it was cut'`)
	require.NoError(t, err)
	_, err = l.pool.Exec(t.Context(), `INSERT INTO fleet_receipts SELECT campaign, target, 'quarantine', '{"action":"quarantine","items":[{"outcome":"failed","wasRead":false,"error":{"message":"it was cut"}}]}' FROM fleet_targets`)
	require.NoError(t, err)
	require.NoError(t, l.campaigns.Restore(t.Context(), "case-1"))
	moves := l.Fail(ewstest.When{Operation: ews.OpMoveItem}, ewstest.Slow(0))
	l.work(t, fleet.WorkerOptions{Settle: 300 * time.Millisecond}, nil)
	s := l.done(t, "case-1")
	assert.Zero(t, moves.Struck())
	assert.Equal(t, [3]int{0, 0, 0}, [3]int{s.Taken, s.Restored, s.Problems}, "%+v", s)
	all, err := l.campaigns.Targets(t.Context(), "case-1", fleet.TargetFilter{}, 1)
	require.NoError(t, err)
	require.NotNil(t, all[0].Receipt)
	assert.Equal(t, [2]quarantine.Outcome{quarantine.NotBegun, quarantine.NotBegun}, [2]quarantine.Outcome{all[0].Outcome, all[0].Receipt.Outcome()})
	assert.Equal(t, [2]int{1, 0}, [2]int{l.copies(alice), l.copies(kept)})
}
