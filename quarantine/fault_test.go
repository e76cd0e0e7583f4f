package quarantine_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// blow is something that goes wrong at one call.
type blow struct {
	name string
	// strike arranges for it to happen at the n-th request from now.
	strike func(w *world, n int)
	// injected means that the server reports when it strikes.
	injected bool
	// only is the operation that it can happen to; empty: any.
	only ews.Operation
	// astray means that the mailbox is gone afterwards, with everything in it.
	astray bool
}

// at returns the blow limited to an operation, to which its fault is limited, too.
func (b blow) at(only ews.Operation) blow {
	b.only = only
	return b
}

func faulty(name string, f ewstest.Fault) blow {
	return blow{name: name, injected: true, strike: func(w *world, n int) { w.FailAt(n, f) }}
}

// lasting returns a blow with a fault that stays for the given number of requests.
func lasting(name string, f ewstest.Fault, times int) blow {
	return blow{name: name, injected: true, strike: func(w *world, n int) {
		for i := range times {
			w.FailAt(n+i, f)
		}
	}}
}

// atRequest returns a blow that runs something when its request arrives.
func atRequest(name string, astray bool, do func(w *world)) blow {
	return blow{name: name, astray: astray, strike: func(w *world, n int) {
		start, struck := len(w.Requests()), false
		w.OnRequest(func(int, *ewstest.Request) {
			if !struck && len(w.Requests()) == start+n+1 {
				struck = true
				do(w)
			}
		})
	}}
}

const backOff = 5 * time.Minute

// blows holds everything reported in the issue trackers of similar products and
// in the server's documentation.
var blows = []blow{
	faulty("cut before the server acted", ewstest.DropBefore),
	faulty("cut after the server acted", ewstest.DropAfter),
	faulty("answer breaks off", ewstest.CutResponse),
	faulty("503", ewstest.Unavailable),
	faulty("503 with Retry-After", ewstest.Unavailable.BackOff(backOff)),
	faulty("busy: fault with back-off", ewstest.Busy.BackOff(backOff)),
	faulty("busy: message with back-off", ewstest.BusyItem.BackOff(backOff)),
	faulty("busy: inner error", ewstest.BusyInner),
	faulty("ErrorInternalServerTransientError", ewstest.MemberCode("ErrorInternalServerTransientError")),
	faulty("ErrorInternalServerError fault", ewstest.FaultCode("ErrorInternalServerError")),
	faulty("ErrorTimeoutExpired", ewstest.MemberCode("ErrorTimeoutExpired")),
	faulty("ErrorMoveCopyFailed", ewstest.MemberCode("ErrorMoveCopyFailed")),
	faulty("ErrorMoveCopyFailed, copy left", ewstest.MoveFailedCopyLeft).at(ews.OpMoveItem),
	faulty("ErrorIrresolvableConflict", ewstest.StaleChangeKey),
	faulty("ErrorCrossMailboxMoveCopy", ewstest.CrossMailboxRefused),
	faulty("ErrorAccessDenied", ewstest.MemberCode("ErrorAccessDenied")),
	faulty("ErrorQuotaExceeded", ewstest.MemberCode("ErrorQuotaExceeded")),
	faulty("truncated export", ewstest.TruncatedExport).at(ews.OpExportItems),
	faulty("truncated export, encoded", ewstest.TruncatedExportEncoded).at(ews.OpExportItems),
	faulty("truncated export, at the end", ewstest.TruncatedExportAfter).at(ews.OpExportItems),
	faulty("mailbox moving", ewstest.MailboxMoving),
	faulty("HTML page", ewstest.HTMLPage),
	faulty("empty body", ewstest.EmptyBody),
	lasting("cut before, for long", ewstest.DropBefore, 40),
	lasting("cut after, for long", ewstest.DropAfter, 40),
	lasting("busy, for long", ewstest.Busy.BackOff(backOff), 40),
	lasting("ErrorInternalServerError, for long", ewstest.FaultCode("ErrorInternalServerError"), 40),
	lasting("ErrorQuotaExceeded, for long", ewstest.MemberCode("ErrorQuotaExceeded"), 40),
	lasting("ErrorAccessDenied, for long", ewstest.MemberCode("ErrorAccessDenied"), 40),
	lasting("truncated export, for long", ewstest.TruncatedExport, 40).at(ews.OpExportItems),
	atRequest("user moved the item", false, func(w *world) { w.relocate(alice, "/Inbox/Elsewhere") }),
	atRequest("quarantine full", false, func(w *world) { w.Mailbox(vault).SetQuota(1) }),
	atRequest("mailbox moved away", true, func(w *world) { w.Mailbox(alice).Remove(false) }),
	atRequest("mailbox moving away", true, func(w *world) { w.Mailbox(alice).Remove(true) }),
}

