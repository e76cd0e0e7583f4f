package quarantine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
	"github.com/ewsquarantine/ewsquarantine/throttle"
)

// The explorer lets one thing go differently at each call of a run in turn, before
// or after the server has acted, and looks at what becomes of the messages: at
// once, and when everything has come to rest and whoever asked has asked again.

// exploration is one history: a scene in which one thing goes differently once.
type exploration struct {
	scene  exploredScene
	change deviation
	nth    int // at which call
	after  bool

	*world
	t         testing.TB
	options   worldOptions
	before    map[string]string // tag to folder of each message, at the beginning
	dead      atomic.Bool       // the process has crashed
	struck    bool
	story     []string
	deleted   bool     // a person has deleted one for good
	copied    int      // copies that people have made
	counted   findings // what is wrong
	rivalUndo bool     // a rival runs in the other direction
}

// findings count what must never be.
type findings struct{ lost, doubled, untrue, notices int }

// exploredScene is where a history begins.
type exploredScene struct {
	access    int // in accesses
	direction driver.Direction
	copies    int // messages with the Message-ID
	folders   int // more folders of each mailbox
	journal   bool
}

func (s exploredScene) String() string {
	return fmt.Sprintf("%s, %s, %d copies, %d folders, journal=%t", accesses[s.access].name, s.direction, s.copies, s.folders, s.journal)
}

// deviation is a thing that goes differently at a call.
type deviation struct {
	name string
	do   func(*exploration) // at the call
	plan func(*exploration) // before the run, instead of do: a fault at the call
	once bool               // it is the same before and after the server has acted
}

func tagOf(i int) string { return fmt.Sprintf("tag-%d-", i) }

// begin sets the scene.
func (x *exploration) begin(t *testing.T) (ask func(*quarantine.Service) (*quarantine.Receipt, error)) {
	x.t = t
	a := accesses[x.scene.access]
	x.options = a.worldOptions
	x.options.settings = func(s *quarantine.Options) {
		s.Wait, s.SearchLag, s.WriteDoubt = 2*time.Second, 0, 0
		if !x.scene.journal {
			s.Journal = nil
		}
	}
	x.world = newWorld(t, x.options)
	box, v := x.Mailbox(alice), x.Mailbox(vault)
	for i := range x.scene.folders {
		box.AddFolder(box.Folder(ews.FolderInbox), fmt.Sprintf("F%02d", i))
		v.AddFolder(nil, fmt.Sprintf("F%02d", i))
	}
	x.before = make(map[string]string)
	for i := range x.scene.copies {
		m := box.DeliverWith(append(eml(theID, "Invoice", "Disposition-Notification-To: mallory@evil.example"), tagOf(i)+"\r\n"...),
			ewstest.Delivery{Received: time.Date(2026, 11, 20, 8, 30, i, 0, time.UTC)})
		x.before[tagOf(i)] = m.Folder
	}
	time.Sleep(time.Hour)
	target := quarantine.Target{Mailbox: alice, MessageID: theID, Reason: "phishing"}
	if x.scene.direction == driver.ToQuarantine {
		return func(s *quarantine.Service) (*quarantine.Receipt, error) { return s.Quarantine(t.Context(), target) }
	}
	r, err := x.service.Quarantine(t.Context(), target)
	require.NoError(t, err)
	require.NoError(t, r.Err())
	time.Sleep(time.Hour)
	return func(s *quarantine.Service) (*quarantine.Receipt, error) { return s.Restore(t.Context(), r) }
}

// run plays the history and judges it.
func (x *exploration) run(t *testing.T) {
	ask := x.begin(t)
	x.ResetRequests()
	at := func(_ int, r *ewstest.Request) {
		n := len(x.Requests()) - 1
		if x.struck || n != x.nth {
			return
		}
		x.struck = true
		x.tell("%s at call %d (%s), after=%t", x.change.name, n, r.Operation, x.after)
		if x.change.do != nil {
			x.change.do(x)
		}
	}
	if x.after {
		x.OnResponse(at)
	} else {
		x.OnRequest(at)
	}
	if x.change.plan != nil {
		x.change.plan(x)
	}
	r, err := ask(x.process(t))
	x.OnRequest(nil)
	x.OnResponse(nil)
	if !x.struck {
		return
	}
	x.report("run", r, err)
	x.alive("after the run")
	if !x.dead.Load() {
		x.truthful(r, err)
	}
	x.rest(t, ask)
}

