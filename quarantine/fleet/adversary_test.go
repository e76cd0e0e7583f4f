package fleet_test

import (
	"errors"
	"math/rand/v2"
	"sync"
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

// crowd delivers the message to n mailboxes.
func (l *campaignLab) crowd(n int) (all []string) {
	for i := range n {
		a := string(rune('a'+i)) + "-user@example.test"
		l.AddMailbox(a, nil)
		l.deliver(a)
		all = append(all, a)
	}
	return all
}

// rescueAll has River's jobs of a kind begun again while they run, are put off or wait, as
// often as it can, until stop is called.
func (l *campaignLab) rescueAll(t *testing.T, kind string) (stop func()) {
	t.Helper()
	var wait sync.WaitGroup
	ended := make(chan struct{})
	wait.Go(func() {
		for {
			select {
			case <-ended:
				return
			case <-time.After(150 * time.Millisecond):
				_, err := l.pool.Exec(t.Context(), `UPDATE river_job SET state = 'available', scheduled_at = now(), attempt = 1 WHERE kind = $1 AND state IN ('running', 'scheduled', 'retryable')`, kind)
				assert.NoError(t, err)
			}
		}
	})
	return func() { close(ended); wait.Wait() }
}

// Jobs that plan, take and put back are begun again and again while other workers do them.
func TestRescuedAgainAndAgain(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	all := l.crowd(5)
	l.AddList("staff@example.test", all...)
	l.Fail(ewstest.When{Operation: ews.OpExpandDL}, ewstest.Slow(700*time.Millisecond))
	l.Fail(ewstest.When{Operation: ews.OpMoveItem}, ewstest.Slow(400*time.Millisecond))
	short := func(c *exchange.Config) { c.WriteDoubt = exchange.Duration(15 * time.Second) }
	_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Groups: []quarantine.GroupTarget{{Group: "staff@example.test", Target: quarantine.Target{MessageID: phishing}}}})
	require.NoError(t, err)
	for range 2 {
		l.work(t, fleet.WorkerOptions{Settle: 500 * time.Millisecond, MaxTries: 100}, short)
	}
	stop := l.rescueAll(t, "fleet_plan")
	l.until(t, "case-1", func(s fleet.CampaignStatus) bool { return s.State == fleet.CampaignRunning })
	stop()
	stop = l.rescueAll(t, "fleet_take")
	l.until(t, "case-1", func(s fleet.CampaignStatus) bool { return s.Taken >= 4 })
	stop()
	s := l.done(t, "case-1")
	assert.Equal(t, [3]int{5, 5, 0}, [3]int{s.Targets, s.Taken, s.Problems}, "%+v", s)
	assert.Equal(t, [2]int{0, 5}, [2]int{l.copies(all...), l.copies(kept)})
	require.NoError(t, l.campaigns.Restore(t.Context(), "case-1"))
	stop = l.rescueAll(t, "fleet_restore")
	l.until(t, "case-1", func(s fleet.CampaignStatus) bool { return s.Restored >= 4 })
	stop()
	s = l.done(t, "case-1")
	assert.Equal(t, [2]int{5, 0}, [2]int{s.Restored, s.Unrestored}, "%+v", s)
	assert.Equal(t, [2]int{5, 0}, [2]int{l.copies(all...), l.copies(kept)})
	assert.Empty(t, l.Notices())
}

// A job that is begun again while its server asks for a pause sends the server nothing.
func TestBegunWhileParked(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	l.deliver(alice)
	busy := l.Fail(ewstest.When{Times: 1}, ewstest.FaultCode("ErrorServerBusy").BackOff(6*time.Second))
	_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(alice)})
	require.NoError(t, err)
	l.work(t, fleet.WorkerOptions{MaxPause: 50 * time.Millisecond, Settle: time.Hour}, nil)
	require.Eventually(t, func() bool { return busy.Struck() > 0 }, 30*time.Second, time.Millisecond)
	require.Eventually(t, func() bool {
		var off bool
		err := l.pool.QueryRow(t.Context(), `SELECT bool_and(not_before > now()) FROM fleet_targets`).Scan(&off)
		return err == nil && off
	}, 30*time.Second, 10*time.Millisecond, "it is put off")
	before := len(l.Requests())
	stop := l.rescueAll(t, "fleet_take")
	time.Sleep(3 * time.Second)
	assert.Equal(t, before, len(l.Requests()), "the server was asked while it wanted to be left alone")
	stop()
	s := l.done(t, "case-1")
	assert.Equal(t, [2]int{1, 0}, [2]int{s.Taken, s.Problems}, "%+v", s)
}

