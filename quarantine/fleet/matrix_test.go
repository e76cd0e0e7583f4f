package fleet_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet/internal/pgtest"
)

var whole = flag.Bool("whole", false, "the kill matrix: all points, which takes many minutes")

// In the matrix, a claim lasts a second, a request to a server can take effect for five,
// and a worker that pauses does so for longer than its claim.
const (
	claimFor   = time.Second
	writeDoubt = 5 * time.Second
	pause      = 1500 * time.Millisecond
)

const vault = "quarantine@example.test"

// point is where something happens to the first of three workers: at a request to the mail
// server or when it sends to the database, before or after that.
type point struct {
	impersonation bool
	database      bool
	what          string // "dies", "pauses" or "is cut off" (from the database, and continues)
	after         bool
	at            int // from 1
}

func (p point) String() string {
	access, to, when := "fullAccess", "request", "before"
	if p.impersonation {
		access = "impersonation"
	}
	if p.database {
		to = "statement"
	}
	if p.after {
		when = "after"
	}
	return fmt.Sprintf("%s: %s %s %s %d", access, p.what, when, to, p.at)
}

// points returns the kinds of points, without the number.
func points() (all []point) {
	for _, impersonation := range []bool{false, true} {
		for _, database := range []bool{false, true} {
			for _, what := range []string{"dies", "pauses", "is cut off"} {
				for _, after := range []bool{false, true} {
					all = append(all, point{impersonation: impersonation, database: database, what: what, after: after})
				}
			}
		}
	}
	return all
}

// TestKillMatrix: three workers do the same campaign, as when a job is given to another
// worker while the first still runs. Whatever happens to the first, and wherever: in the
// end, each message has one copy, in quarantine, no intent is left, and each target has one
// final receipt.
func TestKillMatrix(t *testing.T) {
	t.Parallel()
	lanes := make(chan []point, 8)
	for i := range cap(lanes) {
		var mine []point
		for k, p := range points() {
			if k%cap(lanes) == i {
				mine = append(mine, p)
			}
		}
		lanes <- mine
	}
	close(lanes)
	var met atomic.Int64
	t.Cleanup(func() {
		t.Log(met.Load(), "points")
		assert.GreaterOrEqual(t, met.Load(), int64(60))
	})
	for kinds := range lanes {
		t.Run(strings.TrimSuffix(kinds[0].String(), " 0"), func(t *testing.T) {
			t.Parallel()
			config := migrated(t)
			for _, p := range kinds {
				step := 8 // in the part that always runs
				if *whole {
					step = 1
				}
				for p.at = p.first(step); p.play(t, config) && !t.Failed(); p.at += step {
					met.Add(1)
				}
			}
		})
	}
}

// first returns the first number of a kind, which is not the same for all.
func (p point) first(step int) int {
	n := len(p.what)
	if p.after {
		n += 2
	}
	if p.impersonation {
		n += 3
	}
	return 1 + n%step
}

// stricken is a worker to which something happens.
type stricken struct {
	point
	cancel  context.CancelFunc
	network [2]pgtest.Faults // of the journal and the limiter
	calls   atomic.Int64     // at the mail server
	sends   atomic.Int64     // to the database
	dead    atomic.Bool
	met     chan struct{} // closed when it happens
	once    sync.Once
}

// errDead is the answer to everything that a dead worker does.
var errDead = errors.New("this worker is dead")

// strike makes it happen, once.
func (s *stricken) strike() {
	s.once.Do(func() {
		close(s.met)
		switch s.what {
		case "dies":
			s.dead.Store(true)
			for i := range s.network {
				s.network[i].SetDown(true)
			}
			s.cancel()
		case "pauses":
			time.Sleep(pause)
		case "is cut off":
			for i := range s.network {
				s.network[i].SetDown(true)
			}
			time.AfterFunc(2*claimFor, func() {
				for i := range s.network {
					s.network[i].SetDown(false)
				}
			})
		}
	})
}

// sent is called before something is sent to the database.
func (s *stricken) sent() {
	if !s.database || s.sends.Add(1) != int64(s.at) {
		return
	}
	if !s.after {
		s.strike()
		return
	}
	time.AfterFunc(10*time.Millisecond, s.strike) // usually after it has been committed
}

// mortal is a worker's transport to the mail server.
type mortal struct {
	http.RoundTripper
	worker *stricken // nil: nothing happens
}

func (m mortal) RoundTrip(r *http.Request) (*http.Response, error) {
	s := m.worker
	if s == nil {
		return m.RoundTripper.RoundTrip(r)
	}
	here := !s.database && s.calls.Add(1) == int64(s.at)
	if here && !s.after {
		s.strike()
	}
	if s.dead.Load() {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, errDead
	}
	resp, err := m.RoundTripper.RoundTrip(r)
	if here && s.after && err == nil {
		// The server has acted once its answer begins.
		first, _ := io.ReadAll(io.LimitReader(resp.Body, 1))
		s.strike()
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(strings.NewReader(string(first)), resp.Body), resp.Body}
	}
	if s.dead.Load() && err == nil {
		_ = resp.Body.Close()
		return nil, errDead
	}
	return resp, err
}

