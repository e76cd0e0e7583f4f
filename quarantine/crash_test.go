//go:build unix

package quarantine_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// With -whole, every call of every way is struck, but not in every phase, and
// there is one kind of restore per way instead of two; without it, only part of
// that. With -crash.all there are some 2,000 points, which take a few minutes:
//
//	go test ./quarantine -run Crash -crash.all -v -timeout 1h
var crashAll = flag.Bool("crash.all", false, "kill the process in every phase of every call")

// leastPoints is the minimum number of points in the matrix.
const leastPoints = 300

var crashAccesses = []crashAccess{
	{"full access, move", false, quarantine.WayMove, ewstest.Exchange2016, false},
	{"full access, transfer", false, quarantine.WayTransfer, ewstest.Exchange2016, false},
	{"full access, MIME", false, quarantine.WayMIME, ewstest.Exchange2016, false},
	{"impersonation, transfer", true, quarantine.WayTransfer, ewstest.Exchange2016, false},
	{"impersonation, MIME", true, quarantine.WayMIME, ewstest.Exchange2016, false},
	{"full access, move, by criteria", false, quarantine.WayMove, ewstest.Exchange2016, true},
	{"impersonation, transfer, by criteria", true, quarantine.WayTransfer, ewstest.Exchange2016, true},
}

// oldAccesses are servers that cannot suppress a receipt in the call that would
// send it.
var oldAccesses = []crashAccess{
	{"full access, move, Exchange 2010", false, quarantine.WayMove, ewstest.Exchange2010SP3, false},
	{"impersonation, transfer, Exchange 2010", true, quarantine.WayTransfer, ewstest.Exchange2010SP3, false},
	{"impersonation, MIME, Exchange 2010", true, quarantine.WayMIME, ewstest.Exchange2010SP3, false},
}

// errandKind is one row of the matrix.
type errandKind struct {
	crashAccess
	action   action
	receipts bool // restores from a receipt
}

func (k errandKind) String() string {
	what := string(k.action)
	if k.receipts {
		what += " from receipt"
	}
	return k.name + ", " + what
}

func errandKinds() []errandKind {
	var kinds []errandKind
	all := crashAccesses
	if *crashAll {
		all = append(slices.Clone(all), oldAccesses...)
	}
	for i, a := range all {
		kinds = append(kinds, errandKind{a, quarantining, false})
		if fromItem := i%2 == 1; *crashAll || fromItem {
			kinds = append(kinds, errandKind{a, restoring, false})
		}
		if fromReceipt := i%2 == 0; *crashAll || fromReceipt {
			kinds = append(kinds, errandKind{a, restoring, true})
		}
	}
	return kinds
}

// deathBlow ends a process: from outside in a call to the server, or by the
// process itself at a write to the journal.
type deathBlow struct {
	*strike
	at moment
}

func (b deathBlow) phase() phase {
	if b.strike == nil {
		return inJournal
	}
	return b.strike.phase
}

// call names the call, or the write to the journal.
func (b deathBlow) call() string {
	switch {
	case b.strike == nil:
		return "journal"
	case b.operation == "":
		return fmt.Sprintf("write %d", b.nth+1)
	}
	return fmt.Sprintf("%s %d", b.operation, b.nth+1)
}

func (b deathBlow) String() string {
	switch {
	case b.strike == nil:
		return "journal, " + string(b.at)
	case b.after > 0:
		return fmt.Sprintf("%s, %s (%d bytes)", b.call(), b.strike.phase, b.after)
	}
	return fmt.Sprintf("%s, %s", b.call(), b.strike.phase)
}

// deathBlows returns the points at which a run with these steps can be ended. By
// default, calls that only read are struck in fewer phases, as nothing but the
// answer depends on the phase, and not at all under full access by transfer or
// MIME, which has the same calls as impersonation.
func (k errandKind) deathBlows(steps []step) []deathBlow {
	all := []deathBlow{{at: beforeBegin}, {at: afterBegin}, {at: beforeFinish}, {at: afterFinish}}
	add := func(s step, p phase, after int) {
		all = append(all, deathBlow{strike: &strike{s.operation, s.nth, p, after}})
	}
	for _, s := range steps {
		writes := isWrite[s.operation]
		if !writes && !k.impersonation && k.way != quarantine.WayMove && !*crashAll {
			continue
		}
		add(s, sent, 0)
		if writes {
			add(s, acted, 0)
		}
		if writes || s.operation == ews.OpExportItems || *crashAll {
			add(s, partAnswered, 0)
		}
		add(s, answered, 0)
		switch {
		case s.streamed:
			add(s, partSent, s.length/8)
			add(s, partSent, s.length/2)
			add(s, partSent, s.length-16)
		case *crashAll:
			add(s, partSent, s.length/2)
		}
		if writes && *crashAll {
			add(s, sentAndActs, 0)
		}
	}
	return all
}

