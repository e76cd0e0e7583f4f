package quarantine

import (
	"context"
	"fmt"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
)

// Hook is called for each message that a [Service] quarantines, restores or recovers, for
// traces, metrics and audits: when work on the message begins, and when its outcome is
// known. It is not called for searches, nor for messages that an earlier run has already
// dealt with. It may be called more than once for a message that its owner moves between
// search and work.
//
// The context that TraceItemStart returns, which must be derived from the one it is passed,
// is used for everything that is done for the message: by the driver, its calls, the
// journal and the log. TraceItemEnd receives it as well. Both are called by the goroutine
// that works on the message, which waits for them: a slow hook slows the work down, and a
// message that was marked must be sent within a third of WriteDoubt of [Options]. A panic
// in TraceItemStart propagates to the caller before anything is done with the message; so
// does one in TraceItemEnd, after the outcome is in the journal. They may be called
// concurrently, for several messages.
type Hook interface {
	TraceItemStart(ctx context.Context, item ItemStart) context.Context
	TraceItemEnd(ctx context.Context, item ItemEnd)
}

// ItemAction is the kind of work done on a message.
type ItemAction string

// Kinds of work on a message.
const (
	ItemQuarantine ItemAction = "quarantine" // by Quarantine
	ItemRestore    ItemAction = "restore"    // by Restore and RestoreMessage
	ItemRecover    ItemAction = "recover"    // of what an interrupted run began, by Recover or Quarantine
)

// ItemStart is what is known of a message before anything is done with it. It holds
// nothing that the sender wrote, and no names of folders.
type ItemStart struct {
	Action     ItemAction
	Server     string // Name of [Options]
	Mailbox    string // of the user
	Reference  string // of the target
	Quarantine string // the quarantine mailbox
	ItemID     string // of the message, where it is now; empty: not known
	Size       int64  // in bytes, as the server counts; 0: not known
}

// ItemEnd is what became of a message. It holds nothing that the sender wrote, except
// that the text of Err may quote the server's answer.
type ItemEnd struct {
	ItemStart

	// Operation names the attempt in the stamp, the journal and the receipt; empty if
	// it did not get that far.
	Operation string

	Outcome Outcome
	Way     Way    // empty: nothing was carried
	Residue string // what was left behind, as in the receipt

	// Retries is how often a step was repeated after a temporary failure. A driver may
	// also have repeated its own calls: see the hook of the driver's client.
	Retries int

	// Waited is the time spent waiting between steps, such as before a retry, for
	// SearchLag or for MarkWait of [Options]; Duration is the total time.
	Waited, Duration time.Duration

	// Err is the error in the receipt.
	Err error
}

// traced works on an item and calls the hook for it, even if a panic, which the caller may
// survive, cuts the work short.
func (s *Service) traced(ctx context.Context, action ItemAction, t Target, it driver.Item, work func(context.Context) (ReceiptItem, error)) (ri ReceiptItem, err error) {
	if s.hook == nil {
		return work(ctx)
	}
	start := ItemStart{Action: action, Server: s.name, Mailbox: t.Mailbox, Reference: t.Reference, Quarantine: s.vaultOf(t.Mailbox).Address(), ItemID: it.ID, Size: it.Size}
	began := time.Now()
	if own := s.hook.TraceItemStart(ctx, start); own != nil {
		ctx = own
	}
	ctx, effort := passage.Counting(ctx)
	ri, err = ReceiptItem{Outcome: Undecided}, errPanicked
	defer func() {
		e := ItemEnd{
			ItemStart: start, Operation: ri.Operation, Outcome: ri.Outcome, Way: ri.Way, Residue: ri.Residue,
			Retries: effort.Retries(), Waited: effort.Waited(), Duration: time.Since(began), Err: ri.Err,
		}
		if err != nil {
			e.Outcome, e.Err = unfinished(err), err
		}
		s.hook.TraceItemEnd(ctx, e)
	}()
	return work(ctx)
}

// errPanicked means that the state of an item is not known.
var errPanicked = fmt.Errorf("%w: a panic, in the driver perhaps, has cut it short; run it again, or recover", passage.ErrUndecided)

// traced is take with calls to the hook.
func (tk *taking) traced(ctx context.Context, it driver.Item) (ri ReceiptItem, gone bool) {
	ri, _ = tk.s.traced(ctx, ItemQuarantine, tk.target, it, func(ctx context.Context) (ri ReceiptItem, _ error) {
		ri, gone = tk.take(ctx, it)
		return ri, nil
	})
	return ri, gone
}

// giveBackTraced is giveBack with calls to the hook.
func (s *Service) giveBackTraced(ctx context.Context, t Target, items []driver.Item, back map[string]bool, finished bool) (ri ReceiptItem, gone *missed) {
	ri, _ = s.traced(ctx, ItemRestore, t, items[0], func(ctx context.Context) (ri ReceiptItem, _ error) {
		ri, gone = s.giveBack(ctx, t, items, back, finished)
		return ri, nil
	})
	return ri, gone
}
