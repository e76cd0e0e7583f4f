package quarantine_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

// The explorer of pairs runs the real engine over a model of two mailboxes, and makes two
// things go differently in one history: the first at each call of a run, the second at
// each later call of that run, of the recovery, or of the run that asks again.
//
// Its reference worlds are all those that the engine can tell apart. Accesses differ
// for the engine only in the ways that they have: a move, which can be sent again and
// returns no id, then the others (FullAccess); a transfer, which keeps every property,
// then MIME (Impersonation, or FullAccess where moves are refused); MIME alone, which
// is proved by content. Each is played in both directions, and with one message and a
// journal, with one message and no journal, and with twins: two messages with one
// Message-ID that were received in the same second. More than a few folders change
// nothing in the model: whether a search is one call or several, what happens between
// two folders is a step of its own.

// pairWorld is where a history begins.
type pairWorld struct {
	ways      []driver.Way
	direction driver.Direction
	copies    int // messages with the same Message-ID
	journal   bool
}

func (w pairWorld) String() string {
	return fmt.Sprintf("%s, %s, %d copies, journal=%t", w.ways[0], w.direction, w.copies, w.journal)
}

// referenceWorlds returns the worlds of the pairs.
func referenceWorlds() (all []pairWorld) {
	every := []driver.Way{driver.WayMove, driver.WayTransfer, driver.WayMIME}
	for first := range every {
		for _, direction := range []driver.Direction{driver.ToQuarantine, driver.ToUser} {
			all = append(all,
				pairWorld{every[first:], direction, 1, true},
				pairWorld{every[first:], direction, 1, false},
				pairWorld{every[first:], direction, 2, true})
		}
	}
	return all
}

// intentBook is a journal that can be copied, without its claims.
type intentBook struct {
	mu      sync.Mutex // claims are renewed in the background
	intents []quarantine.Intent
	claims  []quarantine.Claim
	token   int64
}

func (b *intentBook) claim(operation, owner string, lease time.Duration) (quarantine.Claim, error) {
	for _, c := range b.claims {
		if c.Operation == operation && c.Owner != owner && time.Now().Before(c.Until) {
			return quarantine.Claim{}, &quarantine.HeldError{Operation: operation, Owner: c.Owner, Until: c.Until}
		}
	}
	b.token++
	b.claims = slices.DeleteFunc(b.claims, func(c quarantine.Claim) bool { return c.Operation == operation })
	made := quarantine.Claim{Operation: operation, Owner: owner, Token: b.token, Until: time.Now().Add(lease)}
	b.claims = append(b.claims, made)
	return made, nil
}

func (b *intentBook) remove(operation string) {
	b.intents = slices.DeleteFunc(b.intents, func(in quarantine.Intent) bool { return in.Operation == operation })
}

func (b *intentBook) find(operation string) int {
	return slices.IndexFunc(b.intents, func(in quarantine.Intent) bool { return in.Operation == operation })
}

func (b *intentBook) Begin(_ context.Context, in quarantine.Intent, owner string, lease time.Duration) (quarantine.Claim, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, err := b.claim(in.Operation, owner, lease)
	if err == nil {
		b.remove(in.Operation)
		b.intents = append(b.intents, in)
	}
	return c, err
}

func (b *intentBook) Claim(_ context.Context, operation, owner string, lease time.Duration) (quarantine.Intent, quarantine.Claim, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := b.find(operation)
	if at < 0 {
		return quarantine.Intent{}, quarantine.Claim{}, quarantine.ErrNoIntent
	}
	c, err := b.claim(operation, owner, lease)
	return b.intents[at], c, err
}

func (b *intentBook) Renew(_ context.Context, c quarantine.Claim, lease time.Duration) (quarantine.Claim, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.claims {
		if b.claims[i].Token == c.Token {
			b.claims[i].Until = time.Now().Add(lease)
			return b.claims[i], nil
		}
	}
	return quarantine.Claim{}, quarantine.ErrClaimLost
}

func (b *intentBook) Finish(_ context.Context, c quarantine.Claim) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.find(c.Operation) >= 0 && !slices.ContainsFunc(b.claims, func(now quarantine.Claim) bool { return now.Token == c.Token }) {
		return quarantine.ErrClaimLost
	}
	b.remove(c.Operation)
	return nil
}

// restart ends the leases of all claims.
func (b *intentBook) restart() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.claims {
		b.claims[i].Until = time.Time{}
	}
}

func (b *intentBook) Pending(context.Context) iter.Seq2[quarantine.Intent, error] {
	return func(yield func(quarantine.Intent, error) bool) {
		b.mu.Lock()
		all := slices.Clone(b.intents)
		b.mu.Unlock()
		for _, in := range all {
			if !yield(in, nil) {
				return
			}
		}
	}
}

