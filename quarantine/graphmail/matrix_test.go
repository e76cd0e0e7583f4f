package graphmail_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// blow is something that goes wrong at the n-th request.
type blow struct {
	name   string
	strike func(s *scene, p *process, n int)
}

func faulty(f graphtest.Fault, times int) blow {
	return blow{fmt.Sprintf("%s, %d times", f.Name, times), func(s *scene, _ *process, n int) {
		s.w.Fail(graphtest.When{Skip: n, Times: times}, f)
	}}
}

// atRequest runs something at the n-th request, before or after it has been carried out.
func atRequest(name string, after bool, do func(s *scene, p *process)) blow {
	return blow{name, func(s *scene, p *process, n int) {
		var mu sync.Mutex
		seen := 0
		hook := func(int, *graphtest.Request) {
			mu.Lock()
			seen++
			now := seen == n+1
			mu.Unlock()
			if now {
				do(s, p)
			}
		}
		if after {
			s.w.OnResponse(hook)
		} else {
			s.w.OnRequest(hook)
		}
	}}
}

func userMoves(s *scene, _ *process) {
	s.moved = true
	box := s.w.Mailbox(alice)
	for _, m := range s.w.in(alice, theID) {
		box.MoveMessage(m.ID, box.AddFolder(nil, "Elsewhere"))
	}
}

func dies(_ *scene, p *process) { p.dead.Store(true) }

func rival(s *scene, _ *process) {
	s.w.OnRequest(nil)
	s.w.OnResponse(nil)
	s.rivals()
}

var blows = []blow{
	faulty(graphtest.DropBefore, 1), faulty(graphtest.DropAfter, 1), faulty(graphtest.CutAnswer, 1),
	faulty(graphtest.Unavailable, 1), faulty(graphtest.Unavailable.Acted(), 1), faulty(graphtest.GatewayTimeout, 1), faulty(graphtest.Conflict, 1),
	faulty(graphtest.Throttled(5*time.Minute), 1), faulty(graphtest.Throttled(0), 1),
	faulty(graphtest.Status(500, "ErrorInternalServerError").Acted(), 1), faulty(graphtest.Status(403, "ErrorAccessDenied"), 1),
	faulty(graphtest.Status(404, "ErrorItemNotFound"), 1), faulty(graphtest.Status(507, "ErrorQuotaExceeded"), 1),
	faulty(graphtest.Status(502, "").Body("<html>proxy</html>"), 1), faulty(graphtest.CreatesNothing, 1), faulty(graphtest.ExportCut, 1),
	faulty(graphtest.Status(200, "").Body("{}"), 1), faulty(graphtest.Status(200, "").Body(`{"error":{"code":"ErrorServerBusy"}}`).Acted(), 1), faulty(graphtest.Status(200, "").Body("{}"), 60),
	faulty(graphtest.DropBefore, 60), faulty(graphtest.DropAfter, 60), faulty(graphtest.Unavailable, 60), faulty(graphtest.Throttled(time.Minute), 20),
	faulty(graphtest.Status(403, "ErrorAccessDenied"), 60),
	atRequest("the process dies before", false, dies), atRequest("the process dies after", true, dies),
	atRequest("the user moves it", false, userMoves), atRequest("a rival", false, rival), atRequest("the session is over", false, func(s *scene, _ *process) { s.w.ExpireImports() }),
}

// TestMatrix lets each blow fall at each request of a quarantine and of a restore;
// without -whole, at a few of them, which vary.
func TestMatrix(t *testing.T) {
	t.Parallel()
	matrix(t, blows, modes...)
}

// TestMatrixInPart is TestMatrix for a message that is made anew with several requests.
func TestMatrixInPart(t *testing.T) {
	t.Parallel()
	matrix(t, []blow{
		atRequest("the process dies before", false, dies), atRequest("the process dies after", true, dies),
		faulty(graphtest.DropAfter, 1), faulty(graphtest.GatewayTimeout, 1), faulty(graphtest.Unavailable.Acted(), 1),
	}, madeInPart)
}

