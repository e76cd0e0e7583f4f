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
	// free means that, since before the look began, nothing of the attempt can
	// arrive any more.
	free bool
	// noSource and noCopy mean that absence has been shown, and not only that
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

// look counts one look.
func (u *unseen) look(seen bool) {
	if seen {
		*u = unseen{}
		return
	}
	if u.looks++; u.looks == 1 {
		u.since = time.Now()
	}
}

// absent reports whether an item is shown to be absent by looks without it, of which
// the last began at a time. A search may not show yet what was written or moved
// before the first of them, so the last begins when it would.
func (p *Passage) absent(u unseen, began time.Time) bool {
	return u.looks >= looksForAbsence && !began.Before(u.since.Add(p.engine.Lag))
}

// look looks at both ends once.
//
// The original is first looked for by its id, which it has until it is moved. A
// search for its attempt finds it elsewhere. It need not be searched for if its
// id is dead by this run's own doing: a request that removed it was answered with
// success, or nothing but moves were sent, which take the original away, and
// there is a copy, beside which it has not been seen.
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
		s.source = nil // unless a search shows it
	}
	p.split = p.split || s.source != nil && len(s.copies) > 0
	dead := p.removed || p.moves && !p.split && len(s.copies) > 0
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

// errOtherHands means that the original is where it was, but not this attempt's.
var errOtherHands = errors.New("the original is still there, but it carries another stamp, or none: another run has begun anew with it, or somebody removed the stamp")

// errOneItem means that the two parts of a mailbox have both shown one item.
var errOneItem = errors.New("the same item was seen as the original and as its copy: somebody is moving it, or the folder that it is in")

// seenTwice reports whether the original and a copy are one item, in two parts of one mailbox:
// its owner can move a folder from one to the other, with all that is in it, under its ids.
func (p *Passage) seenTwice(s sight) bool {
	return s.source != nil && p.From != nil && strings.EqualFold(p.From.Address(), p.To.Address()) &&
		slices.ContainsFunc(s.copies, func(c driver.Item) bool { return c.ID == s.source.ID })
}

// carries reports whether an item has the attempt of the original, and is not
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

// findStamped searches a mailbox for the item with the attempt, which its owner has
// moved, and returns nil if it does not find it. What the move of a restore left in
// Recoverable Items of the quarantine mailbox is not the original, nor is one of the copies.
func (p *Passage) findStamped(ctx context.Context, m driver.Mailbox, copies []driver.Item) (*driver.Item, error) {
	found, err := p.engine.Find(ctx, m, p.stampedIn(m, p.stamp))
	if err != nil {
		return nil, err
	}
	leftover := p.Direction == driver.ToUser && p.From != nil && m.Address() == p.From.Address()
	for _, it := range found.Items {
		if leftover && it.Folder.Recoverable {
			continue
		}
		if !p.carries(it) {
			p.meet(it)
			continue
		}
		stamped, err := p.engine.Inspect(ctx, m, it.ID)
		if err != nil {
			return nil, err
		}
		if stamped == nil || !p.carries(*stamped) {
			continue // moved again
		}
		if stamped.Folder.ID != it.Folder.ID && p.isCopy(*stamped, copies) {
			continue // a search goes on to show it where it was
		}
		stamped.Folder = it.Folder
		return stamped, nil
	}
	if len(found.Unsearched) > 0 {
		return nil, unsearched("", found.Unsearched[0])
	}
	return nil, nil
}

// stampedIn asks for what has a stamp, anywhere in a mailbox. A policy may move what is in
// quarantine to the archive of its mailbox.
func (p *Passage) stampedIn(m driver.Mailbox, stamp driver.Stamp) driver.Query {
	vault := p.To
	if p.Direction == driver.ToUser {
		vault = p.From
	}
	return driver.Query{Operation: stamp.Operation, Origin: stamp.Mailbox, Archive: vault != nil && m.Address() == vault.Address()}
}

// isCopy reports whether what was read by the id of the original is a copy, or lies where
// the copies are. Under some servers the id of an item outlives its move; the original, by
// that id, is then what has arrived, and to remove it would remove the only copy.
func (p *Passage) isCopy(read driver.Item, copies []driver.Item) bool {
	return read.Folder.ID == p.dest.ID || slices.ContainsFunc(copies, func(c driver.Item) bool {
		return c.ID == read.ID || c.Folder.ID == read.Folder.ID
	})
}

// findCopies returns the items at the destination end that carry the attempt. A
// copy whose id is known is read; otherwise the end is searched. Two ids are two
// objects only if both exist at the same time. Original means that the original is
// still there.
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
			it = nil // filed elsewhere, which a search shows; or not made in this mailbox at all
		}
		if it != nil && it.Stamp == nil && identityDiffers(p.Item, *it, p.faithful) != "" {
			it = nil // the id is that of another message
		}
		// A restore that another run has finished has no stamp any more, and no original.
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
// Without one, nobody could recognise it later: if the server does not keep it,
// the copy is put aside.
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
			return read, nil // what is back with its user needs none in the end
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
			// Someone may have filed it elsewhere in the mailbox.
			q.In, q.Below, missing = nil, false, nil
			q.Archive = p.Direction == driver.ToQuarantine
		}
	}
}

// Uncarried makes sure that nothing of an attempt is at the destination, whose
// original does not carry it. If something is, the stamp of the original was removed
// after it had been carried, and it is not carried again.
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
