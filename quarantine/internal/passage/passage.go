package passage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Passage is one item on its way from one end to the other. The exported fields
// are set before it runs; [Passage.Result] returns the result.
type Passage struct {
	Direction driver.Direction
	From, To  driver.Mailbox
	Item      driver.Item // at the source end, as last seen
	Reason    string      // for a new stamp
	Reference string      // the same

	// Folder returns the folder at the destination end; again is set if the folder
	// returned last time is gone.
	Folder func(ctx context.Context, again bool) (driver.Folder, error)
	// Scope returns where at the destination end to search for copies first.
	Scope func(driver.Folder) driver.Query
	// NameInUse reports whether an operation name belongs to another item of this
	// run.
	NameInUse func(operation string) bool
	// Finished means that the caller knows from a receipt or a journal that the
	// passage that put the item where it is has finished.
	Finished bool
	// Hurried means not to wait for another run that may be working on the item.
	Hurried bool
	// Ledger records the intent.
	Ledger Ledger

	engine *Engine
	stamp  driver.Stamp
	before *driver.Stamp // that of the item before it was marked
	begun  string        // operation with an intent in the ledger
	wrote  bool          // a request to change the item may have taken effect, from this run or another

	// Of the attempt that the stamp names:
	markDoubt bool      // a request to mark the item was not answered
	adopted   bool      // another run has begun it
	trusted   bool      // it is known to belong to this installation
	marked    time.Time // when this run marked the item; zero if adopted
	read      time.Time // when this run last read the item to mark it; only with MarkWait
	sent      bool      // a request was sent that may have made a copy
	moves     bool      // all of the requests sent can take the item away only once
	inFlight  bool      // one of the requests sent was not answered
	removing  bool      // a request to remove the original was not answered
	succeeded bool      // the last request was answered with success
	repeated  bool      // more than one request was sent
	split     bool      // original and copy were seen together, so no move has taken the original away
	removed   bool      // this run has removed the original, and its id is dead
	struck    bool      // this run may have removed the original
	version   string    // of the original when it was last sent; empty if adopted
	sentID    string    // of the original at that time: a version says nothing about another item
	made      string    // id of the copy that this run made, if known

	unseenSource, unseenCopy unseen
	newer                    *driver.Stamp // of a later attempt of the operation, seen in this look
	last                     error         // why the last request failed

	way      driver.Way
	faithful bool         // the way keeps every property
	refused  []driver.Way // ways that were answered with success but did nothing
	dest     driver.Folder
	copied   *driver.Item    // the proved copy
	content  *driver.Content // of the original, as last read
	digest   string          // of that
	labelled string          // id of the copy that has the header
	headed   bool            // it was reported that the header of quarantine stays
	residues []string
	asides   []Aside
}

// Result is the result for an item.
type Result struct {
	// Stamp is the stamp that the item carries, or carried.
	Stamp driver.Stamp
	// Begun means that the item may have been changed, by this run or by one whose
	// attempt it has continued.
	Begun bool
	Way   driver.Way // empty if nothing was carried
	// Copy is the proved copy at the destination end, or nil.
	Copy *driver.Item
	// Digest is the digest of the original's content, if it was read: see
	// [driver.Content.Digest].
	Digest string
	// Asides are copies that nobody needs.
	Asides []Aside
	// Residue describes what was left behind and could not be removed, and where
	// those copies are.
	Residue string
}

// Result returns the result for the item.
func (p *Passage) Result() Result {
	told := slices.Clone(p.residues)
	for _, a := range p.asides {
		told = append(told, a.String())
	}
	r := Result{Stamp: p.stamp, Begun: p.wrote, Way: p.way, Digest: p.digest, Asides: p.asides, Residue: strings.Join(told, "; ")}
	if p.copied != nil {
		it := *p.copied
		if it.Folder.ID == "" || it.Folder.ID == p.dest.ID {
			it.Folder = p.dest
		}
		r.Copy = &it
	}
	return r
}

// ErrUndecided reports that it is not known yet where the item is, or that
// another run is working on it. The intent stays open.
var ErrUndecided = errors.New("the outcome is not known yet")

// ErrLedger reports that an intent could not be written, so nothing was sent.
var ErrLedger = errors.New("journal")

// ErrNowhere reports that nothing of the attempt is at either end: the item was
// deleted, or its stamp was taken off. It comes with [ErrUndecided].
var ErrNowhere = fmt.Errorf("%w: it is in neither mailbox", driver.ErrGone)