// matrix is TestMatrix for the given blows and modes.
func matrix(t *testing.T, blows []blow, modes ...mode) {
	type count struct{ points, lost, doubled, notices, untrue int }
	totals := make([]count, len(blows))
	var mu sync.Mutex
	t.Run("points", func(t *testing.T) {
		for _, at := range occasions(t, len(blows), *every, modes...) {
			b := blows[at.thing]
			t.Run(at.name()+"/"+b.name, func(t *testing.T) {
				t.Parallel()
				for _, n := range at.requests {
					synctest.Test(t, func(t *testing.T) {
						wrong := play(t, at.mode, at.direction, b, n)
						mu.Lock()
						defer mu.Unlock()
						c := &totals[at.thing]
						c.points++
						for _, kind := range wrong {
							switch {
							case strings.HasPrefix(kind, "lost"):
								c.lost++
							case strings.HasPrefix(kind, "doubled"):
								c.doubled++
							case strings.HasPrefix(kind, "notices"):
								c.notices++
							default:
								c.untrue++
							}
							t.Errorf("%s at %s: %s", b.name, at.at(n), kind)
						}
					})
				}
			})
		}
	})
	var out strings.Builder
	tw := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "fault\tpoints\tlost\tdoubled\tnotices\tuntrue")
	var all count
	for i, c := range totals {
		fmt.Fprintf(tw, "%s\t%d\t%d\t%d\t%d\t%d\n", blows[i].name, c.points, c.lost, c.doubled, c.notices, c.untrue)
		all = count{all.points + c.points, all.lost + c.lost, all.doubled + c.doubled, all.notices + c.notices, all.untrue + c.untrue}
		assert.True(t, c.points > 0 || partly(), "%s never struck", blows[i].name)
	}
	fmt.Fprintf(tw, "all\t%d\t%d\t%d\t%d\t%d\n", all.points, all.lost, all.doubled, all.notices, all.untrue)
	tw.Flush()
	t.Log("\n" + out.String())
}

// undisturbed returns how many requests a run makes.
func undisturbed(t *testing.T, m mode, direction driver.Direction) (n int) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, m, direction, nil)
		r, err := s.ask(t, s.process(t))
		assert.NoError(t, err)
		assert.NoError(t, r.Err())
		n = len(s.w.Requests())
	})
	return n
}

// play lets a blow fall, and returns what is wrong afterwards.
func play(t *testing.T, m mode, direction driver.Direction, b blow, n int) (wrong []string) {
	s := newScene(t, m, direction, nil)
	s.rivals = func() { s.rival(t) }
	p := s.process(t)
	b.strike(s, p, n)
	r, err := s.ask(t, p)
	if !p.dead.Load() && b.name != "a rival" && !s.people {
		if text := s.honest(r, err); text != "" {
			wrong = append(wrong, text)
		}
	}
	if text := s.settle(t); text != "" {
		wrong = append(wrong, text)
	}
	if s.people {
		if text := s.unfounded(b); text != "" {
			wrong = append(wrong, text)
		}
	}
	if len(wrong) > 0 {
		t.Logf("receipt: %v %v", err, receiptOf(r))
		for i, q := range s.w.Requests() {
			if i > 250 {
				break
			}
			t.Logf("  %d %s part=%t %s acted=%t %d %s [%s]", i, q.Operation, q.Part, q.Mailbox, q.Acted, q.Status, q.Code, q.Fault)
		}
	}
	return wrong
}

func receiptOf(r *quarantine.Receipt) string {
	if r == nil {
		return ""
	}
	var b strings.Builder
	for _, it := range r.Items {
		fmt.Fprintf(&b, "%s way=%s err=%v residue=%q; ", it.Outcome, it.Way, it.Err, it.Residue)
	}
	return b.String()
}
