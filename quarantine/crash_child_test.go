//go:build unix

package quarantine_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/boltjournal"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/gather"
	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// childVariable turns the test binary into a process that runs an errand, to be
// killed by the test that started it.
const childVariable = "QUARANTINE_CRASH_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Exit(child())
	}
	if os.Getenv("GOGC") == "" {
		// Thousands of small worlds leave little behind, so garbage collection
		// would waste a third of the time. The limit is for the large worlds, of
		// 50,000 messages.
		debug.SetGCPercent(2000)
		debug.SetMemoryLimit(2 << 30)
	}
	// Some tests wait for processes, which leaves processors free for others. The whole
	// matrices must not run alongside them: they end by time.
	flag.Parse()
	if flag.Lookup("test.memprofile").Value.String() == "" {
		runtime.MemProfileRate = 0 // samples that nobody reads cost a few percent
	}
	given := wholeCrash()
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		if err := flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// errand is what a process does: it may recover first, and then quarantines or restores.
type errand struct {
	URL           string
	Impersonation bool
	Ways          []quarantine.Way
	Journal       string // path of the journal file

	Recover bool
	Action  action
	Targets []quarantine.Target
	// Receipts are what to restore, one for each target; if there are none, the
	// restore uses what lies in quarantine.
	Receipts []*quarantine.Receipt
	Workers  int

	// Gather makes each call of the engine part of a batch.
	Gather bool

	// Doubt is WriteDoubt.
	Doubt time.Duration

	// DieAt is where the process kills itself, in a call to the journal.
	DieAt moment
}

// A message that was marked is sent within a third of WriteDoubt, or marked again. On
// a busy machine, a process that is to be killed may not reach its point in a third of
// shortDoubt; it is then tried again with more, and the recovery has to wait for that.
// Nothing waits for longDoubt.
const (
	shortDoubt = 900 * time.Millisecond
	mostDoubt  = 64 * shortDoubt
	longDoubt  = 10 * time.Minute
)

type action string

const (
	nothing      action = ""
	quarantining action = "quarantine"
	restoring    action = "restore"
)

// moment is a point in time relative to a write to the journal.
type moment string

const (
	beforeBegin  moment = "before Begin"
	afterBegin   moment = "after Begin"
	beforeFinish moment = "before Finish"
	afterFinish  moment = "after Finish"
)

// report is the result of an errand.
type report struct {
	Found     []quarantine.Intent // in the journal when it was opened
	Recovered []*quarantine.Receipt
	Done      []*quarantine.Receipt // one for each target
	Left      []quarantine.Intent   // in the journal at the end
}