// Run moves the item to the other end. If it returns nil, a proved copy is
// there and the original is gone.
func (p *Passage) Run(ctx context.Context) error {
	if err := p.hold(ctx, false); err != nil {
		return p.stopped(ctx, err)
	}
	return p.settle(ctx, p.adopted)
}

// Resume settles an attempt that an interrupted run has begun, by its stamp. Item
// is the original as the journal knows it.
func (p *Passage) Resume(ctx context.Context, stamp driver.Stamp) error {
	p.adopt(stamp)
	p.trusted, p.begun = true, stamp.Operation
	return p.settle(ctx, true)
}

// Begun tells the passage about the intent that an interrupted run has left.
func (p *Passage) Begun(operation string) { p.begun = operation }

// settle follows the table until the item is at one end, or it cannot be decided where it
// is. It begins with a look, unless the item has just been marked.
func (p *Passage) settle(ctx context.Context, look bool) (err error) {
	if p.dest, err = p.destination(ctx, false); err != nil {
		return p.stopped(ctx, fmt.Errorf("destination folder: %w", err))
	}
	for begin, n, retries := time.Now(), 0, 0; ; n++ {
		r := rowCarry
		var s sight
		if look {
			if s, err = p.look(ctx); errors.Is(err, errNotKept) {
				return p.abandon(ctx, &driver.Error{Err: err, Untouched: true, Answered: true})
			}
			if errors.Is(err, errBegunAnew) && retries <= p.engine.Attempts {
				retries++
				continue
			}
			if err != nil {
				return p.undecided(err)
			}
			r = p.row(s)
		}
		look = true
		switch r {
		case rowCarry, rowNextWay, rowNewLease, rowAgain:
			if retries++; retries > p.engine.Attempts+1 {
				return p.exhausted(ctx)
			}
			if err := p.prepare(ctx, r); err != nil {
				return p.stopped(ctx, err)
			}
			if p.adopted {
				continue // another run has begun an attempt in the meantime
			}
			if err := p.carry(ctx, r == rowAgain); err != nil {
				return p.stopped(ctx, err)
			}
			if n = 0; p.succeeded {
				continue
			}
		case rowProve, rowArrived:
			done, err := p.conclude(ctx, s)
			if done || err != nil {
				return err
			}
			if retries++; retries > p.engine.Attempts+1 {
				return p.undecided(errors.Join(errors.New("what is at the two ends keeps changing"), p.last))
			}
			continue
		case rowUnderWay:
			if time.Since(begin) > patienceFactor*p.engine.Wait || p.Hurried {
				return p.undecided(fmt.Errorf("another run may be working on it until %s", p.until()))
			}
		case rowVanished:
			return p.undecided(errors.New("the server reported success, but the copy is not there; no second one is made"))
		case rowNowhere:
			return p.undecided(ErrNowhere)
		case rowDoubt:
			if time.Since(begin) > patienceFactor*p.engine.Wait {
				return p.undecided(errors.Join(fmt.Errorf("a request may take effect until %s", p.until()), p.last))
			}
		}
		if err := p.engine.pause(ctx, min(n, 3)); err != nil {
			return p.undecided(errors.Join(err, p.last))
		}
	}
}

func (p *Passage) until() string { return p.stamp.Lease.Format(time.RFC3339) }

// patienceFactor times [Engine].Wait is how long a run waits for another run, or
// for the outcome of a request whose answer was lost, before it ends undecided.
const patienceFactor = 30

// prepare makes sure that this run may send the item: under the lease that it holds or,
// if the row asks for a new one or the time for sending has passed, under a new one.
func (p *Passage) prepare(ctx context.Context, r row) error {
	switch {
	case r == rowNextWay:
		p.refused = append(p.refused, p.way)
		p.last = fmt.Errorf("the server reported success, but did nothing (%s)", p.way)
	case r == rowAgain:
		return nil // the same request again can do no more than the first
	}
	// The time for sending under a new lease may itself have passed when the calls
	// that begin it finish.
	enough := time.Until(p.sendBy()) >= p.engine.window()/2
	for tries := 0; tries == 0 && (r == rowNewLease || !enough) || !p.inTime(); tries++ {
		if tries > p.engine.Attempts && !p.engine.expired(p.stamp) {
			return nil // everything is slow
		}
		if tries > p.engine.Attempts {
			return &driver.Error{Err: errors.New("to mark it takes longer than it may then take to send it"), Untouched: true, Temporary: true}
		}
		if err := p.hold(ctx, true); err != nil || p.adopted {
			return err
		}
		// An original that was found again may need another destination.
		dest, err := p.destination(ctx, false)
		if err != nil {
			return err
		}
		p.dest = dest
	}
	return nil
}