// crash is one point of the matrix.
type crash struct {
	kind   errandKind
	first  deathBlow
	second *deathBlow // ends the process that recovers and asks again
	// elsewhere means that the end is also settled in another process.
	elsewhere bool
}

// String returns the name of the point.
func (c crash) String() string {
	s := fmt.Sprintf("%s: %s", c.kind, c.first)
	if c.second != nil {
		s += fmt.Sprintf("; then %s", c.second)
	}
	return s
}

// wreck is what a crash left, and what became of it.
type wreck struct {
	crash
	left   string // where the message was after the kill
	missed bool   // the second deathBlow never fell: that process had finished
	aftermath
}

// errNotReached is returned if the process did not reach the point: on a busy machine,
// a message that was not sent in time is marked again, or given up. See shortDoubt.
var errNotReached = errors.New("the point was not reached")

// run plays the crash. Doubt is the WriteDoubt of processes that are killed.
func (c crash) run(ctx context.Context, doubt time.Duration) (_ *wreck, err error) {
	dir, err := os.MkdirTemp("", "crash")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := newScene(ctx, dir, c.kind.crashAccess, c.kind.action, 1, doubt)
	if err != nil {
		return nil, err
	}
	defer s.close()

	w := &wreck{crash: c}
	first := s.ask(c.kind.receipts)
	if struck, err := s.fell(ctx, first, c.first); err != nil {
		return nil, err
	} else if !struck {
		return nil, fmt.Errorf("the process came to its end before it: %w", errNotReached)
	}
	for _, copies := range s.look() {
		w.left = s.end(copies)
	}
	if c.second != nil {
		second := s.ask(c.kind.receipts)
		second.Recover = true
		struck, err := s.fell(ctx, second, *c.second)
		if err != nil {
			return nil, err
		}
		w.missed = !struck
	}
	w.aftermath, err = s.settled(ctx, c.kind.receipts, c.elsewhere)
	return w, err
}

// fell runs an errand in a process that the deathBlow ends. It reports whether the
// deathBlow fell.
func (s *scene) fell(ctx context.Context, e errand, b deathBlow) (bool, error) {
	e.DieAt, e.Doubt = b.at, s.doubt
	d, err := s.runChild(ctx, e, b.strike)
	switch {
	case err != nil:
		return false, err
	case !d.killed:
		return false, nil
	case d.struck != (b.strike != nil):
		return false, fmt.Errorf("the process was killed at another: %w", errNotReached)
	}
	return true, nil
}

// Where a message was after the kill.
const (
	atSource      = "source"
	atBoth        = "both"
	atDestination = "destination"
	nowhere       = "nowhere"
)

func (s *scene) end(c sightings) string {
	from, to := len(c.home), len(c.vault)
	if s.action == restoring {
		from, to = to, from
	}
	switch {
	case from > 0 && to > 0:
		return atBoth
	case from > 0:
		return atSource
	case to > 0:
		return atDestination
	}
	return nowhere
}

// undisturbed runs an errand without a crash and returns its calls.
func (k errandKind) undisturbed(ctx context.Context, dir string) ([]step, error) {
	s, err := newScene(ctx, dir, k.crashAccess, k.action, 1, longDoubt)
	if err != nil {
		return nil, err
	}
	defer s.close()
	d, err := s.runChild(ctx, s.ask(k.receipts), nil)
	if err != nil {
		return nil, err
	}
	v := s.judge(allArrived)
	s.judgeReport(&v, "the undisturbed run", d.report, d.report.Done)
	for _, r := range d.report.Done {
		if way := r.Items[0].Way; way != k.way {
			v.problem("the way is %s", way)
		}
	}
	if len(v.problems) > 0 {
		return nil, errors.New(strings.Join(v.problems, "; "))
	}
	return d.steps, nil
}

// runAll runs crashes, a few at a time, and fails the test for each that did
// harm. It returns the wrecks in the order of the arguments.
func runAll(t *testing.T, crashes []crash) []*wreck {
	t.Helper()
	wrecks := make([]*wreck, len(crashes))
	var group errgroup.Group
	group.SetLimit(2 * runtime.GOMAXPROCS(0))
	for i, c := range crashes {
		group.Go(func() error {
			doubt := shortDoubt
			w, err := c.run(t.Context(), doubt)
			for doubt < mostDoubt && errors.Is(err, errNotReached) {
				doubt *= 4
				w, err = c.run(t.Context(), doubt)
			}
			if err != nil {
				t.Errorf("%s: %v", c, err)
				return nil
			}
			for _, p := range w.problems {
				t.Errorf("%s (left at %s): %s", c, w.left, p)
			}
			wrecks[i] = w
			return nil
		})
	}
	_ = group.Wait()
	return slices.DeleteFunc(wrecks, func(w *wreck) bool { return w == nil })
}