// relocate moves the message, if it is in that mailbox, as its owner would.
func (w *world) relocate(mailbox, folder string) {
	box := w.Mailbox(mailbox)
	to := box.AddFolder(box.Folder(ews.FolderInbox), strings.TrimPrefix(folder, "/Inbox/"))
	for _, m := range w.in(mailbox, w.id) {
		box.MoveMessage(m.ID, to)
	}
}

const theID = "<theMessage@evil.example>"

// tally counts over many trials.
type tally struct {
	mu                               sync.Mutex
	points, lost, doubled, noticed   int
	lies                             int // receipts that say something untrue
	quarantined, refused, failed, no int
}

// TestFaultMatrix strikes each blow at each call of a quarantine and of a restore,
// for each access and way. Without -whole, each row plays a fifth of the blows,
// each at one call, and not always the same one.
func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	totals := make([]*tally, len(blows))
	for i := range totals {
		totals[i] = &tally{}
	}
	t.Run("points", func(t *testing.T) {
		row := 0
		for _, a := range accesses {
			for _, direction := range []driver.Direction{driver.ToQuarantine, driver.ToUser} {
				for _, id := range []string{theID, ""} {
					row++
					row := row // a copy for this row
					t.Run(fmt.Sprintf("%s/%s/id=%t", a.name, direction, id != ""), func(t *testing.T) {
						t.Parallel()
						calls := trial{access: a.worldOptions, direction: direction, id: id}.undisturbed(t)
						for i, b := range blows {
							points := b.points(calls)
							switch {
							case !*whole && (row+i)%5 != 0:
								points = nil
							case !*whole && len(points) > 0:
								points = points[(row+i)/5%len(points):][:1]
							}
							for _, n := range points {
								synctest.Test(t, func(t *testing.T) {
									trial{a.worldOptions, direction, id, b, n, totals[i]}.run(t)
								})
								if t.Failed() {
									break
								}
							}
						}
					})
				}
			}
		}
	})
	var out strings.Builder
	tw := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "fault\tpoints\tdone at once\trefused\tfailed\tnot begun\tlost\tdoubled\tnotices\tuntrue receipts")
	var sum tally
	for i, x := range totals {
		fmt.Fprintf(tw, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n", blows[i].name, x.points, x.quarantined, x.refused, x.failed, x.no, x.lost, x.doubled, x.noticed, x.lies)
		sum.points += x.points
		if x.points == 0 {
			t.Errorf("%s never struck", blows[i].name)
		}
		sum.lost, sum.doubled, sum.noticed, sum.lies = sum.lost+x.lost, sum.doubled+x.doubled, sum.noticed+x.noticed, sum.lies+x.lies
	}
	fmt.Fprintf(tw, "all\t%d\t\t\t\t\t%d\t%d\t%d\t%d\n", sum.points, sum.lost, sum.doubled, sum.noticed, sum.lies)
	tw.Flush()
	t.Log("\n" + out.String())
	if sum.lost+sum.doubled+sum.noticed+sum.lies > 0 {
		t.Error("see the table")
	}
}

