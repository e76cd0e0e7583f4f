package fleet_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet/internal/pgtest"
)

const (
	dave  = "dave@example.test" // whose message a process had begun to take before it died
	staff = "staff@example.test"
)

// fate is what happens to the first of three workers that do jobs.
type fate struct {
	database bool   // when it sends to the database; otherwise at a request to the mail server
	what     string // "dies", "pauses" (past its lease), "sleeps" (until the others have done all) or "is cut off" (from the database, and continues)
	after    bool
	hasty    bool // the operator cancels and restores when it happens
	at       int  // from 1
}

func (f fate) String() string {
	to, when, operator := "request", "before", "waits"
	if f.database {
		to = "statement"
	}
	if f.after {
		when = "after"
	}
	if f.hasty {
		operator = "is hasty"
	}
	return fmt.Sprintf("%s %s %s, operator %s: %d", f.what, when, to, operator, f.at)
}

// fates returns the kinds, without the number.
func fates() (all []fate) {
	for _, database := range []bool{false, true} {
		for _, what := range []string{"dies", "pauses", "sleeps", "is cut off"} {
			for _, after := range []bool{false, true} {
				for _, hasty := range []bool{false, true} {
					all = append(all, fate{database: database, what: what, after: after, hasty: hasty})
				}
			}
		}
	}
	return all
}

// TestKillMatrixOfJobs: a worker plans a campaign, takes its targets, puts them back, and
// recovers what a dead process has left, until something happens to it. River gives its
// jobs to two others, which finish the work. Whatever happens, and wherever: nothing is
// lost or duplicated, each target has one final receipt of each kind, and no intent is
// left.
func TestKillMatrixOfJobs(t *testing.T) {
	t.Parallel()
	// Sending to the database never ends, because River asks for work.
	step, most, least := 36, 72, int64(60) // in the part that always runs
	if *whole {
		step, most, least = 6, 90, 300
	}
	var met atomic.Int64
	var kinds sync.Map
	work := make(chan fate, len(fates()))
	var lanes sync.WaitGroup
	for range 10 { // most of the time they wait
		lanes.Go(func() {
			config := migrated(t)
			config.MaxConns = 4
			config.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "3s"
			for f := range work {
				for ; f.at <= most && !t.Failed() && f.play(t, config); f.at += step {
					met.Add(1)
					kinds.Store(fate{f.database, f.what, f.after, f.hasty, 0}, f.at)
				}
			}
		})
	}
	for i, f := range fates() {
		f.at = 1 + i%step
		work <- f
	}
	close(work)
	lanes.Wait()
	for f, at := range kinds.Range {
		t.Log(f, at)
	}
	t.Log(met.Load(), "points")
	if !t.Failed() {
		assert.GreaterOrEqual(t, met.Load(), least)
	}
}