// child reads an errand from standard input, runs it, and writes the report to
// standard output.
func child() (exitCode int) {
	var e errand
	err := json.NewDecoder(os.Stdin).Decode(&e)
	if err == nil {
		var r *report
		if r, err = e.runHere(); err == nil {
			err = json.NewEncoder(os.Stdout).Encode(r)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// runHere runs the errand over a socket, with the password of the service
// account.
func (e *errand) runHere() (*report, error) {
	credential, err := auth.NewCredential("svc", "svc-password")
	if err != nil {
		return nil, err
	}
	transport, err := auth.Basic(e.URL, credential, &auth.BasicOptions{Transport: &http.Transport{}, SendPasswordOverPlainHTTP: true})
	if err != nil {
		return nil, err
	}
	return e.run(context.Background(), transport)
}

// run runs the errand.
func (e *errand) run(ctx context.Context, transport http.RoundTripper) (_ *report, err error) {
	journal, err := boltjournal.Open(e.Journal)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, journal.Close()) }()
	s, err := e.service(transport, &deadly{journal, e.DieAt})
	if err != nil {
		return nil, err
	}
	out := &report{Done: make([]*quarantine.Receipt, len(e.Targets))}
	if out.Found, err = openIntents(ctx, journal); err != nil {
		return nil, err
	}
	if e.Recover {
		if out.Recovered, err = recoverAll(ctx, s); err != nil {
			return nil, fmt.Errorf("recover: %w", err)
		}
	}
	if e.Action != nothing {
		if err := e.act(ctx, s, out.Done); err != nil {
			return nil, err
		}
	}
	out.Left, err = openIntents(ctx, journal)
	return out, err
}

// recoverAll runs the recovery as an operator would, until nothing is undecided
// any more, and returns the last receipt for each intent.
func recoverAll(ctx context.Context, s *quarantine.Service) ([]*quarantine.Receipt, error) {
	last := make(map[string]*quarantine.Receipt)
	for deadline := time.Now().Add(2 * mostDoubt); ; time.Sleep(50 * time.Millisecond) {
		waiting := false
		for r, err := range s.Recover(ctx) {
			if err != nil {
				return nil, err
			}
			last[r.Items[0].Operation] = r
			waiting = waiting || r.Outcome() == quarantine.Undecided
		}
		if !waiting || time.Now().After(deadline) {
			return slices.Collect(maps.Values(last)), nil
		}
	}
}

// act quarantines or restores.
func (e *errand) act(ctx context.Context, s *quarantine.Service, done []*quarantine.Receipt) error {
	var workers errgroup.Group
	workers.SetLimit(max(e.Workers, 1))
	for i := range e.Targets {
		workers.Go(func() (err error) {
			switch {
			case e.Action == quarantining:
				done[i], err = s.Quarantine(ctx, e.Targets[i])
			case e.Receipts != nil:
				done[i], err = s.Restore(ctx, e.Receipts[i])
			default:
				done[i], err = s.RestoreMessage(ctx, e.Targets[i])
			}
			return err
		})
	}
	return workers.Wait()
}

// The headers under impersonation.
var (
	quarantineHeader = quarantine.Header{Name: "X-Quarantined", Value: "yes"}
	undoHeader       = quarantine.Header{Name: "X-Restored", Value: "yes"}
)

func (e *errand) service(transport http.RoundTripper, journal quarantine.Journal) (*quarantine.Service, error) {
	limiter, err := throttle.New(&throttle.Options{BackOffMin: time.Millisecond, BackOffMax: 2 * time.Millisecond})
	if err != nil {
		return nil, err
	}
	client, err := ews.NewClient(e.URL, &ews.Options{Transport: transport, Limiter: limiter, Payer: "svc"})
	if err != nil {
		return nil, err
	}
	settings := quarantine.Options{
		Journal: journal, Wait: 2 * time.Millisecond, SearchLag: 10 * time.Millisecond, WriteDoubt: e.Doubt,
		CriteriaSearch: true,
	}
	opts := &ewsmail.Options{Ways: e.Ways}
	var strategy driver.Strategy
	if e.Impersonation {
		settings.QuarantineHeader, settings.UndoHeader = quarantineHeader, undoHeader
		strategy, err = ewsmail.NewImpersonation(client, opts)
	} else {
		strategy, err = ewsmail.NewFullAccess(client, opts)
	}
	if err != nil {
		return nil, err
	}
	if e.Gather {
		strategy = gather.Strategy(strategy, &gather.Options{Always: true})
	}
	return quarantine.New(strategy, vault, &settings)
}

// deadly is a journal that ends the process at a moment.
type deadly struct {
	quarantine.Journal
	at moment
}

// Begin writes an intent, or dies.
func (d *deadly) Begin(ctx context.Context, in quarantine.Intent, owner string, lease time.Duration) (quarantine.Claim, error) {
	d.die(beforeBegin)
	c, err := d.Journal.Begin(ctx, in, owner, lease)
	d.die(afterBegin)
	return c, err
}

// Finish removes an intent, or dies.
func (d *deadly) Finish(ctx context.Context, c quarantine.Claim) error {
	d.die(beforeFinish)
	err := d.Journal.Finish(ctx, c)
	d.die(afterFinish)
	return err
}

func (d *deadly) die(now moment) {
	if d.at == now {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // until the signal arrives
	}
}
