package quarantine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// passage is one item on its way from one end to the other. Its methods follow
// the table in the package comment.
type passage struct {
	s         *Service
	direction Direction
	target    Target
	from, to  Mailbox
	item      Item // at the source end, as last seen

	// folder finds the folder at the destination end; again says that the one
	// it gave last is not there any more.
	folder func(ctx context.Context, again bool) (Folder, error)
	// scope is where at the destination end copies are looked for.
	scope func(Folder) Query
	// taken says that a name of an operation belongs to another item of this run.
	taken func(operation string) bool

	stamp    Stamp
	begun    string // operation whose intent is in the journal
	way      Way
	dest     Folder // destination
	others   []Item // at the destination end, left by a run in the other direction
	copied   *Item  // the proved copy
	residues []string
}

// errElsewhere says that the item is at neither end.
var errElsewhere = fmt.Errorf("%w: it is neither where it was found nor at the other end", ErrGone)

// run brings the item to the other end. If it returns nil, a proved copy is
// there and the original is gone.
func (p *passage) run(ctx context.Context) error {
	resumed, err := p.mark(ctx)
	if err != nil {
		return p.abandon(ctx, err, !resumed && (unexecuted(err) || errors.Is(err, ErrGone)))
	}
	if p.dest, err = p.destination(ctx, false); err != nil {
		return p.abandon(ctx, fmt.Errorf("the folder at the destination: %w", err), !resumed)
	}
	look := resumed
	var last error
	for attempt := 0; ; attempt++ {
		if look {
			copies, err := p.copies(ctx)
			if err != nil {
				return p.undecided(err, last)
			}
			if len(copies) > 0 {
				return p.settle(ctx, copies, false)
			}
			if err := p.refind(ctx); err != nil {
				return p.lost(ctx, err)
			}
		}
		if attempt == p.s.attempts {
			return p.abandon(ctx, last, unexecuted(last))
		}
		carried, err := p.s.strategy.Carry(ctx, Carriage{From: p.from, Item: p.item, To: p.to, Folder: p.dest})
		look = true
		if err == nil {
			p.way = carried.Way
			copies, err := p.arrived(ctx)
			if err != nil {
				return p.undecided(err, nil)
			}
			if len(copies) > 0 {
				return p.settle(ctx, copies, carried.Moved)
			}
			err = errors.New("the server reported success, but no copy arrived")
			last = err
			continue
		}
		last = err
		switch {
		case ctx.Err() != nil:
			return p.undecided(context.Cause(ctx), nil)
		case errors.Is(err, ErrGone):
			// The item was moved by somebody, or the folder is not there any
			// more: the look at both ends tells the one, this the other.
			if p.dest, err = p.destination(ctx, true); err != nil {
				return p.abandon(ctx, fmt.Errorf("the folder at the destination: %w", err), true)
			}
		case unexecuted(err) && !transient(err):
			return p.abandon(ctx, err, true)
		default:
			if err := p.s.pause(ctx, attempt); err != nil {
				return p.undecided(err, last)
			}
		}
	}
}

// destination finds the folder at the destination end. To create it is safe to
// repeat, because it is looked for first.
func (p *passage) destination(ctx context.Context, again bool) (Folder, error) {
	for attempt := 0; ; attempt++ {
		f, err := p.folder(ctx, again)
		if err == nil || attempt == p.s.attempts || !transient(err) {
			return f, err
		}
		if err := p.s.pause(ctx, attempt); err != nil {
			return Folder{}, err
		}
	}
}