// process returns a service that stops when the process crashes.
func (x *exploration) process(t *testing.T) *quarantine.Service {
	limiter, err := throttle.New(&throttle.Options{BackOffMin: time.Millisecond, BackOffMax: 2 * time.Millisecond})
	require.NoError(t, err)
	client, err := ews.NewClient(x.DirectURL(), &ews.Options{Transport: mortal{x.As(x.Direct(), "svc"), &x.dead}, Limiter: limiter, Payer: "svc"})
	require.NoError(t, err)
	opts := &ewsmail.Options{Limiter: limiter, Payer: "svc", Ways: x.options.ways}
	var s driver.Strategy
	if x.options.impersonation {
		s, err = ewsmail.NewImpersonation(client, opts)
	} else {
		s, err = ewsmail.NewFullAccess(client, opts)
	}
	require.NoError(t, err)
	settings := quarantine.Options{}
	x.options.settings(&settings)
	if x.scene.journal {
		settings.Journal = mortalJournal{x.journal, &x.dead}
	}
	q, err := quarantine.New(s, vault, &settings)
	require.NoError(t, err)
	return q
}

var errCrashed = errors.New("the process has crashed")

// mortal sends nothing for a process that has crashed, and gives it no answer.
type mortal struct {
	next http.RoundTripper
	dead *atomic.Bool
}

func (m mortal) RoundTrip(r *http.Request) (*http.Response, error) {
	if m.dead.Load() {
		return nil, errCrashed
	}
	a, err := m.next.RoundTrip(r)
	if m.dead.Load() {
		return nil, errCrashed
	}
	return a, err
}

// mortalJournal keeps what it has when the process crashes.
type mortalJournal struct {
	quarantine.Journal
	dead *atomic.Bool
}

func (j mortalJournal) Begin(ctx context.Context, in quarantine.Intent) error {
	if j.dead.Load() {
		return errCrashed
	}
	return j.Journal.Begin(ctx, in)
}

func (j mortalJournal) Finish(ctx context.Context, operation string) error {
	if j.dead.Load() {
		return errCrashed
	}
	return j.Journal.Finish(ctx, operation)
}

func (x *exploration) tell(format string, args ...any) {
	x.story = append(x.story, fmt.Sprintf(format, args...))
}

func (x *exploration) report(what string, r *quarantine.Receipt, err error) {
	if err != nil {
		x.tell("%s: error: %v", what, err)
	}
	if r != nil {
		x.tell("%s: %s, err %v", what, r.Outcome(), r.Err())
		for _, it := range r.Items {
			x.tell("   %s way=%s residue=%q", it.Outcome, it.Way, it.Residue)
		}
	}
}

// where counts the messages that carry a tag: with the user, in quarantine, and
// put aside there. What lies in Recoverable Items does not count.
func (x *exploration) where(tag string) (user, taken, aside int) {
	for _, m := range append(x.Mailbox(alice).Messages(), x.Mailbox(vault).Messages()...) {
		if strings.HasPrefix(string(m.Distinguished), "recoverableitems") || !bytes.Contains(m.MIME, []byte(tag)) {
			continue
		}
		switch {
		case m.Mailbox == alice:
			user++
		case strings.HasPrefix(m.Folder, "/Surplus"):
			aside++
		default:
			taken++
		}
	}
	return user, taken, aside
}

// alive checks that a whole copy of each message exists.
func (x *exploration) alive(when string) {
	for tag := range x.before {
		if u, v, s := x.where(tag); u+v+s == 0 && !x.deleted {
			x.counted.lost++
			x.tell("LOST %s: %s", when, tag)
		}
	}
	if n := len(x.Notices()); n > x.counted.notices {
		x.counted.notices = n
		x.tell("NOTICES %s: %+v", when, x.Notices())
	}
}

// truthful checks that what a receipt calls done is done.
func (x *exploration) truthful(r *quarantine.Receipt, err error) {
	if err != nil || r.Err() != nil || x.copied > 0 || x.deleted || x.rivalUndo {
		return
	}
	for tag := range x.before {
		u, v, _ := x.where(tag)
		switch o := r.Outcome(); {
		case o == quarantine.NotFound && u+v > 0 && v == 0:
			if u > 0 && x.scene.direction == driver.ToQuarantine {
				x.untrue("notFound, but %s is with the user", tag)
			}
		case (o == quarantine.Quarantined || o == quarantine.AlreadyQuarantined) && (u != 0 || v != 1),
			(o == quarantine.Restored || o == quarantine.AlreadyRestored) && (u != 1 || v != 0):
			x.untrue("%s, but %s is at %d and %d", o, tag, u, v)
		}
	}
}