func (b *intentBook) FindOperation(_ context.Context, operation string) (in quarantine.Intent, found bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if at := b.find(operation); at >= 0 {
		return b.intents[at], true, nil
	}
	return in, false, nil
}

func (b *intentBook) FindTarget(_ context.Context, t quarantine.Target) (same []quarantine.Intent, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, in := range b.intents {
		if in.Target.Same(t) {
			same = append(same, in)
		}
	}
	return same, nil
}

// failingBook is the journal of a process that may crash.
type failingBook struct {
	*intentBook
	dead *atomic.Bool
}

func (b failingBook) Begin(ctx context.Context, in quarantine.Intent, owner string, lease time.Duration) (quarantine.Claim, error) {
	if b.dead.Load() {
		return quarantine.Claim{}, errCrashed
	}
	return b.intentBook.Begin(ctx, in, owner, lease)
}

func (b failingBook) Claim(ctx context.Context, operation, owner string, lease time.Duration) (quarantine.Intent, quarantine.Claim, error) {
	if b.dead.Load() {
		return quarantine.Intent{}, quarantine.Claim{}, errCrashed
	}
	return b.intentBook.Claim(ctx, operation, owner, lease)
}

func (b failingBook) Renew(ctx context.Context, c quarantine.Claim, lease time.Duration) (quarantine.Claim, error) {
	if b.dead.Load() {
		return quarantine.Claim{}, errCrashed
	}
	return b.intentBook.Renew(ctx, c, lease)
}

func (b failingBook) Finish(ctx context.Context, c quarantine.Claim) error {
	if b.dead.Load() {
		return errCrashed
	}
	return b.intentBook.Finish(ctx, c)
}

// stage is a mail system in which histories are played: the model, or ewstest.
type stage interface {
	// strategy returns the driver of another process.
	strategy() driver.Strategy
	// person does something with each message of the target that can be seen in a
	// mailbox, and returns how many there were.
	person(box string, deed deed) int
	// rename gives the quarantine folder another name.
	rename()
	// delay makes the next write by a call of a kind take effect later.
	delay(d time.Duration, by detour.Kind)
	// count counts the copies of a message.
	count(message int) (user, taken, aside int)
}

// deed is what a person does with a message.
type deed string

const (
	files      deed = "files"
	discards   deed = "files in Deleted Items"
	duplicates deed = "copies"
	edits      deed = "edits"
	flags      deed = "flags"
	reads      deed = "reads"
	purges     deed = "deletes for good" // the first one
	recovers   deed = "recovers what was deleted"
)

// modelStage is the model.
type modelStage struct {
	*twobox.System
	ways []driver.Way
}

func (m *modelStage) strategy() driver.Strategy { return m.Strategy(m.ways...) }

func (m *modelStage) rename() {
	if at := m.FolderOf(vault, "Quarantine"); at >= 0 {
		m.Rename(at, "Old quarantine")
	}
}

func (m *modelStage) delay(d time.Duration, _ detour.Kind) { m.Delay(d) }

// targets returns the objects of the target in a mailbox that nobody has put aside.
func (m *modelStage) targets(box string) []*twobox.Object {
	return slices.DeleteFunc(m.In(box, false), func(o *twobox.Object) bool {
		return m.Messages[o.Message].ID != theID || m.Folders[o.Folder].Name == "Surplus"
	})
}

func (m *modelStage) person(box string, what deed) int {
	on := m.targets(box)
	if (what == purges || what == edits) && len(on) > 1 {
		on = on[:1]
	}
	if what == recovers {
		on = slices.DeleteFunc(m.In(box, true), func(o *twobox.Object) bool {
			return m.Messages[o.Message].ID != theID || !m.Folders[o.Folder].Recoverable
		})
	}
	for _, o := range on {
		switch what {
		case recovers:
			m.Recover(o)
		case files:
			m.File(o)
		case discards:
			m.Discard(o)
		case duplicates:
			m.Duplicate(o)
		case edits:
			m.Edit(o)
		case flags:
			m.Flag(o)
		case reads:
			m.Read(o)
		case purges:
			m.Purge(o)
		}
	}
	return len(on)
}

func (m *modelStage) count(message int) (user, taken, aside int) {
	for _, o := range m.Objects {
		switch {
		case o == nil, o.Message != message, m.Folders[o.Folder].Recoverable:
		case m.Folders[o.Folder].Name == "Surplus", o.Stamp != nil && o.Stamp.Direction == driver.Surplus:
			aside++
		case o.Box == alice:
			user++
		default:
			taken++
		}
	}
	return user, taken, aside
}
