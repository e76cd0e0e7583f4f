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

// hold takes hold of the item for this run: it stamps the item with a new attempt and
// reads the stamp back, or it adopts the attempt that another run has begun. With renew,
// the passage's present attempt is not adopted again but replaced by a new one.
//
// If two runs mark the item at the same time, its version decides between them,
// because the first write changes it. Where the server ignores versions, MarkWait of
// the engine decides, as in Fischer's algorithm: every run that read the item before
// the mark has also written its own by the time the mark is read back, and the last
// mark counts. An error other than [ErrUndecided] means that nothing was sent for the
// item under its present stamp.
func (p *Passage) hold(ctx context.Context, renew bool) error {
	if err := p.readAnew(ctx); err != nil {
		return err
	}
	for attempt := 0; ; attempt++ {
		adopted, err := p.standing(ctx, renew)
		if err != nil || adopted {
			return err
		}
		err = p.mark(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if errors.Is(err, driver.ErrGone) || attempt >= p.engine.Attempts || !errors.Is(err, driver.ErrConflict) && !p.engine.again(ctx, attempt, err) {
			return err
		}
		fresh, lookErr := p.engine.Inspect(ctx, p.From, p.Item.ID)
		switch {
		case lookErr != nil:
			return both(err, lookErr)
		case fresh == nil:
			return driver.ErrGone
		}
		p.see(*fresh)
		p.read = time.Now()
		if p.carries(*fresh) {
			return nil // the mark was written; only the answer, or the reading back, was lost
		}
		renew = false // what is on it now has not been examined
	}
}

// both joins the error of a write, if any, with the error from reading back. It
// may be tried again if either of them is temporary.
func both(err, lookErr error) error {
	return &driver.Error{
		Err: errors.Join(err, lookErr), Untouched: driver.Untouched(err) && driver.Untouched(lookErr),
		Temporary: driver.Temporary(err) || driver.Temporary(lookErr), Cause: driver.CauseOf(lookErr), Code: driver.CodeOf(lookErr),
	}
}

// see records a newer state of the item.
func (p *Passage) see(fresh driver.Item) { p.Item = p.placed(fresh) }

// placed returns an item that was read, with the folder that it is known to be in:
// reading an item by its id does not return the path.
func (p *Passage) placed(it driver.Item) driver.Item {
	if it.Folder.ID == "" || it.Folder.ID == p.Item.Folder.ID {
		it.Folder = p.Item.Folder
	}
	return it
}

// standing decides what the stamp on the item means. It reports whether the run
// continues the attempt on it.
func (p *Passage) standing(ctx context.Context, renew bool) (adopted bool, err error) {
	had := p.Item.Stamp
	if renew && had != nil && had.Attempt == p.stamp.Attempt && had.Direction == p.Direction {
		p.stamp = *had
		return false, nil
	}
	if p.Direction == driver.ToQuarantine {
		if making, err := p.beingMade(ctx, had); making || err != nil {
			return false, err
		}
		ours, trusted, err := p.ours(ctx, had)
		if err != nil {
			return false, err
		}
		if !ours && p.underOtherAddress(ctx, had) {
			return false, p.undecided(fmt.Errorf("it may be on its way from %s, perhaps another address of this mailbox, until %s", had.Mailbox, had.Lease.Format(time.RFC3339)))
		}
		if !ours {
			if adopted, err = p.carriedAlready(ctx, had); adopted || err != nil {
				return adopted, err
			}
		}
		if !ours || had.Direction == driver.Surplus {
			p.stamp = driver.Stamp{Operation: driver.NewOperation(), Mailbox: p.From.Address()}
			p.describe()
			return false, nil
		}
		p.trusted = trusted
	}
	if had == nil {
		return false, errUnstamped
	}
	if had.Direction == p.Direction {
		if p.Direction == driver.ToUser {
			p.trusted = p.engine.sealed(*had) && had.Print == printOf(p.Item)
		}
		p.adopt(*had)
		return true, nil
	}
	if err := p.otherFinished(ctx, *had); err != nil {
		return false, err
	}
	p.stamp = *had
	if p.Direction == driver.ToQuarantine {
		p.describe()
	}
	return false, nil
}

// beingMade reports whether the item is a copy that a restore is making with several
// requests, and has not completed. The error then says so: what is incomplete must not be
// kept as a message in its own right.
func (p *Passage) beingMade(ctx context.Context, had *driver.Stamp) (bool, error) {
	if had == nil || had.Direction != driver.Surplus || !had.Rebuilt || p.engine.expired(*had) {
		return false, nil
	}
	known, err := p.Ledger.Knows(ctx, had.Operation)
	if err != nil {
		return false, fmt.Errorf("journal: %w", err)
	}
	sent := *had
	sent.Direction = driver.ToUser // as it was sealed
	if ours, _ := p.genuine(sent, known); !ours {
		return false, nil
	}
	return true, p.undecided(fmt.Errorf("it may be a copy that a restore is still making, until %s", had.Lease.Format(time.RFC3339)))
}

// describe records in the stamp of an item to be quarantined where it is, and why it
// is taken.
func (p *Passage) describe() {
	p.stamp.Folder, p.stamp.Read, p.stamp.IDs = p.Item.Folder, p.Item.Read, p.engine.Strategy.System()
	p.stamp.Reason, p.stamp.Reference = p.Reason, p.Reference
}

// errUnstamped means that an item to be restored no longer has a stamp.
var errUnstamped error = &driver.Error{
	Err: errors.New("the item in quarantine has lost its stamp, so it is not known whose it is"), Untouched: true, Answered: true,
}

// ours reports whether the stamp on an item at the user's end can be relied on, and
// is not forged, copied from another message, or left behind; and, if so, whether it
// is known to belong to this installation.
func (p *Passage) ours(ctx context.Context, had *driver.Stamp) (ours, trusted bool, err error) {
	if had == nil || p.NameInUse(had.Operation) {
		return false, false, nil
	}
	other := !strings.EqualFold(had.Mailbox, p.From.Address())
	if other && !p.engine.expired(*had) {
		return false, false, nil // see underOtherAddress
	}
	ours, trusted, err = p.vouched(ctx, *had)
	if !ours || !other || err != nil {
		return ours, trusted, err
	}
	ours, err = p.inMailboxOf(ctx, *had)
	return ours, trusted, err
}

// inMailboxOf reports whether the item is in the mailbox that its stamp names, which is
// then this one under another address. Otherwise somebody moved or copied the item here.
func (p *Passage) inMailboxOf(ctx context.Context, had driver.Stamp) (bool, error) {
	m := p.engine.Strategy.Mailbox(had.Mailbox)
	found, err := p.engine.Find(ctx, m, p.stampedIn(m, had))
	if driver.Temporary(err) {
		return false, err
	}
	// An account that may read this mailbox may also read it by its other address.
	return slices.ContainsFunc(found.Items, func(it driver.Item) bool { return it.ID == p.Item.ID }), nil
}

// vouched is ours for a stamp that names the mailbox, or another address of it.
func (p *Passage) vouched(ctx context.Context, had driver.Stamp) (ours, trusted bool, err error) {
	known, err := p.Ledger.Knows(ctx, had.Operation)
	if err != nil {
		return false, false, fmt.Errorf("journal: %w", err)
	}
	switch {
	case had.Attempt == "":
		return known, known, nil // a stamp of version 1, which anyone can write
	case had.Print != printOf(p.Item):
		return false, false, nil
	}
	ours, trusted = p.genuine(had, known)
	return ours, trusted, nil
}

// usual returns how long the remaining lease of a stamp may be at most if the
// clocks roughly agree.
func (e *Engine) usual() time.Duration { return 2 * (e.window() + e.Doubt + e.Lag) }

// genuine reports whether this installation may have made a stamp, and whether it is known
// to have. Known means that the journal has an intent of the stamp's operation.
func (p *Passage) genuine(had driver.Stamp, known bool) (ours, trusted bool) {
	left, usual := time.Until(had.Lease), p.engine.usual()
	switch {
	case left > max(usual, maxAhead):
		return false, false
	case known, p.engine.sealed(had):
		return true, true
	}
	return len(p.engine.Keys) == 0 && left <= usual, false
}

// maxAhead is how far ahead the clock of another machine of this installation may be, even
// if its time zone is wrong. Until the lease ends by that clock, its attempt is left
// alone.
const maxAhead = 24 * time.Hour

// underOtherAddress reports whether a run of this installation may have just marked the
// item in a mailbox with another address: it may be this mailbox, which would then have
// both addresses.
func (p *Passage) underOtherAddress(ctx context.Context, had *driver.Stamp) bool {
	if had == nil || strings.EqualFold(had.Mailbox, p.From.Address()) || p.engine.expired(*had) {
		return false
	}
	ours, _, err := p.vouched(ctx, *had)
	return ours || err != nil
}

// adopt continues the attempt of another run. Which way that carries the item is unknown.
func (p *Passage) adopt(s driver.Stamp) {
	p.stamp, p.adopted, p.marked, p.wrote, p.way = s, true, time.Time{}, true, ""
	p.fresh()
}

// fresh forgets what was sent and seen for an attempt.
func (p *Passage) fresh() {
	p.sent, p.moves, p.inFlight, p.removing, p.succeeded, p.repeated, p.removed, p.struck, p.made, p.version = false, false, false, false, false, false, false, false, "", ""
	p.split, p.unseenSource, p.unseenCopy = false, unseen{}, unseen{}
}

// otherFinished makes sure that the passage in the other direction has finished
// before this one begins. It has not if a restore still has its lease, or if what
// the passage should have removed is still there.
func (p *Passage) otherFinished(ctx context.Context, had driver.Stamp) error {
	if p.Finished {
		return nil
	}
	if p.Direction == driver.ToQuarantine && !p.engine.expired(had) {
		return p.undecided(fmt.Errorf("a restore of it may be in progress until %s", had.Lease.Format(time.RFC3339)))
	}
	left, err := p.leftOf(ctx, had, func(it driver.Item) bool { return !it.Folder.Recoverable })
	if err != nil {
		return err
	}
	if left != nil && p.Direction == driver.ToUser {
		return p.undecided(errors.New("it is in both mailboxes: the run that took it has not come to its end, or somebody has put a copy back; recover, or quarantine it again, before it is restored"))
	}
	if left != nil {
		return p.undecided(errors.New("it is in both mailboxes: the run that restored it has not come to its end, or somebody has put a copy into quarantine; recover, or restore it again, before it is quarantined"))
	}
	return nil
}

// mark writes the intent and the stamp, and reads the stamp back.
func (p *Passage) mark(ctx context.Context) error {
	if p.before == nil {
		p.before = p.Item.Stamp
	}
	p.stamp.Direction, p.stamp.At = p.Direction, p.at()
	p.engine.lease(&p.stamp, p.Item, time.Now())
	p.adopted, p.trusted = false, true
	p.fresh()
	now := time.Now()
	if err := p.begin(ctx); err != nil {
		return err
	}
	p.marked = now
	m := driver.Change{Stamp: &p.stamp}
	if p.Direction == driver.ToUser {
		m.Read = &p.stamp.Read
		// Remove it before the item travels: a copy made from the MIME form would
		// keep it permanently, among the headers it was received with.
		m.DropHeader = p.engine.QuarantineHeader.Name
	}
	marked, err := p.writeMarkAtLeast(ctx, m)
	p.markDoubt = p.markDoubt || err != nil && !driver.Untouched(err) && !errors.Is(err, driver.ErrConflict) && !errors.Is(err, driver.ErrGone)
	if err != nil && (errors.Is(err, driver.ErrConflict) || errors.Is(err, driver.ErrGone) || driver.Untouched(err)) {
		return err
	}
	p.wrote = true
	was := p.Item
	if err == nil {
		p.see(marked) // a server may give a changed item another id
	}
	if wait := p.engine.MarkWait; wait > 0 {
		if waitErr := p.engine.Sleep(ctx, wait); waitErr != nil {
			return waitErr
		}
	}
	read, lookErr := p.engine.Inspect(ctx, p.From, p.Item.ID)
	switch {
	case lookErr != nil:
		return both(err, lookErr)
	case p.Item.ID != was.ID && (read == nil || identityDiffers(was, *read, true) != ""):
		p.see(was) // the answer belonged to another change
		p.markDoubt = true
		return errAnother
	case read == nil:
		return fmt.Errorf("%w: it was moved when it had just been marked", driver.ErrGone)
	}
	p.see(*read)
	switch {
	case p.carries(*read):
		p.markDoubt = false
		return nil
	case err != nil:
		return err
	case read.Stamp == nil || p.before != nil && *read.Stamp == *p.before:
		return &driver.Error{Err: errNotKept, Untouched: true, Answered: true}
	}
	return driver.ErrConflict // another run was faster
}

// readAnew reads the item again before it is marked, if the time between the two matters.
func (p *Passage) readAnew(ctx context.Context) error {
	if p.engine.MarkWait == 0 {
		return nil
	}
	p.read = time.Now()
	fresh, err := p.engine.Inspect(ctx, p.From, p.Item.ID)
	switch {
	case err != nil:
		return err
	case fresh == nil:
		return driver.ErrGone
	}
	p.see(*fresh)
	return nil
}

// writeMark writes the mark. With MarkWait, it does so soon after the item was
// read or not at all.
func (p *Passage) writeMark(ctx context.Context, m driver.Change) (driver.Item, error) {
	if p.engine.MarkWait == 0 {
		return p.From.Mark(ctx, p.Item, m)
	}
	until := p.read.Add(p.engine.MarkWait / 2)
	if !time.Now().Before(until) {
		return driver.Item{}, &driver.Error{Err: errors.New("too much time has passed since the item was read"), Untouched: true, Temporary: true}
	}
	marking, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	return p.From.Mark(marking, p.Item, m)
}

// errNotKept means that a carried item could not be recognised.
var errNotKept = errors.New("the server reported success, but did not keep the named properties that mark the item; without them it cannot be moved safely")

// at returns the time for the stamp: the time of the quarantine.
func (p *Passage) at() time.Time {
	if p.Direction == driver.ToUser {
		return p.stamp.At
	}
	return time.Now()
}

// begin writes the intent of the present attempt.
func (p *Passage) begin(ctx context.Context) error {
	it, replaced := p.Item, p.begun
	it.Mailbox = p.From.Address()
	if err := p.Ledger.Begin(ctx, p.stamp, it); err != nil {
		// Nothing was sent. A full or broken disk stays so for longer than retries take,
		// but another run that is about to mark the item will soon have done so.
		return &driver.Error{Err: fmt.Errorf("%w: %w", ErrLedger, err), Untouched: true, Temporary: errors.Is(err, ErrUndecided)}
	}
	p.begun = p.stamp.Operation
	if replaced == "" || replaced == p.begun {
		return nil
	}
	// Not before the new intent is written, or nobody would know any more what to do.
	if err := p.Ledger.Finish(ctx, replaced); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}
