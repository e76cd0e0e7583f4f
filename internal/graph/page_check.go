package graph

import (
	"errors"
	"fmt"
	"hash/maphash"
)

// Limits of one list. Exchange Online allows 1,000,000 messages in a folder, 3,000,000 in
// a Recoverable Items folder, and 10,000 folders in a folder.
// See https://learn.microsoft.com/en-us/office365/servicedescriptions/exchange-online-service-description/exchange-online-limits.
const (
	maxEntries     = 4_000_000
	maxFolders     = 250_000
	maxAttachments = 5_000 // Exchange takes 1,024 at most
	maxPages       = 100_000
	// maxRows is the maximum number of entries on one page: 1,000 can be requested, and
	// lists of attachments are not paged.
	maxRows = 5_000
	// maxIdlePages is how many pages in a row may bring nothing new. Graph is known for
	// empty pages that are followed by others.
	maxIdlePages = 1_000
	// maxListBytes bounds the text of all pages, and maxLink the link to one.
	maxListBytes = 16 << 30
	maxLink      = 64 << 10
)

// errPages is the error of a list whose pages lead in a circle, or do not end: the whole
// list is not known.
var errPages = errors.New("its pages lead to no end")

// pageCheck follows the pages of one list, and detects paging that would never end.
type pageCheck[T entry] struct {
	seed  maphash.Seed
	links map[uint64]bool // of the previous pages, hashed because they may be long
	first map[uint64]bool // ids of the first entries of those pages
	most  int             // entries
	count int
	bytes int64
	idle  int // pages in a row that brought nothing new
}

func newPageCheck[T entry]() *pageCheck[T] {
	p := &pageCheck[T]{seed: maphash.MakeSeed(), links: make(map[uint64]bool), first: make(map[uint64]bool), most: maxEntries}
	switch any(*new(T)).(type) {
	case Folder:
		p.most = maxFolders
	case Attachment:
		p.most = maxAttachments
	}
	return p
}

// page returns an error for a page that is too long, or one that is not the last and
// leads to no end.
func (p *pageCheck[T]) page(at page[T]) error {
	p.count += len(at.Value)
	p.bytes += int64(at.size)
	switch {
	case len(at.Value) > maxRows:
		return fmt.Errorf("a page of it has %d entries, more than can be asked for", len(at.Value))
	case p.count > p.most:
		return fmt.Errorf("%w: there are more than %d entries", errPages, p.most)
	case at.Next == "":
		return nil
	case len(at.Next) > maxLink:
		return fmt.Errorf("the link to its next page has %d bytes, more than %d", len(at.Next), maxLink)
	case p.before(p.links, at.Next):
		return fmt.Errorf("%w: they lead in a circle", errPages)
	case p.bytes > maxListBytes:
		return fmt.Errorf("%w: there are more than %d bytes", errPages, int64(maxListBytes))
	case len(p.links) > maxPages:
		return fmt.Errorf("%w: there are more than %d", errPages, maxPages)
	}
	if p.idle++; len(at.Value) > 0 && !p.before(p.first, at.Value[0].entryID()) {
		p.idle = 0
	}
	if p.idle > maxIdlePages {
		return fmt.Errorf("%w: %d in a row brought nothing new", errPages, p.idle)
	}
	return nil
}

// repeats reports whether a page without a link repeats an earlier one, as from a server
// that ignores $skip.
func (p *pageCheck[T]) repeats(at page[T]) bool {
	return len(at.Value) == 0 || p.before(p.first, at.Value[0].entryID())
}

// before adds a text, and reports whether it was already known.
func (p *pageCheck[T]) before(known map[uint64]bool, text string) bool {
	sum := maphash.String(p.seed, text)
	was := known[sum]
	known[sum] = true
	return was
}