// mark puts the stamp on the item. It reports whether the item had a stamp of
// an earlier run in the same direction, whose copy may be at the other end.
func (p *passage) mark(ctx context.Context) (resumed bool, err error) {
	for attempt := 0; ; attempt++ {
		resumed = p.prepare()
		if err := p.begin(ctx); err != nil {
			return true, err
		}
		m := Mark{Stamp: &p.stamp}
		if p.direction == ToUser {
			m.Read = &p.stamp.Read
			// Off before it travels: made of the MIME form, the copy would have
			// it among the headers it was received with, where it stays.
			m.DropHeader = p.s.quarantineHeader.Name
		}
		marked, err := p.from.Mark(ctx, p.item, m)
		if err == nil {
			p.item = marked
			return resumed, nil
		}
		if ctx.Err() != nil {
			return true, context.Cause(ctx)
		}
		// To mark is safe to repeat, but with the change key it has now.
		fresh, lookErr := p.from.Inspect(ctx, p.item.ID)
		if errors.Is(lookErr, ErrGone) {
			return resumed, lookErr
		}
		if lookErr != nil {
			return true, errors.Join(err, lookErr)
		}
		if fresh.Folder.Path == "" || fresh.Folder.ID == p.item.Folder.ID {
			fresh.Folder = p.item.Folder
		}
		p.item = fresh
		if fresh.Stamp != nil && fresh.Stamp.Operation == p.stamp.Operation && fresh.Stamp.Direction == p.direction && !errors.Is(err, ErrConflict) {
			return resumed, nil // only the answer was lost
		}
		if attempt == p.s.attempts || !errors.Is(err, ErrConflict) && !transient(err) && !ambiguous(err) {
			return resumed, err
		}
		if err := p.s.pause(ctx, attempt); err != nil {
			return true, err
		}
	}
}

// prepare decides on the stamp.
func (p *passage) prepare() (resumed bool) {
	had := p.item.Stamp
	if p.direction == ToUser {
		p.stamp = *had
		p.stamp.Direction = ToUser
		return had.Direction == ToUser
	}
	p.stamp = Stamp{
		Operation: newOperation(), Mailbox: p.from.Address(), Folder: p.item.Folder,
		Direction: ToQuarantine, Read: p.item.Read, At: time.Now(), Reason: p.target.Reason,
	}
	// A stamp of another mailbox is somebody else's, or forged.
	if had == nil || !strings.EqualFold(had.Mailbox, p.from.Address()) || p.taken(had.Operation) {
		return false
	}
	p.stamp.Operation = had.Operation
	return had.Direction == ToQuarantine
}

// begin writes the intent, unless it stands there already.
func (p *passage) begin(ctx context.Context) error {
	if p.begun == p.stamp.Operation {
		return nil
	}
	if p.begun != "" {
		// Another process was quicker; its name for the operation counts.
		if err := p.s.journal.Finish(ctx, p.begun); err != nil {
			return fmt.Errorf("journal: %w", err)
		}
	}
	err := p.s.journal.Begin(ctx, Intent{
		Operation: p.stamp.Operation, Direction: p.direction, Target: p.target,
		From: Place{p.from.Address(), p.item.Folder, p.item.ID}, At: time.Now().UTC(),
	})
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	p.begun = p.stamp.Operation
	return nil
}

// copies returns the items at the destination end that carry the stamp.
func (p *passage) copies(ctx context.Context) ([]Item, error) {
	q := p.scope(p.dest)
	q.Operation, q.Origin = p.stamp.Operation, p.stamp.Mailbox
	found, err := p.to.Find(ctx, q)
	if err != nil {
		return nil, err
	}
	var copies []Item
	p.others = nil
	for _, it := range found.Items {
		if it.Stamp.Direction == p.direction {
			copies = append(copies, it)
		} else {
			p.others = append(p.others, it)
		}
	}
	if len(copies) == 0 && len(found.Unsearched) > 0 {
		return nil, fmt.Errorf("folder %q at the destination could not be searched: %s", found.Unsearched[0].Folder.Path, found.Unsearched[0].Reason)
	}
	// The same order for everybody who looks: who takes away surplus copies
	// must never take the one that another keeps.
	slices.SortFunc(copies, func(a, b Item) int { return strings.Compare(a.ID, b.ID) })
	return copies, nil
}

// arrived looks for the copy after the server reported success. It may take the
// server a moment to show it.
func (p *passage) arrived(ctx context.Context) ([]Item, error) {
	for attempt := 0; ; attempt++ {
		copies, err := p.copies(ctx)
		if err != nil || len(copies) > 0 || attempt == 2 {
			return copies, err
		}
		if err := p.s.pause(ctx, attempt); err != nil {
			return nil, err
		}
	}
}