// sendBy returns until when this run may send what it has marked. Its calls end by then,
// because others assume that whatever was sent has arrived by the end of the lease.
func (p *Passage) sendBy() time.Time { return p.marked.Add(p.engine.window()) }

// inTime reports whether what this run has marked may still be sent.
func (p *Passage) inTime() bool { return time.Now().Before(p.sendBy()) }

// carry sends the item to the other end, once. An error means that nothing can
// have come of it, and that trying again will not help.
func (p *Passage) carry(ctx context.Context, sameWay bool) error {
	c := driver.Carriage{From: p.From, Item: p.Item, To: p.To, Folder: p.dest, Except: p.refused}
	if sameWay {
		c.Only, c.Except = p.way, nil
	}
	sending, cancel := context.WithDeadline(ctx, p.sendBy())
	carried, err := p.engine.Strategy.Carry(sending, c)
	if err != nil && sending.Err() != nil && ctx.Err() == nil {
		err = p.tooSlow(err)
	}
	cancel()
	p.unseenSource, p.unseenCopy = unseen{}, unseen{}
	gone := errors.Is(err, driver.ErrGone)
	if err != nil && (gone || driver.Untouched(err)) {
		p.last = err
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if gone && !p.sent {
			// Either someone moved the item, or the folder is gone.
			p.dest, err = p.destination(ctx, true)
			return err
		}
		if p.sent || driver.Temporary(err) {
			return nil
		}
		return err
	}
	p.way, p.faithful = carried.Way, carried.Faithful
	p.moves = carried.Once && (p.moves || !p.sent)
	p.repeated, p.sent, p.version, p.sentID = p.sent, true, c.Item.Version, c.Item.ID
	p.succeeded, p.made, p.last = err == nil, "", err
	if err == nil {
		p.made = carried.ItemID
	} else if !driver.Answered(err) {
		p.inFlight = true
	}
	return nil
}

// tooSlow returns the error for a carry that was given up because it took too
// long. Apart from being temporary, it is classified like the original error.
func (p *Passage) tooSlow(err error) error {
	return &driver.Error{
		Err:       fmt.Errorf("carrying it took longer than %s, a third of WriteDoubt, and was given up: %w", p.engine.window(), err),
		Untouched: driver.Untouched(err), Temporary: true, Answered: driver.Answered(err), Cause: driver.CauseOf(err), Code: driver.CodeOf(err),
	}
}

// exhausted ends the run after trying again has not helped.
func (p *Passage) exhausted(ctx context.Context) error {
	if p.last == nil {
		p.last = errors.New("the server reported success each time, but nothing has come of it")
	}
	if p.free() && !p.adopted {
		return p.abandon(ctx, p.last)
	}
	return p.undecided(p.last)
}

// destination returns the folder at the destination end. It can be repeated
// safely, because a folder is created only if none is found.
func (p *Passage) destination(ctx context.Context, again bool) (driver.Folder, error) {
	for attempt := 0; ; attempt++ {
		f, err := p.Folder(ctx, again)
		if err == nil || !driver.Temporary(err) || !p.engine.again(ctx, attempt, err) {
			return f, err
		}
	}
}

// stopped ends the run if it could not continue. If certainly nothing was sent,
// nothing is left behind.
func (p *Passage) stopped(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, ErrUndecided):
		return err
	case p.adopted, p.markDoubt, p.sent:
		return p.undecided(errors.Join(err, p.last))
	}
	return p.abandon(ctx, err)
}

// undecided ends the run if it cannot be decided where the item is. The intent
// stays open, and the stamp stays on the item.
func (p *Passage) undecided(err error) error {
	// Whatever the causes say, something may have been changed.
	return &driver.Error{
		Err:       fmt.Errorf("%w; run it again, or recover: %w", ErrUndecided, err),
		Temporary: true, Cause: driver.CauseOf(err), Code: driver.CodeOf(err),
	}
}

// Finish removes the intent from the ledger. If that fails, a recovery will
// look again and find nothing to do.
func (p *Passage) Finish(ctx context.Context) {
	if p.begun == "" {
		return
	}
	ctx, cancel := outlive(ctx)
	defer cancel()
	if err := p.Ledger.Finish(ctx, p.begun); err != nil {
		p.engine.Log.WarnContext(ctx, "journal: intent could not be removed", "intent", p.begun, "reference", p.stamp.Reference, "error", err)
	}
}
