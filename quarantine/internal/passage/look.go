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

// sight is what one look at both ends saw of an attempt.
type sight struct {
	source *driver.Item  // the original
	copies []driver.Item // at the destination, each a different object
	// free means that nothing of the attempt can arrive any more, and could not
	// even when the look began.
	free bool
	// noSource and noCopy mean that absence has been shown, not merely that
	// nothing was seen.
	noSource, noCopy bool
	// last means that the copies were read when the original was known to be gone.
	last bool
}

// looksForAbsence is how many looks in a row must not see an item before it
// counts as absent. While a mailbox is searched, its owner may move the item from
// a folder that has yet to be searched to one that has been.
const looksForAbsence = 2

// unseen counts the looks in a row that have not seen an item.
type unseen struct {
	looks int
	since time.Time // end of the first
}

// look records one look.
func (u *unseen) look(seen bool) {
	if seen {
		*u = unseen{}
		return
	}
	if u.looks++; u.looks == 1 {
		u.since = time.Now()
	}
}

// absent reports whether looks that did not see an item, the last of which began at
// the time began, show it to be absent. A search may not show yet what was written
// or moved before the end of the first such look, so the last one must begin when a
// search would show it.
func (p *Passage) absent(u unseen, began time.Time) bool {
	return u.looks >= looksForAbsence && !began.Before(u.since.Add(p.engine.Lag))
}

// look looks at both ends once.
//
// The original is first looked for by its id, which it has until it is moved. A
// search for its attempt finds it elsewhere. It need not be searched for if this
// run itself has made its id dead: a request to remove it was answered with
// success, or nothing but moves, which take the original away, were sent and
// there is a copy alongside which the original has not been seen. A move that was answered
// with an error may have left the original where it was.
func (p *Passage) look(ctx context.Context) (sight, error) {
	began := time.Now()
	p.newer = nil
	s := sight{free: p.free()}
	source, err := p.engine.Inspect(ctx, p.From, p.Item.ID)
	if err != nil {
		return s, err
	}
	others := source != nil && !p.carries(*source)
	if others {
		p.meet(*source)
	} else if source != nil {
		at := p.placed(*source)
		s.source = &at
	}
	if s.copies, err = p.findCopies(ctx, s.source != nil); err != nil {
		return s, err
	}
	if others {
		return s, p.follow(ctx, s, errOtherHands)
	}
	if source != nil && p.isCopy(*source, s.copies) {
		s.source = nil // unless a search shows the original
	}
	p.split = p.split || s.source != nil && len(s.copies) > 0
	dead := p.removed || p.moves && (p.succeeded || p.inFlight) && !p.split && len(s.copies) > 0
	if s.source == nil && !dead {
		if s.source, err = p.findStamped(ctx, p.From, s.copies); err != nil {
			return s, err
		}
	}
	if p.seenTwice(s) {
		return s, errOneItem
	}
	if s.source != nil {
		p.Item = *s.source
	} else if err := p.follow(ctx, s, nil); err != nil {
		return s, err
	}
	p.unseenSource.look(s.source != nil)
	p.unseenCopy.look(len(s.copies) > 0)
	s.last = dead && s.source == nil
	s.noSource = s.source == nil && (dead || p.absent(p.unseenSource, began))
	s.noCopy = len(s.copies) == 0 && p.absent(p.unseenCopy, began)
	return s, nil
}

// errOtherHands means that the original is where it was, but no longer carries
// this attempt.
var errOtherHands = errors.New("the original is still there, but it carries another stamp, or none: another run has begun anew with it, or somebody removed the stamp")

// errOneItem means that both parts of a mailbox have shown the same item.
var errOneItem = errors.New("the same item was seen as the original and as its copy: somebody is moving it, or the folder that it is in")

// seenTwice reports whether the original and a copy are one item, seen in the two parts of
// one mailbox: the owner can move a folder from one part to the other with everything in
// it, and the ids stay the same.
func (p *Passage) seenTwice(s sight) bool {
	return s.source != nil && p.From != nil && strings.EqualFold(p.From.Address(), p.To.Address()) &&
		slices.ContainsFunc(s.copies, func(c driver.Item) bool { return c.ID == s.source.ID })
}