// refind makes sure that the item is still at the source end; its owner may
// have moved it, which gives it another id. Before a write is repeated this has
// to be so.
func (p *passage) refind(ctx context.Context) error {
	fresh, err := p.from.Inspect(ctx, p.item.ID)
	if err == nil {
		fresh.Folder = p.item.Folder
		p.item = fresh
		return nil
	}
	if !errors.Is(err, ErrGone) {
		return err
	}
	strays, err := p.strays(ctx)
	if err != nil {
		return err
	}
	if len(strays) == 0 {
		return errElsewhere
	}
	p.item = strays[0]
	return nil
}

// strays returns the items at the source end that carry the stamp.
func (p *passage) strays(ctx context.Context) ([]Item, error) {
	found, err := p.from.Find(ctx, Query{Operation: p.stamp.Operation, Origin: p.stamp.Mailbox})
	if err != nil {
		return nil, err
	}
	strays := slices.DeleteFunc(found.Items, func(it Item) bool { return it.Stamp.Direction != p.direction })
	if len(strays) == 0 && len(found.Unsearched) > 0 {
		return nil, fmt.Errorf("folder %q could not be searched: %s", found.Unsearched[0].Folder.Path, found.Unsearched[0].Reason)
	}
	return strays, nil
}

// lost handles an item that is not at the source end. The move may have been
// carried out after the look at the destination.
func (p *passage) lost(ctx context.Context, err error) error {
	if !errors.Is(err, errElsewhere) {
		return p.undecided(err, nil)
	}
	copies, lookErr := p.copies(ctx)
	if lookErr != nil {
		return p.undecided(lookErr, nil)
	}
	if len(copies) == 0 {
		if copies, lookErr = p.stripped(ctx); lookErr != nil {
			return p.undecided(lookErr, nil)
		}
	}
	if len(copies) > 0 {
		return p.settle(ctx, copies, true)
	}
	return p.abandon(ctx, err, false)
}

// stripped looks at the destination end for the item without its stamp, and
// puts it on again: a restore that ran at the same time may have taken it off
// just before the item was moved.
func (p *passage) stripped(ctx context.Context) ([]Item, error) {
	if p.direction != ToQuarantine || p.item.MessageID == "" {
		return nil, nil
	}
	found, err := p.to.Find(ctx, Query{MessageID: p.item.MessageID, In: &p.dest})
	if err != nil {
		return nil, err
	}
	for _, it := range found.Items {
		if it.Stamp == nil && differs(p.item, it, p.way) == "" {
			marked, err := p.to.Mark(ctx, it, Mark{Stamp: &p.stamp})
			if err != nil {
				return nil, err
			}
			return []Item{marked}, nil
		}
	}
	return nil, nil
}

// undecided ends the run where it cannot be seen what is where. The intent
// stays open, and the stamp on the item.
func (p *passage) undecided(err, last error) error {
	return undecidedError{errors.Join(err, last)}
}

// undecidedError says that it cannot be seen what is where, whatever the cause.
type undecidedError struct{ error }

// Error returns the cause and what to do.
func (e undecidedError) Error() string {
	return fmt.Sprintf("what became of it is not known yet; run it again: %v", e.error)
}

// Unwrap returns the cause.
func (e undecidedError) Unwrap() error { return e.error }

// NotExecuted says that something may have been done.
func (undecidedError) NotExecuted() bool { return false }

// abandon ends the run with the item where it was. Where it is certain that
// nothing was carried, the stamp is taken off again.
func (p *passage) abandon(ctx context.Context, err error, certain bool) error {
	if !certain {
		return err
	}
	if p.item.Stamp != nil && p.item.Stamp.Operation == p.stamp.Operation && p.direction == ToQuarantine {
		if _, clearErr := p.from.Mark(context.WithoutCancel(ctx), p.item, Mark{Clear: true}); clearErr != nil && !errors.Is(clearErr, ErrGone) {
			p.residues = append(p.residues, "the stamp is still on the item in the user's mailbox, which changes nothing for the user")
			return err
		}
	}
	p.finish(ctx)
	return err
}

// finish takes the intent out of the journal. If that fails, recovery will look
// once more and find nothing to do.
func (p *passage) finish(ctx context.Context) {
	if p.begun == "" {
		return
	}
	if err := p.s.journal.Finish(context.WithoutCancel(ctx), p.begun); err != nil {
		p.s.log.WarnContext(ctx, "journal: intent could not be finished", "operation", p.begun, "error", err)
	}
}