func (x *exploration) untrue(format string, args ...any) {
	x.counted.untrue++
	x.tell("UNTRUE: "+format, args...)
}

// rest lets everything come to rest, lets the recovery and a second run settle it,
// and counts.
func (x *exploration) rest(t *testing.T, ask func(*quarantine.Service) (*quarantine.Receipt, error)) {
	x.ClearFaults()
	time.Sleep(3 * time.Hour)
	s := x.newService(t, x.options)
	for range 3 {
		for r, err := range s.Recover(t.Context()) {
			x.report("recovery", r, err)
		}
		x.alive("after the recovery")
		time.Sleep(time.Hour)
	}
	var r *quarantine.Receipt
	var err error
	for range 2 {
		r, err = ask(s)
		x.report("asked again", r, err)
		x.alive("when asked again")
		if err == nil && r.Err() == nil {
			break
		}
		time.Sleep(time.Hour)
	}
	if open, _ := x.journal.Open(t.Context()); len(open) > 0 {
		x.untrue("the journal has %d intents at rest", len(open))
	}
	told := err != nil || r.Err() != nil
	for tag := range x.before {
		u, v, s := x.where(tag)
		at, other := v, u
		if x.scene.direction == driver.ToUser {
			at, other = u, v
		}
		switch {
		case x.rivalUndo && u+v == 1: // the other direction may have been the last
		case x.deleted && u+v+s <= 1, x.copied > 0 && at >= 1 && at <= 1+x.copied && other == 0:
		case u+v > 1+x.copied:
			x.counted.doubled++
			x.tell("DOUBLED: %s is at %d and %d", tag, u, v)
		case (at != 1 || other != 0) && !told:
			x.untrue("in the end %s is at %d and %d, and nobody says so", tag, u, v)
		case (at != 1 || other != 0) && !x.deleted:
			x.untrue("in the end %s is at %d and %d", tag, u, v)
		}
	}
}

// TestExploreSingles lets each deviation happen at each call of each scene: with
// -whole; without it, a part that is another one for each scene and deviation.
func TestExploreSingles(t *testing.T) {
	t.Parallel()
	var scenes []exploredScene
	for access := range accesses {
		for i, direction := range []driver.Direction{driver.ToQuarantine, driver.ToUser} {
			scenes = append(scenes,
				exploredScene{access, direction, 1, 0, true},
				exploredScene{access, direction, 1, 0, false},
				exploredScene{access, direction, 2, 30, (access+i)%2 == 0})
		}
	}
	var mu sync.Mutex
	var sum findings
	histories := 0
	t.Run("scenes", func(t *testing.T) {
		for number, scene := range scenes {
			t.Run(scene.String(), func(t *testing.T) {
				t.Parallel()
				calls := scene.calls(t)
				for i, d := range deviations {
					for nth := range calls {
						for _, after := range []bool{false, true} {
							if d.once && after || !*whole && (nth+7*i+3*number)%181 != 0 {
								continue
							}
							var x *exploration
							synctest.Test(t, func(t *testing.T) {
								x = &exploration{scene: scene, change: d, nth: nth, after: after}
								x.run(t)
							})
							mu.Lock()
							histories++
							sum.lost, sum.doubled, sum.untrue, sum.notices = sum.lost+x.counted.lost, sum.doubled+x.counted.doubled, sum.untrue+x.counted.untrue, sum.notices+x.counted.notices
							mu.Unlock()
							if x.counted != (findings{}) {
								t.Errorf("%s: %s at call %d, after=%t\n  %s", scene, d.name, nth, after, strings.Join(x.story, "\n  "))
							}
						}
					}
				}
			})
		}
	})
	t.Logf("explore: worlds=%d deviations=%d histories=%d lost=%d doubled=%d untrue=%d notices=%d",
		len(scenes), len(deviations), histories, sum.lost, sum.doubled, sum.untrue, sum.notices)
}

// calls returns how many calls the run makes if nothing goes differently.
func (s exploredScene) calls(t *testing.T) (n int) {
	synctest.Test(t, func(t *testing.T) {
		x := &exploration{scene: s}
		ask := x.begin(t)
		x.ResetRequests()
		r, err := ask(x.process(t))
		require.NoError(t, err)
		require.NoError(t, r.Err())
		n = len(x.Requests())
	})
	return n
}