// trial is one blow at one call.
type trial struct {
	access    worldOptions
	direction driver.Direction
	id        string // Message-ID; empty: it has none, and criteria describe it
	blow      blow
	n         int
	tally     *tally
}

// undisturbed returns the calls of a run without a blow.
func (tr trial) undisturbed(t *testing.T) (calls []ews.Operation) {
	synctest.Test(t, func(t *testing.T) {
		w, _, ask := tr.begin(t)
		start := len(w.Requests())
		r, err := ask(w.service)
		require.NoError(t, err)
		require.NoError(t, r.Err())
		for _, q := range w.Requests()[start:] {
			calls = append(calls, q.Operation)
		}
	})
	return calls
}

// points returns the calls of an undisturbed run at which the blow can fall.
func (b blow) points(calls []ews.Operation) (all []int) {
	for n, op := range calls {
		if b.only == "" || b.only == op {
			all = append(all, n)
		}
	}
	return all
}

// begin returns a world with the message, the message as it was at first, and what
// is asked of a service there.
func (tr trial) begin(t *testing.T) (w *world, before *ewstest.Message, ask func(*quarantine.Service) (*quarantine.Receipt, error)) {
	w = newWorld(t, tr.options())
	w.id = tr.id
	box := w.Mailbox(alice)
	box.DeliverWith(eml(tr.id, "Invoice", "Disposition-Notification-To: mallory@evil.example", attached("invoice.pdf")),
		ewstest.Delivery{Folder: box.AddFolder(box.Folder(ews.FolderInbox), "Projects"), Received: time.Date(2026, 11, 20, 8, 30, 0, 0, time.UTC)})
	before = w.in(alice, tr.id)[0]
	target := quarantine.Target{Mailbox: alice, MessageID: tr.id, Reason: "phishing"}
	if tr.id == "" {
		target.Criteria = quarantine.Criteria{Sender: "mallory@evil.example", Subject: "invoice"}
	}
	if tr.direction == driver.ToQuarantine {
		return w, before, func(s *quarantine.Service) (*quarantine.Receipt, error) { return s.Quarantine(t.Context(), target) }
	}
	receipt, err := w.service.Quarantine(t.Context(), target)
	require.NoError(t, err)
	require.NoError(t, receipt.Err())
	return w, before, func(s *quarantine.Service) (*quarantine.Receipt, error) { return s.Restore(t.Context(), receipt) }
}

func (tr trial) options() worldOptions {
	o := tr.access
	o.settings = func(s *quarantine.Options) { s.Wait, s.CriteriaSearch = 2*time.Second, true }
	return o
}