// Operators who do not know of each other add, cancel, release and restore at the same
// time, while workers take. The last request wins.
func TestOperatorsAtOnce(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	all := l.crowd(8)
	l.Fail(ewstest.When{Operation: ews.OpMoveItem}, ewstest.Slow(50*time.Millisecond))
	short := func(c *exchange.Config) { c.WriteDoubt = exchange.Duration(15 * time.Second) }
	_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(all[:4]...)})
	require.NoError(t, err)
	for range 2 {
		l.work(t, fleet.WorkerOptions{Settle: 500 * time.Millisecond, MaxTries: 100}, short)
	}
	var operators sync.WaitGroup
	for i := range 4 {
		draw := rand.New(rand.NewPCG(uint64(i), 19))
		operators.Go(func() {
			for n := range 6 {
				one := targets(all[draw.IntN(len(all))])[0]
				one.Reference = "case-1"
				var err error
				switch what := draw.IntN(8); {
				case what < 4:
					_, err = l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: []quarantine.Target{one}})
				case what < 6:
					err = l.campaigns.Release(t.Context(), "case-1", one.Key())
				case n > 3 && what == 6:
					err = l.campaigns.Cancel(t.Context(), "case-1")
				case n > 4:
					err = l.campaigns.Restore(t.Context(), "case-1")
				}
				if err != nil && !errors.Is(err, fleet.ErrEnded) && !errors.Is(err, fleet.ErrNoTarget) {
					assert.NoError(t, err)
				}
				time.Sleep(time.Duration(draw.IntN(150)) * time.Millisecond)
			}
		})
	}
	operators.Wait()
	s := l.done(t, "case-1")
	assert.Equal(t, 8, l.copies(all...)+l.copies(kept), "%+v", s)
	assert.Equal(t, s.Taken-s.Restored, l.copies(kept), "%+v", s)
	require.NoError(t, l.campaigns.Restore(t.Context(), "case-1"))
	require.NoError(t, l.campaigns.Cancel(t.Context(), "case-1"))
	s = l.done(t, "case-1")
	assert.Equal(t, [3]int{s.Taken, 0, 0}, [3]int{s.Restored, s.Unrestored, s.Problems}, "%+v", s)
	assert.Equal(t, [2]int{8, 0}, [2]int{l.copies(all...), l.copies(kept)})
	assert.Equal(t, fleet.CampaignRestoring, s.State)
	_, err = l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(all...)})
	require.ErrorIs(t, err, fleet.ErrEnded)
}

// Two campaigns want the same message, and one is restored while the other takes.
func TestCampaignsAtOneMessage(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	all := l.crowd(6)
	l.Fail(ewstest.When{Operation: ews.OpMoveItem}, ewstest.Slow(100*time.Millisecond))
	short := func(c *exchange.Config) { c.WriteDoubt = exchange.Duration(15 * time.Second) }
	for range 2 {
		l.work(t, fleet.WorkerOptions{Settle: 500 * time.Millisecond, MaxTries: 100}, short)
	}
	for _, campaign := range []string{"case-1", "case-2"} {
		_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: campaign, Targets: targets(all...)})
		require.NoError(t, err)
	}
	l.until(t, "case-1", func(s fleet.CampaignStatus) bool { return s.Taken > 0 })
	require.NoError(t, l.campaigns.Restore(t.Context(), "case-1"))
	l.done(t, "case-1")
	l.done(t, "case-2")
	assert.Equal(t, 6, l.copies(all...)+l.copies(kept))
	require.NoError(t, l.campaigns.Restore(t.Context(), "case-2"))
	s := l.done(t, "case-2")
	assert.Zero(t, s.Unrestored, "%+v", s)
	assert.Equal(t, [2]int{6, 0}, [2]int{l.copies(all...), l.copies(kept)})
	var intents int
	require.NoError(t, l.pool.QueryRow(t.Context(), `SELECT count(*) FROM fleet_intents`).Scan(&intents))
	assert.Zero(t, intents)
}

// The database ends all connections again and again while a campaign is taken and put back,
// as a pooler or a failover does.
func TestConnectionsEndAllTheTime(t *testing.T) {
	t.Parallel()
	l := newCampaignLab(t)
	all := l.crowd(8)
	l.Fail(ewstest.When{Operation: ews.OpMoveItem}, ewstest.Slow(50*time.Millisecond))
	_, err := l.campaigns.Enqueue(t.Context(), fleet.Order{Campaign: "case-1", Targets: targets(all...)})
	require.NoError(t, err)
	for range 2 {
		l.work(t, fleet.WorkerOptions{Settle: 500 * time.Millisecond, MaxTries: 100}, nil)
	}
	var wait sync.WaitGroup
	ended := make(chan struct{})
	wait.Go(func() {
		for {
			select {
			case <-ended:
				return
			case <-time.After(300 * time.Millisecond):
				_, _ = l.pool.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
			}
		}
	})
	time.Sleep(3 * time.Second)
	for l.campaigns.Restore(t.Context(), "case-1") != nil {
		time.Sleep(20 * time.Millisecond)
	}
	time.Sleep(2 * time.Second)
	close(ended)
	wait.Wait()
	stop := l.rescueAll(t, "fleet_take") // jobs whose completion was lost; River does this after TakeOverAfter
	also := l.rescueAll(t, "fleet_restore")
	s := l.done(t, "case-1")
	stop()
	also()
	assert.Equal(t, [3]int{s.Taken, 0, 0}, [3]int{s.Restored, s.Unrestored, s.Problems}, "%+v", s)
	assert.Equal(t, [2]int{8, 0}, [2]int{l.copies(all...), l.copies(kept)})
}
