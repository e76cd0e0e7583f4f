package quarantine_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"log"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

// table is a [quarantine.Journal] in which a mutex and a map stand for a database that
// several processes share: each method is one transaction. Package quarantinetest has the
// suite that your own journal should pass.
type table struct {
	mu     sync.Mutex
	rows   map[string]row // by operation
	tokens int64
}

type row struct {
	intent []byte // JSON, whole: later versions add fields
	target string
	at     time.Time
	claim  quarantine.Claim
}

// claim gives a row to an owner, unless another has it.
func (t *table) claim(r row, operation, owner string, lease time.Duration) (quarantine.Claim, error) {
	if had := r.claim; had.Owner != owner && time.Now().Before(had.Until) {
		return quarantine.Claim{}, &quarantine.HeldError{Operation: operation, Owner: had.Owner, Until: had.Until}
	}
	t.tokens++
	r.claim = quarantine.Claim{Operation: operation, Owner: owner, Token: t.tokens, Until: time.Now().Add(lease)}
	if t.rows == nil {
		t.rows = make(map[string]row)
	}
	t.rows[operation] = r
	return r.claim, nil
}

func (t *table) Begin(_ context.Context, in quarantine.Intent, owner string, lease time.Duration) (quarantine.Claim, error) {
	data, err := json.Marshal(in)
	if err != nil {
		return quarantine.Claim{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.claim(row{data, in.Target.Key(), in.At, t.rows[in.Operation].claim}, in.Operation, owner, lease)
}

func (t *table) Claim(_ context.Context, operation, owner string, lease time.Duration) (in quarantine.Intent, c quarantine.Claim, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, found := t.rows[operation]
	if !found {
		return in, c, quarantine.ErrNoIntent
	}
	if err := json.Unmarshal(r.intent, &in); err != nil {
		return in, c, fmt.Errorf("intent %s: %w", operation, err)
	}
	c, err = t.claim(r, operation, owner, lease)
	return in, c, err
}

func (t *table) Renew(_ context.Context, c quarantine.Claim, lease time.Duration) (quarantine.Claim, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, found := t.rows[c.Operation]
	if !found || r.claim.Token != c.Token {
		return quarantine.Claim{}, quarantine.ErrClaimLost
	}
	r.claim.Until = time.Now().Add(lease)
	t.rows[c.Operation] = r
	return r.claim, nil
}

func (t *table) Finish(_ context.Context, c quarantine.Claim) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r, found := t.rows[c.Operation]; found && r.claim.Token != c.Token {
		return quarantine.ErrClaimLost
	}
	delete(t.rows, c.Operation)
	return nil
}

// Pending yields what is there when it begins, and holds no lock while it yields.
func (t *table) Pending(ctx context.Context) iter.Seq2[quarantine.Intent, error] {
	return func(yield func(quarantine.Intent, error) bool) {
		for _, r := range t.sorted(func(row) bool { return true }) {
			if ctx.Err() != nil {
				yield(quarantine.Intent{}, context.Cause(ctx))
				return
			}
			if !yield(read(r)) {
				return
			}
		}
	}
}

func (t *table) FindOperation(_ context.Context, operation string) (quarantine.Intent, bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r, found := t.rows[operation]
	if !found {
		return quarantine.Intent{}, false, nil
	}
	in, err := read(r)
	return in, true, err
}

func (t *table) FindTarget(_ context.Context, target quarantine.Target) (all []quarantine.Intent, err error) {
	for _, r := range t.sorted(func(r row) bool { return r.target == target.Key() }) {
		in, readErr := read(r)
		if err = cmp.Or(err, readErr); readErr == nil {
			all = append(all, in) // what can be read is settled nevertheless
		}
	}
	return all, err
}

// sorted returns rows, oldest first.
func (t *table) sorted(wanted func(row) bool) []row {
	t.mu.Lock()
	defer t.mu.Unlock()
	rows := slices.DeleteFunc(slices.Collect(maps.Values(t.rows)), func(r row) bool { return !wanted(r) })
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(a.at.Compare(b.at), strings.Compare(a.claim.Operation, b.claim.Operation))
	})
	return rows
}

func read(r row) (in quarantine.Intent, err error) {
	if err = json.Unmarshal(r.intent, &in); err != nil {
		return quarantine.Intent{}, fmt.Errorf("intent %s: %w", r.claim.Operation, err)
	}
	return in, nil
}

// With a custom journal, what a run could not finish stays in it, and the recovery,
// perhaps by another process, settles it.
func ExampleJournal() {
	const lure = "From: mallory@evil.example\r\nTo: alice@example.test\r\nSubject: You have won\r\nMessage-ID: <1@evil.example>\r\n\r\nClick here.\r\n"
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.Mailbox("alice@example.test").Deliver([]byte(lure))
	strategy, err := ewsmail.NewFullAccess(srv.Client("svc", nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	var shared table
	settings := &quarantine.Options{Name: "Head office", Journal: &shared, SearchLag: time.Millisecond}
	worker, err := quarantine.New(strategy, "quarantine@example.test", settings)
	if err != nil {
		log.Fatal(err)
	}
	defer worker.Close()
	another, err := quarantine.New(strategy, "quarantine@example.test", settings)
	if err != nil {
		log.Fatal(err)
	}
	defer another.Close()
	ctx := context.Background()

	working, stop := context.WithCancel(ctx)
	srv.OnResponse(func(_ int, r *ewstest.Request) {
		if r.Operation == "MoveItem" {
			stop() // in the middle of it
		}
	})
	receipt, err := worker.Quarantine(working, quarantine.Target{Mailbox: "alice@example.test", MessageID: "<1@evil.example>"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("worker:", receipt.Outcome(), "- intents:", len(shared.rows))
	for receipt, err := range another.Recover(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("another:", receipt.Outcome(), receipt.Err(), "- intents:", len(shared.rows))
	}
	// Output:
	// worker: undecided - intents: 1
	// another: quarantined <nil> - intents: 0
}