// play plays a history, and reports whether the point was reached.
func (p point) play(t *testing.T, config *pgxpool.Config) bool {
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	campaign := p.String()
	var targets []quarantine.Target
	for _, name := range []string{"alice", "bob"} {
		id := "<1." + name + "@evil.example>"
		srv.Mailbox(name + "@example.test").Deliver([]byte("From: mallory@evil.example\r\nMessage-ID: " + id + "\r\nSubject: Your invoice\r\n\r\nClick here.\r\n"))
		targets = append(targets, quarantine.Target{Mailbox: name + "@example.test", MessageID: id, Reference: "case 1"})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	run, kill := context.WithCancel(ctx)
	defer kill()
	s := &stricken{point: p, cancel: kill, met: make(chan struct{})}
	s.network[0].OnSend(s.sent)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = p.work(run, t, srv, [2]*pgxpool.Config{s.network[0].Install(config), s.network[1].Install(config)}, s, campaign, targets)
	}()
	select {
	case <-s.met:
	case <-ended:
	}
	var others sync.WaitGroup
	for worker := range 2 {
		order := slices.Clone(targets)
		if worker == 1 {
			slices.Reverse(order)
		}
		others.Go(func() {
			for ctx.Err() == nil {
				if p.work(ctx, t, srv, [2]*pgxpool.Config{config, config}, nil, campaign, order) {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
		})
	}
	others.Wait()
	<-ended
	p.judge(t, srv, newJournal(t, config), campaign, targets)
	select {
	case <-s.met:
		return true
	default:
		return false
	}
}

// work does the campaign as a worker, and then what others have left, and reports whether
// nothing is left to do.
func (p point) work(ctx context.Context, t *testing.T, srv *ewstest.Server, configs [2]*pgxpool.Config, s *stricken, campaign string, targets []quarantine.Target) bool {
	var pools [2]*pgxpool.Pool
	for i := range pools {
		pool, err := pgxpool.NewWithConfig(ctx, configs[i])
		if err != nil {
			return false
		}
		defer pool.Close()
		pools[i] = pool
	}
	journal, err := fleet.NewJournal(pools[0], &fleet.JournalOptions{Timeout: 2 * time.Second})
	require.NoError(t, err)
	limiter, err := fleet.NewLimiter(pools[1], &fleet.LimiterOptions{
		Payers: unlimited(9), Workers: 3, Refresh: 100 * time.Millisecond, Lease: claimFor, Timeout: 200 * time.Millisecond,
	})
	require.NoError(t, err)
	client, err := ews.NewClient(srv.DirectURL(), &ews.Options{Transport: mortal{srv.As(srv.Direct(), "svc"), s}, Limiter: limiter})
	require.NoError(t, err)
	var strategy driver.Strategy
	if p.impersonation {
		strategy, err = ewsmail.NewImpersonation(client, nil)
	} else {
		strategy, err = ewsmail.NewFullAccess(client, nil)
	}
	require.NoError(t, err)
	service, err := quarantine.New(strategy, vault, &quarantine.Options{
		Name: campaign, Journal: journal, ClaimFor: claimFor, WriteDoubt: writeDoubt, SearchLag: time.Millisecond, Wait: 20 * time.Millisecond, Attempts: 2,
	})
	require.NoError(t, err)
	router, err := quarantine.NewRouter([]quarantine.Route{{Service: service}}, &quarantine.RouterOptions{PerServer: 1})
	require.NoError(t, err)
	defer router.Close()
	done := true
	for r, err := range router.QuarantineCampaign(ctx, campaign, slices.Values(targets)) {
		done = done && err == nil && r != nil && r.Err() == nil
	}
	for r, err := range router.Recover(ctx) {
		done = done && err == nil && r != nil && r.Err() == nil
	}
	return done
}

// judge looks at the mailboxes and the journal.
func (p point) judge(t *testing.T, srv *ewstest.Server, j *fleet.Journal, campaign string, targets []quarantine.Target) {
	copies := make(map[string][]string)
	for _, address := range []string{"alice@example.test", "bob@example.test", vault, "svc@example.test"} {
		for _, m := range srv.Mailbox(address).Messages() {
			if !strings.HasPrefix(string(m.Distinguished), "recoverableitems") {
				copies[m.MessageID] = append(copies[m.MessageID], m.Mailbox+m.Folder)
			}
		}
	}
	for _, target := range targets {
		assert.Equal(t, []string{vault + "/Quarantine"}, copies[target.MessageID], p)
		r, err := j.Marked(t.Context(), campaign, target)
		if assert.NoError(t, err, p) && assert.NotNil(t, r, "%v: no final receipt", p) {
			assert.NoError(t, r.Err(), p)
			assert.Equal(t, quarantine.Quarantined, r.Outcome(), p)
		}
	}
	assert.Empty(t, srv.Notices(), p)
	marks := 0
	for _, err := range j.Marks(t.Context(), campaign) {
		assert.NoError(t, err, p)
		marks++
	}
	assert.Equal(t, len(targets), marks, p)
	for in, err := range j.Pending(t.Context()) {
		assert.Fail(t, "left in the journal", "%v: %+v %v", p, in, err)
	}
}
