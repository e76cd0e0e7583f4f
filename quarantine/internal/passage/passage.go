package passage

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Passage is one item on its way from one end to the other. Its methods follow
// the table in the package comment of quarantine. The exported fields are set
// before it runs; [Passage.Result] returns the result.
type Passage struct {
	Direction driver.Direction
	From, To  driver.Mailbox
	Item      driver.Item // at the source end, as last seen
	Reason    string      // for a new stamp

	// Folder returns the folder at the destination end; again is set if the folder
	// returned last time is gone.
	Folder func(ctx context.Context, again bool) (driver.Folder, error)
	// Scope says where at the destination end to search for copies.
	Scope func(driver.Folder) driver.Query
	// NameInUse reports whether an operation name belongs to another item of this
	// run.
	NameInUse func(operation string) bool
	// Ledger records the intent.
	Ledger Ledger

	engine   *Engine
	stamp    driver.Stamp
	own      bool   // this run created the operation name
	fresh    bool   // it must create one: the name on the item belongs to another item
	repeated bool   // the item may be carried again after an answer was lost
	made     string // id of the copy that this run made, if known
	begun    string // operation with an intent in the ledger
	way      driver.Way
	faithful bool            // the way keeps every property; false if unknown
	dest     driver.Folder   // destination
	others   []driver.Item   // at the destination end, left behind by a run in the other direction
	copied   *driver.Item    // the proved copy
	twins    map[string]bool // ids of similar unstamped items that the user had before
	residues []string
}

// Result is the result for an item.
type Result struct {
	// Stamp is the stamp that the item carries, or carried.
	Stamp driver.Stamp
	Way   driver.Way // empty if nothing was carried
	// Copy is the proved copy at the destination end, or nil.
	Copy *driver.Item
	// Residue says what was left behind and could not be removed.
	Residue string
}

// Result returns the result for the item.
func (p *Passage) Result() Result {
	r := Result{Stamp: p.stamp, Way: p.way, Residue: strings.Join(p.residues, "; ")}
	if p.copied != nil {
		it := *p.copied
		if it.Folder.ID == "" || it.Folder.ID == p.dest.ID {
			it.Folder = p.dest
		}
		r.Copy = &it
	}
	return r
}

// Run moves the item to the other end. If it returns nil, a proved copy is
// there and the original is gone.
func (p *Passage) Run(ctx context.Context) error {
	resumed, err := p.mark(ctx)
	if err != nil {
		return p.abandon(ctx, err, !resumed && (driver.Untouched(err) || errors.Is(err, driver.ErrGone)))
	}
	if p.dest, err = p.destination(ctx, false); err != nil {
		return p.abandon(ctx, fmt.Errorf("destination folder: %w", err), !resumed)
	}
	if err := p.census(ctx); err != nil {
		return p.undecided(err, nil)
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
				err := p.settle(ctx, copies, false)
				if !errors.Is(err, errForeign) {
					return err
				}
				// The item there with this name is a different one: it was not this item
				// that an earlier run carried.
				p.fresh, look = true, false
				if _, err := p.mark(ctx); err != nil {
					return p.abandon(ctx, err, driver.Untouched(err) || errors.Is(err, driver.ErrGone))
				}
				continue
			}
			if err := p.refind(ctx); err != nil {
				return p.lost(ctx, err)
			}
			if !p.marked(p.Item) {
				// Another run removed the stamp, or replaced it.
				if _, err := p.mark(ctx); err != nil {
					return p.abandon(ctx, err, driver.Untouched(err) || errors.Is(err, driver.ErrGone))
				}
				if attempt < p.engine.Attempts {
					continue
				}
			}
		}
		if attempt >= p.engine.Attempts {
			return p.abandon(ctx, last, driver.Untouched(last))
		}
		carried, err := p.engine.Strategy.Carry(ctx, driver.Carriage{From: p.From, Item: p.Item, To: p.To, Folder: p.dest})
		look = true
		if err == nil {
			p.way, p.faithful, p.made = carried.Way, carried.Faithful, carried.ItemID
			copies, err := p.arrived(ctx)
			if err != nil {
				return p.undecided(err, nil)
			}
			if len(copies) == 0 {
				if copies, err = p.reclaim(ctx); err != nil {
					return p.undecided(err, nil)
				}
			}
			if len(copies) > 0 {
				return p.settle(ctx, copies, carried.Moved)
			}
			last = errors.New("the server reported success, but no copy arrived")
			continue
		}
		last = err
		switch {
		case ctx.Err() != nil:
			return p.undecided(context.Cause(ctx), nil)
		case errors.Is(err, driver.ErrGone):
			// Either someone moved the item, or the folder is gone. Looking at both ends
			// settles the former, this the latter.
			if p.dest, err = p.destination(ctx, true); err != nil {
				return p.abandon(ctx, fmt.Errorf("destination folder: %w", err), true)
			}
		case driver.Untouched(err) && !driver.Temporary(err):
			return p.abandon(ctx, err, true)
		default:
			p.repeated = true
			if err := p.patience(ctx, attempt, carried.Once, err); err != nil {
				return p.undecided(err, last)
			}
		}
	}
}

