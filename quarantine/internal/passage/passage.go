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
// before it runs; [Passage.Result] tells what became of it.
type Passage struct {
	Direction driver.Direction
	From, To  driver.Mailbox
	Item      driver.Item // at the source end, as last seen
	Reason    string      // for a new stamp

	// Folder finds the folder at the destination end; again is set if the one it
	// returned last is gone.
	Folder func(ctx context.Context, again bool) (driver.Folder, error)
	// Scope is where at the destination end copies are looked for.
	Scope func(driver.Folder) driver.Query
	// NameInUse reports whether the name of an operation belongs to another item of
	// this run.
	NameInUse func(operation string) bool
	// Ledger keeps the intent.
	Ledger Ledger

	engine   *Engine
	stamp    driver.Stamp
	own      bool   // the name of the operation was made up in this run
	fresh    bool   // it has to be: the one on the item belongs to another
	repeated bool   // it was carried again after an answer was lost
	made     string // id of the copy that this run made, if the server said
	begun    string // operation whose intent is in the ledger
	way      driver.Way
	faithful bool            // the way keeps every property; false if it is not known
	dest     driver.Folder   // destination
	others   []driver.Item   // at the destination end, left by a run in the other direction
	copied   *driver.Item    // the proved copy
	twins    map[string]bool // ids of unstamped items like it that the user had before
	residues []string
}

// Result is what became of an item.
type Result struct {
	// Stamp is the one it carries, or carried.
	Stamp driver.Stamp
	Way   driver.Way // empty if nothing was carried
	// Copy is the proved copy at the destination end; nil if there is none.
	Copy *driver.Item
	// Residue says what was left behind and could not be taken away.
	Residue string
}

// Result returns what became of the item.
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

// Run brings the item to the other end. If it returns nil, a proved copy is
// there and the original is gone.
func (p *Passage) Run(ctx context.Context) error {
	resumed, err := p.mark(ctx)
	if err != nil {
		return p.abandon(ctx, err, !resumed && (driver.Untouched(err) || errors.Is(err, driver.ErrGone)))
	}
	if p.dest, err = p.destination(ctx, false); err != nil {
		return p.abandon(ctx, fmt.Errorf("the folder at the destination: %w", err), !resumed)
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
				// What lies there under this name is another item: it was not
				// this one that an earlier run carried.
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
				// Another run took the stamp off, or put its own on.
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
			// The item was moved by somebody, or the folder is not there any
			// more: the look at both ends tells the one, this the other.
			if p.dest, err = p.destination(ctx, true); err != nil {
				return p.abandon(ctx, fmt.Errorf("the folder at the destination: %w", err), true)
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

// patienceFactor is how many times [Engine].Wait a server may still be at work
// on a request after its answer was lost. Exchange gives up after a minute.
const patienceFactor = 30

// patience waits before the item is carried again. To move an item twice is not
// possible, since its id goes with it; to make another copy is. So where the
// answer was lost, the server gets the time to finish, unless the copy shows
// before.
func (p *Passage) patience(ctx context.Context, attempt int, once bool, cause error) error {
	if once || driver.Answered(cause) {
		return p.engine.pause(ctx, attempt)
	}
	for begin := time.Now(); time.Since(begin) < patienceFactor*p.engine.Wait; attempt++ {
		if err := p.engine.pause(ctx, attempt); err != nil {
			return err
		}
		if copies, err := p.copies(ctx); err != nil || len(copies) > 0 {
			return err // the loop looks again, and goes on from there
		}
	}
	return nil
}

// destination finds the folder at the destination end. To create it is safe to
// repeat, because it is looked for first.
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

// undecided ends the run where it cannot be seen what is where. The intent
// stays open, and the stamp on the item.
func (p *Passage) undecided(err, last error) error {
	err = errors.Join(err, last)
	// Whatever the causes say, something may have been done.
	return &driver.Error{
		Err:       fmt.Errorf("what became of it is not known yet; run it again: %w", err),
		Temporary: driver.Temporary(err), Cause: driver.CauseOf(err), Code: driver.CodeOf(err),
	}
}

// abandon ends the run with the item where it was. Where it is certain that
// nothing was carried, the stamp is taken off again.
func (p *Passage) abandon(ctx context.Context, err error, certain bool) error {
	if !certain {
		return err
	}
	if p.marked(p.Item) && p.Direction == driver.ToQuarantine {
		if clearErr := p.unstamp(context.WithoutCancel(ctx), p.From, p.Item, nil); clearErr != nil {
			p.residues = append(p.residues, "the stamp is still on the item in the user's mailbox, which changes nothing for the user")
			return err
		}
	}
	p.Finish(ctx)
	return err
}

// Finish takes the intent out of the ledger. If that fails, recovery will look
// once more and find nothing to do.
func (p *Passage) Finish(ctx context.Context) {
	if p.begun == "" {
		return
	}
	if err := p.Ledger.Finish(context.WithoutCancel(ctx), p.begun); err != nil {
		p.engine.Log.WarnContext(ctx, "journal: intent could not be finished", "operation", p.begun, "error", err)
	}
}