// play plays a history, and reports whether its point was reached.
func (f fate) play(t *testing.T, config *pgxpool.Config) bool {
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.AddMailbox(dave, nil)
	srv.AddList(staff, alice, bob)
	for _, address := range []string{alice, bob, dave} {
		srv.Mailbox(address).Deliver([]byte("From: mallory@evil.example\r\nMessage-ID: " + phishing + "\r\nSubject: Your invoice\r\n\r\nClick here.\r\n"))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	h := &history{fate: f, t: t, srv: srv, config: config, pool: pgtest.Open(t, config), campaign: strings.NewReplacer(" ", "-", ",", "", ":", "").Replace(f.String())}
	defer h.pool.Close()
	h.leaveBehind(ctx)
	_, err := h.campaigns().Enqueue(ctx, fleet.Order{Campaign: h.campaign, Groups: []quarantine.GroupTarget{{Group: staff, Target: quarantine.Target{MessageID: phishing}}}})
	require.NoError(t, err)

	v := newVictim(f)
	defer v.wake()
	first := h.worker(ctx, v.network.Install(named(config)), v)
	require.NoError(t, first.workers.Start(ctx))
	v.started.Store(true)
	restored := false
	if h.wait(ctx, v.met, fleet.CampaignStatus.Done) {
		h.taken()
		require.NoError(t, h.campaigns().Restore(ctx, h.campaign))
		restored = true
		if h.wait(ctx, v.met, fleet.CampaignStatus.Done) {
			h.wait(ctx, v.met, func(fleet.CampaignStatus) bool { return h.pending() == 0 })
		}
	}
	select {
	case <-v.met:
	default:
		v.wake()
		first.stop(ctx)
		h.judge()
		return false
	}
	h.rescue(ctx)
	var others []*jobWorker
	for range 2 {
		o := h.worker(ctx, config, nil)
		require.NoError(t, o.workers.Start(ctx))
		others = append(others, o)
	}
	if !restored && !f.hasty {
		require.True(t, h.wait(ctx, nil, fleet.CampaignStatus.Done), "%v: not taken", f)
		h.taken()
	}
	if !restored {
		require.NoError(t, h.campaigns().Cancel(ctx, h.campaign))
		require.NoError(t, h.campaigns().Restore(ctx, h.campaign))
	}
	require.True(t, h.wait(ctx, nil, fleet.CampaignStatus.Done), "%v: not put back", f)
	v.wake()
	if f.what == "dies" {
		go first.stop(t.Context()) // it cannot even report that it stops, and takes long to find that out
	} else {
		first.stop(ctx)
	}
	require.True(t, h.wait(ctx, nil, func(s fleet.CampaignStatus) bool { return s.Done() && h.pending() == 0 }), "%v: not ended", f)
	var stopped sync.WaitGroup
	for _, o := range others {
		stopped.Go(func() { o.stop(ctx) })
	}
	stopped.Wait()
	h.judge()
	return true
}

// judge looks at the mailboxes, the journal and the receipts.
func (h *history) judge() {
	t, f := h.t, h.fate
	assert.Equal(t, map[string]int{alice: 1, bob: 1, vault: 1}, h.copies(), "%v", f)
	for _, n := range h.srv.Notices() {
		assert.Fail(t, "a notice was sent", "%v: %+v", f, n)
	}
	assert.Zero(t, h.pending(), "%v: intents are left", f)
	s, err := h.campaigns().Status(t.Context(), h.campaign)
	require.NoError(t, err)
	if s.State == fleet.CampaignRestoring && s.Targets == 0 && f.hasty {
		return // there was no plan when it was cancelled
	}
	assert.Equal(t, [3]int{2, 0, s.Taken}, [3]int{s.Targets, s.Problems + s.Unrestored, s.Restored}, "%v: %+v", f, s)
	seen := make(map[string]int)
	for target, err := range h.campaigns().All(t.Context(), h.campaign) {
		require.NoError(t, err)
		seen[target.Target.Mailbox]++
		assert.Empty(t, target.Problem+target.RestoreProblem, "%v: %s", f, target.Target.Mailbox)
		assert.True(t, target.Settled && target.Released && target.Restored, "%v: %+v", f, target)
		if target.RestoreOutcome == quarantine.NotFound && f.hasty {
			if target.Receipt != nil { // the fence, or a cut, kept it from being begun
				assert.Equal(t, quarantine.NotBegun, target.Receipt.Outcome(), "%v", f)
			}
			continue
		}
		if assert.NotNil(t, target.Receipt, "%v: no receipt: %+v", f, target) && assert.NotNil(t, target.RestoreReceipt, "%v: no receipt of the restore: %+v", f, target) {
			assert.Equal(t, quarantine.Quarantined, target.Receipt.Outcome(), "%v", f)
			assert.NoError(t, target.RestoreReceipt.Err(), "%v", f)
		}
	}
	assert.Equal(t, map[string]int{alice: 1, bob: 1}, seen, "%v", f)
}

// taken checks where everything is when all has been taken.
func (h *history) taken() {
	copies := h.copies()
	if copies[vault] == 3 {
		delete(copies, dave)
	}
	assert.Equal(h.t, [2]int{0, 0}, [2]int{copies[alice], copies[bob]}, "%v: %v", h.fate, copies)
	assert.GreaterOrEqual(h.t, copies[vault], 2, "%v: %v", h.fate, copies)
}