// run strikes the blow, and judges.
func (tr trial) run(t *testing.T) {
	w, before, ask := tr.begin(t)
	start := len(w.Requests())
	tr.blow.strike(w, tr.n)
	r, err := ask(w.service)
	made := w.Requests()[start:]
	if len(made) <= tr.n || tr.blow.injected && made[tr.n].Fault == "" {
		t.Errorf("%s did not strike at call %d of %d", tr.blow.name, tr.n, len(made))
		return
	}
	fail := func(count *int, format string, args ...any) {
		tr.tally.mu.Lock()
		*count++
		tr.tally.mu.Unlock()
		t.Errorf("%s at call %d: %s", tr.blow.name, tr.n, fmt.Sprintf(format, args...))
		for i, q := range w.Requests()[start:] {
			t.Logf("  %d %s as %q acted=%t %s [%s]", i, q.Operation, q.Impersonated, q.Acted, q.Code, q.Fault)
		}
		if r != nil {
			for _, it := range r.Items {
				t.Logf("  receipt: %s way=%s err=%v residue=%q", it.Outcome, it.Way, it.Err, it.Residue)
			}
		}
		t.Logf("  error: %v", err)
	}
	tr.tally.mu.Lock()
	tr.tally.points++
	tr.tally.mu.Unlock()
	tr.honest(w, r, err, fail)
	if tr.blow.astray {
		if len(w.in(alice, tr.id))+len(w.in(vault, tr.id)) == 0 {
			fail(&tr.tally.lost, "no copy is left")
		}
		w.Mailbox(alice).Restore()
	}

	// The caller asks again once all is well.
	w.ClearFaults()
	w.Mailbox(vault).SetQuota(0)
	time.Sleep(time.Hour)
	second := w.newService(t, tr.options())
	for rr, rerr := range second.Recover(t.Context()) {
		require.NoError(t, rerr)
		if rr.Err() != nil {
			fail(&tr.tally.lies, "recovery: %v", rr.Err())
		}
	}
	if open, _ := openIntents(t.Context(), w.journal); len(open) > 0 {
		fail(&tr.tally.lies, "the journal has %d open intents after recovery", len(open))
	}
	if r, err = ask(second); err != nil || r.Err() != nil || !r.Outcome().Done() {
		fail(&tr.tally.lies, "run again: %v", err)
		return
	}
	end, other := vault, alice
	if tr.direction == driver.ToUser {
		end, other = alice, vault
	}
	copies := w.in(end, tr.id)
	switch total := len(copies) + len(w.in(other, tr.id)); {
	case total == 0:
		fail(&tr.tally.lost, "in the end no copy is left")
		return
	case total > 1:
		fail(&tr.tally.doubled, "in the end there are %d copies", total)
		return
	case len(copies) != 1:
		fail(&tr.tally.lies, "in the end the copy is at the wrong end")
		return
	}
	if len(w.Notices()) > 0 {
		fail(&tr.tally.noticed, "notices: %+v", w.Notices())
	}
	if tr.direction == driver.ToUser {
		if diffs := fidelity(before, copies[0], quarantine.WayMIME); len(diffs) > 0 {
			fail(&tr.tally.lost, "the message came back with %q", diffs)
		}
		if stamped(copies[0]) {
			fail(&tr.tally.lies, "the message came back with a stamp")
		}
	}
}

// honest checks that what the receipt says is true.
func (tr trial) honest(w *world, r *quarantine.Receipt, err error, fail func(*int, string, ...any)) {
	atUser, inVault := w.in(alice, tr.id), w.in(vault, tr.id)
	from, to := atUser, inVault
	if tr.direction == driver.ToUser {
		from, to = inVault, atUser
	}
	if len(atUser)+len(inVault) == 0 {
		fail(&tr.tally.lost, "no copy is left")
		return
	}
	count := func(c *int) {
		tr.tally.mu.Lock()
		*c++
		tr.tally.mu.Unlock()
	}
	if err != nil {
		count(&tr.tally.no)
		if len(from) != 1 || len(to) != 0 {
			fail(&tr.tally.lies, "nothing could be asked, but the message is at %d and %d", len(from), len(to))
		}
		return
	}
	switch o := r.Outcome(); o {
	case quarantine.Quarantined, quarantine.Restored:
		count(&tr.tally.quarantined)
		if len(from) != 0 || len(to) != 1 {
			fail(&tr.tally.lies, "%s, but the message is at %d and %d", o, len(from), len(to))
		}
	case quarantine.Refused:
		count(&tr.tally.refused)
		if len(from) != 1 || len(to) != 0 {
			fail(&tr.tally.lies, "%s, but the message is at %d and %d", o, len(from), len(to))
		}
	case quarantine.Failed:
		count(&tr.tally.failed)
		if r.Err() == nil {
			fail(&tr.tally.lies, "%s without an error", o)
		}
	default:
		if r.Err() == nil && !tr.blow.astray {
			fail(&tr.tally.lies, "outcome %s", o)
		}
		count(&tr.tally.failed)
	}
}
