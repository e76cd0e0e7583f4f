package quarantine_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/detour"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/twobox"
)

// The explorer of pairs runs the real engine over a model of two mailboxes, and lets
// two things go differently in one history: the first at each call of a run, the
// second at each later call of it, of the recovery, or of the run that asks again.
//
// Its reference worlds are all that the engine can tell apart. Of the accesses it sees
// only the ways that they have: a move, which can be sent again and gives no id, then
// the others (FullAccess); a transfer, which keeps every property, then MIME
// (Impersonation, or FullAccess where moves are refused); MIME alone, which is proved
// by content. Each in both directions, and with one message and a journal, one without
// a journal, and twins: two messages with one Message-ID that were received in one
// second. More folders than a few change nothing in the model: whether a search is one
// call or several, what happens between two folders is a step of its own.

// pairWorld is where a history begins.
type pairWorld struct {
	ways      []driver.Way
	direction driver.Direction
	copies    int // messages with the Message-ID
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

// book is a journal that can be copied.
type intentBook struct{ intents []quarantine.Intent }

func (b *intentBook) Begin(_ context.Context, in quarantine.Intent) error {
	_ = b.Finish(context.Background(), in.Operation)
	b.intents = append(b.intents, in)
	return nil
}

func (b *intentBook) Finish(_ context.Context, operation string) error {
	b.intents = slices.DeleteFunc(b.intents, func(in quarantine.Intent) bool { return in.Operation == operation })
	return nil
}

func (b *intentBook) Open(context.Context) ([]quarantine.Intent, error) {
	return slices.Clone(b.intents), nil
}

// failingBook is the journal of a process that may crash.
type failingBook struct {
	*intentBook
	dead *bool
}

func (b failingBook) Begin(ctx context.Context, in quarantine.Intent) error {
	if *b.dead {
		return errCrashed
	}
	return b.intentBook.Begin(ctx, in)
}

func (b failingBook) Finish(ctx context.Context, operation string) error {
	if *b.dead {
		return errCrashed
	}
	return b.intentBook.Finish(ctx, operation)
}

// stage is a mail system in which histories are played: the model, or ewstest.
type stage interface {
	// strategy returns the driver of another process.
	strategy() driver.Strategy
	// person does something with each message of the target that can be seen in a
	// mailbox, and returns with how many.
	person(box string, deed deed) int
	// rename gives the quarantine folder another name.
	rename()
	// delay lets the next write, by a call of a kind, take effect later.
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
	for _, o := range on {
		switch what {
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