// carries reports whether an item has the original's attempt, and is not
// another message to which somebody has copied the stamp.
func (p *Passage) carries(it driver.Item) bool {
	return it.Stamp != nil && it.Stamp.Operation == p.stamp.Operation && it.Stamp.Attempt == p.stamp.Attempt &&
		it.Stamp.Direction == p.Direction && strings.EqualFold(it.Stamp.Mailbox, p.stamp.Mailbox) && p.alike(it)
}

// alike reports whether an item may be the original or a copy of it. Not every
// way keeps a date, and a server may assign a Message-ID to a message without one.
func (p *Passage) alike(it driver.Item) bool {
	return driver.BareMessageID(p.Item.MessageID) == "" || driver.SameMessageID(p.Item.MessageID, it.MessageID)
}

// findStamped searches a mailbox for the item with the attempt, which its owner has moved,
// and returns nil if it does not find it. What the move of a restore has left in
// Recoverable Items of the quarantine mailbox is not the original, and neither is one of
// the copies.
func (p *Passage) findStamped(ctx context.Context, m driver.Mailbox, copies []driver.Item) (*driver.Item, error) {
	leftover := p.Direction == driver.ToUser && p.From != nil && m.Address() == p.From.Address()
	it, missing, err := p.searchStamped(ctx, m, copies, func(it driver.Item) bool { return !leftover || !it.Folder.Recoverable })
	if it == nil && err == nil && len(missing) > 0 {
		return nil, unsearched("", missing[0])
	}
	return it, err
}

// strayed returns the original if it is elsewhere in its mailbox, although the server says
// that it has moved or removed it. What a server keeps of it in Recoverable Items does not
// count, nor does a copy whose id has outlived the move. A folder that cannot be searched
// proves nothing: it is the dead id that shows that the original is gone.
func (p *Passage) strayed(ctx context.Context, copies []driver.Item) (*driver.Item, error) {
	it, _, err := p.searchStamped(ctx, p.From, copies, func(it driver.Item) bool {
		return !it.Folder.Recoverable && !slices.ContainsFunc(copies, func(c driver.Item) bool { return c.ID == it.ID })
	})
	return it, err
}

// searchStamped is findStamped or strayed, depending on what counts, and also returns the
// folders that could not be searched.
func (p *Passage) searchStamped(ctx context.Context, m driver.Mailbox, copies []driver.Item, counts func(driver.Item) bool) (*driver.Item, []driver.Unsearched, error) {
	found, err := p.engine.Find(ctx, m, p.stampedIn(m, p.stamp))
	if err != nil {
		return nil, nil, err
	}
	for _, it := range found.Items {
		if !counts(it) {
			continue
		}
		if !p.carries(it) {
			p.meet(it)
			continue
		}
		stamped, err := p.engine.Inspect(ctx, m, it.ID)
		if err != nil {
			return nil, nil, err
		}
		if stamped == nil || !p.carries(*stamped) {
			continue // moved again
		}
		if stamped.Folder.ID != it.Folder.ID && p.isCopy(*stamped, copies) {
			continue // a search keeps showing it where it was
		}
		stamped.Folder = it.Folder
		return stamped, found.Unsearched, nil
	}
	return nil, found.Unsearched, nil
}

// stampedIn returns a query for items of a stamp's operation, anywhere in a mailbox. For
// the quarantine mailbox, it includes the archive, to which a policy may move what is in
// quarantine.
func (p *Passage) stampedIn(m driver.Mailbox, stamp driver.Stamp) driver.Query {
	vault := p.To
	if p.Direction == driver.ToUser {
		vault = p.From
	}
	return driver.Query{Operation: stamp.Operation, Origin: stamp.Mailbox, Archive: vault != nil && m.Address() == vault.Address()}
}

// isCopy reports whether what was read by the id of the original is a copy, or lies where
// the copies are. On some servers the id of an item outlives its move; that id then leads
// to the item that has arrived, and removing it would remove the only copy.
func (p *Passage) isCopy(read driver.Item, copies []driver.Item) bool {
	return read.Folder.ID == p.dest.ID || slices.ContainsFunc(copies, func(c driver.Item) bool {
		return c.ID == read.ID || c.Folder.ID == read.Folder.ID
	})
}