// part returns a few of the points of the row-th kind: about a fortieth of a third of the
// phases, at least one, at calls and in phases that differ from row to row. Decisive adds
// the points that certainly leave the item at both ends, and at its destination.
func part(points []deathBlow, row int, decisive bool) (some []deathBlow) {
	const step = 40
	byPhase := make(map[phase][]deathBlow)
	for _, b := range points {
		byPhase[b.phase()] = append(byPhase[b.phase()], b)
	}
	for n, p := range slices.Sorted(maps.Keys(byPhase)) {
		if (row+n)%3 != 0 {
			continue
		}
		all := byPhase[p]
		for i := row % min(step, len(all)); i < len(all); i += step {
			some = append(some, all[i])
		}
	}
	more := slices.DeleteFunc(slices.Clone(points), func(b deathBlow) bool { return !decisive || !b.decisive() || slices.Contains(some, b) })
	return append(some, more...)
}

// TestCrashMatrix kills a process that quarantines or restores at every point,
// and has another one recover and ask again.
func TestCrashMatrix(t *testing.T) {
	t.Parallel()
	var crashes []crash
	ways := make(map[quarantine.Way]bool)
	for row, kind := range errandKinds() {
		steps, err := kind.undisturbed(t.Context(), t.TempDir())
		require.NoError(t, err, "%s", kind)
		points := kind.deathBlows(steps)
		if !wholeCrash() {
			points, ways[kind.way] = part(points, row, !ways[kind.way]), true
		}
		for _, b := range points {
			// One in twelve is also settled in a separate process, which makes no
			// difference but takes twice as long.
			crashes = append(crashes, crash{kind: kind, first: b, elsewhere: len(crashes)%12 == 0})
		}
	}
	wrecks := runAll(t, crashes)
	t.Logf("by call:\n%s", crashTable(wrecks, func(w *wreck) []string { return []string{w.kind.String(), w.first.call()} }, "ERRAND", "CALL"))
	t.Logf("by phase:\n%s", crashTable(wrecks, func(w *wreck) []string { return []string{string(w.first.phase())} }, "PHASE"))
	t.Logf("in all:\n%s", crashTable(wrecks, func(w *wreck) []string { return []string{w.kind.String()} }, "ERRAND"))

	distinct := make(map[string]bool)
	left := make(map[quarantine.Way]map[string]int)
	struck := make(map[quarantine.Way]map[ews.Operation]bool)
	for _, w := range wrecks {
		distinct[w.String()] = true
		way := w.kind.way
		if left[way] == nil {
			left[way], struck[way] = make(map[string]int), make(map[ews.Operation]bool)
		}
		left[way][w.left]++
		if w.first.strike != nil {
			struck[way][w.first.operation] = true
		}
	}
	assert.Len(t, distinct, len(crashes), "points that were not reached, or twice the same")
	if wholeCrash() {
		assert.GreaterOrEqual(t, len(distinct), leastPoints)
	}
	for way, operations := range map[quarantine.Way][]ews.Operation{
		quarantine.WayMove:     {ews.OpUpdateItem, ews.OpMoveItem, ews.OpDeleteItem, ews.OpCreateFolder, ews.OpFindItem, ews.OpGetItem},
		quarantine.WayTransfer: {ews.OpUpdateItem, ews.OpExportItems, ews.OpUploadItems, ews.OpDeleteItem, ews.OpCreateFolder, ews.OpFindItem, ews.OpGetItem},
		quarantine.WayMIME:     {ews.OpUpdateItem, ews.OpCreateItem, ews.OpDeleteItem, ews.OpCreateFolder, ews.OpFindItem, ews.OpGetItem},
	} {
		if wholeCrash() {
			assert.Subset(t, slices.Collect(maps.Keys(struck[way])), operations, "by %s", way)
		}
		assert.Zero(t, left[way][nowhere], "by %s", way)
		assert.Positive(t, left[way][atSource], "by %s", way)
		assert.Positive(t, left[way][atDestination], "by %s", way)
		if way != quarantine.WayMove {
			assert.Positive(t, left[way][atBoth], "by %s", way)
		}
	}
}