// patienceFactor times [Engine].Wait is how long a server may still be working
// on a request after its answer was lost. Exchange, for example, gives up after
// a minute.
const patienceFactor = 30

// patience waits before the item is carried again. An item cannot be moved
// twice, because its id changes, but it can be copied twice. So if the answer
// was lost, the server gets time to finish, unless the copy appears first.
func (p *Passage) patience(ctx context.Context, attempt int, once bool, cause error) error {
	if once || driver.Answered(cause) {
		return p.engine.pause(ctx, attempt)
	}
	for begin := time.Now(); time.Since(begin) < patienceFactor*p.engine.Wait; attempt++ {
		if err := p.engine.pause(ctx, attempt); err != nil {
			return err
		}
		if copies, err := p.copies(ctx); err != nil || len(copies) > 0 {
			return err // the loop in Run looks again and continues from there
		}
	}
	return nil
}

// destination returns the folder at the destination end. It can be repeated
// safely, because a folder is created only if none is found.
func (p *Passage) destination(ctx context.Context, again bool) (driver.Folder, error) {
	for attempt := 0; ; attempt++ {
		f, err := p.Folder(ctx, again)
		if err == nil || attempt == p.engine.Attempts || !driver.Temporary(err) {
			return f, err
		}
		if err := p.engine.pause(ctx, attempt); err != nil {
			return driver.Folder{}, err
		}
	}
}

// undecided ends the run if it cannot be seen what is where. The intent stays
// open, and the stamp stays on the item.
func (p *Passage) undecided(err, last error) error {
	temporary := driver.Temporary(err) || driver.Temporary(last)
	err = errors.Join(err, last)
	// Whatever the causes say, something may have been changed.
	return &driver.Error{
		Err:       fmt.Errorf("the outcome is not known yet; run it again: %w", err),
		Temporary: temporary, Cause: driver.CauseOf(err), Code: driver.CodeOf(err),
	}
}

// abandon ends the run with the item where it was. If it is certain that
// nothing was carried, it removes the stamp.
func (p *Passage) abandon(ctx context.Context, err error, certain bool) error {
	if !certain {
		return err
	}
	if p.marked(p.Item) && p.Direction == driver.ToQuarantine {
		if clearErr := p.unstamp(context.WithoutCancel(ctx), p.From, p.Item, nil); clearErr != nil {
			p.residues = append(p.residues, "the item in the user's mailbox still carries the stamp, which the user cannot see")
			return err
		}
	}
	p.Finish(ctx)
	return err
}

// Finish removes the intent from the ledger. If that fails, recovery will look
// again and find nothing to do.
func (p *Passage) Finish(ctx context.Context) {
	if p.begun == "" {
		return
	}
	if err := p.Ledger.Finish(context.WithoutCancel(ctx), p.begun); err != nil {
		p.engine.Log.WarnContext(ctx, "journal: intent could not be removed", "operation", p.begun, "error", err)
	}
}