// findCopies returns the items at the destination end that carry the attempt. A
// copy whose id is known is read; otherwise the end is searched. Two ids mean two
// objects only if both exist at the same time. The parameter original means that
// the original is still there.
func (p *Passage) findCopies(ctx context.Context, original bool) ([]driver.Item, error) {
	if p.made != "" && !p.repeated {
		it, err := p.engine.Inspect(ctx, p.To, p.made)
		if err != nil {
			return nil, err
		}
		switch {
		case it != nil && it.Folder.ID == p.dest.ID:
			it.Folder = p.dest // with its path
		case it != nil && it.Folder.ID != "":
			it = nil // filed elsewhere, which a search will show; or not made in this mailbox at all
		}
		if it != nil && it.Stamp == nil && identityDiffers(p.Item, *it, p.faithful) != "" {
			it = nil // the id belongs to another message
		}
		// An item whose restore another run has finished has neither a stamp nor an
		// original any more.
		if it != nil && (p.carries(*it) || p.Direction == driver.ToUser && it.Stamp == nil && !original) {
			return []driver.Item{*it}, nil
		}
		if it != nil && it.Stamp == nil {
			it, err := p.reclaim(ctx, *it)
			if err != nil {
				return nil, err
			}
			return []driver.Item{*it}, nil
		}
	}
	copies, err := p.searchCopies(ctx)
	if err != nil || len(copies) < 2 {
		return copies, err
	}
	there, err := p.engine.existing(ctx, p.To, copies)
	return slices.DeleteFunc(there, func(it driver.Item) bool { return !p.carries(it) }), err
}

// reclaim stamps the copy that this run made, if it arrived without its stamp.
// Without a stamp, nobody could recognise it later: if the server does not keep
// the stamp, the copy is put aside.
func (p *Passage) reclaim(ctx context.Context, c driver.Item) (*driver.Item, error) {
	stamp := p.stamp
	stamp.Rebuilt = !p.faithful
	marked, err := p.To.Mark(ctx, c, driver.Change{Stamp: &stamp})
	if err != nil {
		return nil, err
	}
	p.made = marked.ID // a server may give a changed item another id
	read, err := p.engine.Inspect(ctx, p.To, marked.ID)
	if err != nil {
		return nil, err
	}
	if read != nil {
		read.Folder = c.Folder
		if p.carries(*read) || p.Direction == driver.ToUser && read.Stamp == nil {
			return read, nil // a restored item needs no stamp in the end
		}
		p.shelve(ctx, *read, "a copy without its stamp")
	}
	p.made = ""
	return nil, errNotKept
}

func (p *Passage) searchCopies(ctx context.Context) ([]driver.Item, error) {
	q := p.Scope(p.dest)
	q.Operation, q.Origin = p.stamp.Operation, p.stamp.Mailbox
	var copies []driver.Item
	var missing []driver.Unsearched
	everywhere := q.In == nil
	for pass := 0; ; pass++ {
		found, err := p.engine.Find(ctx, p.To, q)
		if err != nil {
			return nil, err
		}
		missing = append(missing, found.Unsearched...)
		for _, it := range found.Items {
			p.meet(it)
			if p.carries(it) && !slices.ContainsFunc(copies, func(c driver.Item) bool { return c.ID == it.ID }) {
				copies = append(copies, it)
			}
		}
		switch {
		case len(copies) > 0, pass == 1:
			if len(copies) == 0 && len(missing) > 0 {
				return nil, unsearched(" at the destination", missing[0])
			}
			// Everyone uses the same order.
			slices.SortFunc(copies, func(a, b driver.Item) int { return strings.Compare(a.ID, b.ID) })
			return copies, nil
		case everywhere:
			// The destination may be a folder that is otherwise not searched, such as
			// one in an archive.
			q.In = &p.dest
		default:
			// Someone may have moved it elsewhere in the mailbox.
			q.In, q.Below, missing = nil, false, nil
			q.Archive = p.Direction == driver.ToQuarantine
		}
	}
}

// Uncarried makes sure that nothing of an attempt is at the destination, for an attempt
// that the original does not carry. If something is, the stamp was removed from the
// original after the original had been carried, and it must not be carried again.
func (p *Passage) Uncarried(ctx context.Context, stamp driver.Stamp) error {
	it, err := p.leftOf(ctx, stamp, func(driver.Item) bool { return true })
	if err != nil {
		return p.undecided(err)
	}
	if it != nil {
		return p.undecided(fmt.Errorf("a copy of it is in %s of %s: compare the two, and remove one; %w", it.Folder.Path, p.To.Address(), errOtherHands))
	}
	return nil
}

func unsearched(where string, u driver.Unsearched) error {
	return fmt.Errorf("folder %q%s could not be searched: %s", u.Folder.Path, where, u.Reason)
}
