package fleet_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet/internal/pgtest"
)

// history is one history of a campaign: an Exchange server, a database, and the workers.
type history struct {
	fate
	t        *testing.T
	srv      *ewstest.Server
	config   *pgxpool.Config
	pool     *pgxpool.Pool
	campaign string
}

// jobWorker is a process that does jobs.
type jobWorker struct {
	workers *fleet.Workers
	stop    func(context.Context)
}

func (h *history) campaigns() *fleet.Campaigns {
	c, err := fleet.NewCampaigns(h.pool, nil)
	require.NoError(h.t, err)
	return c
}

// worker returns a worker that has not been started.
func (h *history) worker(ctx context.Context, config *pgxpool.Config, v *victim) *jobWorker {
	t := h.t
	pool := pgtest.Open(t, config)
	campaigns, err := fleet.NewCampaigns(pool, nil)
	require.NoError(t, err)
	router := h.router(pool, v.transport(h.srv.As(h.srv.Direct(), "svc")))
	opts := &fleet.WorkerOptions{TakeOverAfter: time.Minute, Settle: 300 * time.Millisecond, MaxTries: 1000, SoftStop: 100 * time.Millisecond}
	if testing.Verbose() {
		opts.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	workers, err := fleet.NewWorkers(campaigns, router, opts)
	require.NoError(t, err)
	return &jobWorker{workers, func(ctx context.Context) {
		_ = workers.Stop(ctx) // a dead worker cannot report that it stops
		router.Close()
		pool.Close()
	}}
}

// router returns a router of a process.
func (h *history) router(pool *pgxpool.Pool, transport http.RoundTripper) *quarantine.Router {
	journal, err := fleet.NewJournal(pool, &fleet.JournalOptions{Timeout: 2 * time.Second})
	require.NoError(h.t, err)
	client, err := ews.NewClient(h.srv.DirectURL(), &ews.Options{Transport: transport})
	require.NoError(h.t, err)
	strategy, err := ewsmail.NewFullAccess(client, nil)
	require.NoError(h.t, err)
	service, err := quarantine.New(strategy, vault, &quarantine.Options{
		Name: "lab", Journal: journal, ClaimFor: claimFor, WriteDoubt: writeDoubt, SearchLag: time.Millisecond, Wait: 20 * time.Millisecond, Attempts: 2,
	})
	require.NoError(h.t, err)
	router, err := quarantine.NewRouter([]quarantine.Route{{Service: service}}, nil)
	require.NoError(h.t, err)
	return router
}

// leaveBehind has a process take dave's message, and die before it can report that.
func (h *history) leaveBehind(ctx context.Context) {
	run, die := context.WithCancel(ctx)
	defer die()
	var network pgtest.Faults
	pool := pgtest.Open(h.t, network.Install(h.config))
	defer pool.Close()
	router := h.router(pool, transportFunc(func(r *http.Request) (*http.Response, error) {
		if run.Err() != nil {
			return nil, errDead
		}
		resp, err := h.srv.As(h.srv.Direct(), "svc").RoundTrip(r)
		if err == nil && h.copies()[dave] == 0 {
			_, _ = io.Copy(io.Discard, resp.Body)
			network.SetDown(true)
			die()
			return nil, errDead
		}
		return resp, err
	}))
	defer router.Close()
	_, _ = router.Quarantine(run, quarantine.Target{Mailbox: dave, MessageID: phishing})
	require.Equal(h.t, 1, h.pending(), "the dead process has left nothing")
	_, err := h.pool.Exec(ctx, `UPDATE fleet_intents SET until = now()`) // as if it had died a while ago
	require.NoError(h.t, err)
}

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// wait waits until the campaign satisfies a condition, and reports false if the point is
// reached before.
func (h *history) wait(ctx context.Context, met <-chan struct{}, is func(fleet.CampaignStatus) bool) bool {
	for tick := 1; ; tick++ {
		s, err := h.campaigns().Status(ctx, h.campaign)
		require.NoError(h.t, err, "%v", h.fate)
		if is(s) {
			return true
		}
		select {
		case <-met:
			return false
		case <-ctx.Done():
			h.t.Errorf("%v: time is over: %+v", h.fate, s)
			return false
		case <-time.After(25 * time.Millisecond):
		}
		if tick%40 == 0 { // as River does after TakeOverAfter, which would take too long here
			_, err := h.pool.Exec(ctx, rescueStatement, "10 seconds")
			require.NoError(h.t, err)
		}
	}
}

const rescueStatement = `UPDATE river_job SET state = 'available', scheduled_at = now() WHERE state = 'running' AND attempted_at <= now() - $1::text::interval`

// rescue gives the jobs of the first worker to others, as River does with those that it
// takes for dead, and ends its leadership.
func (h *history) rescue(ctx context.Context) {
	if h.what == "dies" {
		for n := 1; n > 0; { // what it was sending when it died has taken effect, or never will
			err := h.pool.QueryRow(ctx, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'victim'`).Scan(&n)
			require.NoError(h.t, err)
		}
	}
	_, err := h.pool.Exec(ctx, rescueStatement, "0")
	require.NoError(h.t, err)
	_, err = h.pool.Exec(ctx, `DELETE FROM river_leader`)
	require.NoError(h.t, err)
}

// pending returns how many intents there are.
func (h *history) pending() (n int) {
	require.NoError(h.t, h.pool.QueryRow(h.t.Context(), `SELECT count(*) FROM fleet_intents`).Scan(&n))
	return n
}

// copies returns how many copies of the message there are, by mailbox.
func (h *history) copies() map[string]int {
	all := make(map[string]int)
	for _, address := range []string{alice, bob, dave, vault, "svc@example.test"} {
		for _, m := range h.srv.Mailbox(address).Messages() {
			if m.MessageID == phishing && !strings.HasPrefix(string(m.Distinguished), "recoverableitems") {
				all[address]++
			}
		}
	}
	return all
}

// named returns a configuration whose connections can be distinguished from others.
func named(config *pgxpool.Config) *pgxpool.Config {
	config = config.Copy()
	config.ConnConfig.RuntimeParams["application_name"] = "victim"
	return config
}

// victim is a worker to which something happens.
type victim struct {
	fate
	network pgtest.Faults
	calls   atomic.Int64 // at the mail server
	sends   atomic.Int64 // to the database
	started atomic.Bool  // its calls and sends are counted
	dead    atomic.Bool
	met     chan struct{} // closed when it happens
	awake   chan struct{} // closed when it may continue
	strikes sync.Once
	wakes   sync.Once
}

func newVictim(f fate) *victim {
	v := &victim{fate: f, met: make(chan struct{}), awake: make(chan struct{})}
	v.network.OnSend(v.sent)
	return v
}

// wake lets the worker continue.
func (v *victim) wake() { v.wakes.Do(func() { close(v.awake) }) }

// strike makes the fate happen, once.
func (v *victim) strike() {
	v.strikes.Do(func() {
		switch v.what {
		case "dies":
			v.dead.Store(true)
			v.network.SetDown(true)
			v.wake()
		case "pauses":
			time.AfterFunc(pause, v.wake)
		case "is cut off":
			v.network.SetDown(true)
			time.AfterFunc(2*claimFor, func() { v.network.SetDown(false) })
			v.wake()
		}
		close(v.met)
	})
	v.stand()
}

// stand waits while the worker, all of it, is stalled.
func (v *victim) stand() {
	select {
	case <-v.met:
		<-v.awake
	default:
	}
}

// sent is called before something is sent to the database.
func (v *victim) sent() {
	v.stand()
	if !v.database || !v.started.Load() || v.sends.Add(1) != int64(v.at) {
		return
	}
	if v.after {
		time.AfterFunc(10*time.Millisecond, v.strike) // usually after it has been committed
		return
	}
	v.strike()
}

// transport returns the worker's transport to the mail server. If v is nil, nothing happens
// to that worker.
func (v *victim) transport(to http.RoundTripper) http.RoundTripper {
	if v == nil {
		return to
	}
	return transportFunc(func(r *http.Request) (*http.Response, error) {
		v.stand()
		here := !v.database && v.started.Load() && v.calls.Add(1) == int64(v.at)
		if here && !v.after {
			v.strike()
		}
		if err := errors.Join(v.alive(), r.Context().Err()); err != nil {
			if r.Body != nil {
				_ = r.Body.Close()
			}
			return nil, err
		}
		resp, err := to.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		if here && v.after {
			// The server has acted once its answer begins.
			first, _ := io.ReadAll(io.LimitReader(resp.Body, 1))
			v.strike()
			resp.Body = struct {
				io.Reader
				io.Closer
			}{io.MultiReader(strings.NewReader(string(first)), resp.Body), resp.Body}
		}
		v.stand()
		if err := v.alive(); err != nil {
			_ = resp.Body.Close()
			return nil, err
		}
		return resp, nil
	})
}

func (v *victim) alive() error {
	if v.dead.Load() {
		return errDead
	}
	return nil
}
