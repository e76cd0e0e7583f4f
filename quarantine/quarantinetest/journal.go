package quarantinetest

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// JournalStore is the store in which a [quarantine.Journal] under test keeps its intents,
// such as a file or a database. It is empty, and used by one test only. Tests run in
// parallel.
type JournalStore struct {
	// Open opens the store. Each Journal that it returns stands for a process. Required.
	Open func(t testing.TB) quarantine.Journal

	// Close closes a Journal. It is called once for each. Default: do nothing.
	Close func(t testing.TB, j quarantine.Journal)

	// Alone means that only one process can have the store open, and that it can
	// immediately claim what earlier processes had claimed. By default several processes
	// can have it open, and claims outlast a process.
	Alone bool

	// OwnClock means that leases are measured by a clock other than that of package time,
	// such as that of a database. The suite then waits for short leases to end; without
	// it, the suite runs in virtual time (testing/synctest).
	OwnClock bool

	// Damage makes an intent unreadable: the stored intent of an operation or, if the
	// journal would then refuse to open, another one that Damage adds. It is called while
	// the store is closed. Default: the handling of damage is not tested.
	Damage func(t testing.TB, operation string)
}

// RunJournal runs the suite for journals as subtests of t, each with a new store. It
// checks what the documentation of [quarantine.Journal] promises, and that of
// [quarantine.CampaignJournal] and [quarantine.KeyedMarks] if the journal implements
// them.
func RunJournal(t *testing.T, newStore func(t *testing.T) JournalStore) {
	t.Helper()
	for _, c := range journalCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, problem := range c.run(t, newStore) {
				t.Error(problem)
			}
		})
	}
}

// journalCase is a test of the suite.
type journalCase struct {
	name string
	test func(x *journalTest)
}

var journalCases = []journalCase{
	{"Empty", emptyJournal},
	{"Whole", wholeIntent},
	{"Replaced", replacedIntent},
	{"Order", pendingOrder},
	{"Target", findTarget},
	{"Held", heldClaim},
	{"Owner", ownClaim},
	{"LeaseEnds", leaseEnds},
	{"Fenced", fencedClaim},
	{"Renewed", renewedClaim},
	{"GivenUp", givenUpClaim},
	{"TwoHandles", twoHandles},
	{"OneWins", oneWins},
	{"Reopened", reopenedJournal},
	{"WhilePending", whilePending},
	{"ContextEnds", contextEnds},
	{"Concurrent", concurrentJournal},
	{"Unreadable", unreadableIntent},
	{"Campaign", campaignMarks},
	{"CampaignReopened", campaignReopened},
}

// run runs a case and returns what is wrong.
func (c journalCase) run(t *testing.T, newStore func(t *testing.T) JournalStore) (problems []string) {
	play := func(t *testing.T, s JournalStore) {
		x := &journalTest{t: t, store: s, began: time.Now()}
		defer func() {
			problems = x.problems
			if p := recover(); p != nil && p != errStopped {
				panic(p)
			}
			for len(x.handles) > 0 {
				x.close(x.handles[0])
			}
		}()
		c.test(x)
	}
	if s := newStore(t); s.OwnClock {
		play(t, s)
		return problems
	}
	synctest.Test(t, func(t *testing.T) { play(t, newStore(t)) })
	return problems
}

// journalTest is a case in progress.
type journalTest struct {
	t        testing.TB
	store    JournalStore
	handles  []quarantine.Journal
	began    time.Time
	problems []string
}

// errStopped ends a case that cannot continue.
var errStopped = fmt.Errorf("stopped")

func (x *journalTest) errorf(format string, args ...any) {
	x.problems = append(x.problems, fmt.Sprintf(format, args...))
}

// must ends the case if there is an error.
func (x *journalTest) must(err error, what string) {
	if err != nil {
		x.errorf("%s: %v", what, err)
		panic(errStopped)
	}
}

// open opens the store.
func (x *journalTest) open() quarantine.Journal {
	j := x.store.Open(x.t)
	x.handles = append(x.handles, j)
	return j
}

// close closes a handle.
func (x *journalTest) close(j quarantine.Journal) {
	for i, h := range x.handles {
		if h == j {
			x.handles = append(x.handles[:i:i], x.handles[i+1:]...)
			break
		}
	}
	if x.store.Close != nil {
		x.store.Close(x.t, j)
	}
}

// long is a lease that does not end during a test, and short one that tests wait for.
const (
	long  = time.Hour
	short = 30 * time.Millisecond
)

// patient repeats a call that is refused because of somebody else's claim, which must end
// soon.
func (x *journalTest) patient(do func() error) error {
	deadline := time.Now().Add(10 * time.Second)
	for {
		err := do()
		if !isHeld(err) || time.Now().After(deadline) {
			return err
		}
		time.Sleep(short / 2)
	}
}
