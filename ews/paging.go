package ews

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// maxPageSize is the maximum number of entries that servers return.
const maxPageSize = 1000

func checkPage(request string, size, offset int) error {
	switch {
	case size < 0 || size > maxPageSize:
		return wrong(request+".PageSize", "is %d: use 1 to %d, or 0 for the default", size, maxPageSize)
	case offset < 0:
		return wrong(request+".Offset", "is %d, which is negative", offset)
	}
	return nil
}

func encodeView(e *xmlwire.Encoder, name string, size, offset int) {
	e.Open(name)
	e.Attr("MaxEntriesReturned", strconv.Itoa(size))
	e.Attr("Offset", strconv.Itoa(offset))
	e.Attr("BasePoint", "Beginning")
	e.Close()
}

// paging is what a server reports about a page.
type paging struct {
	total int // -1: not given
	next  int // -1: not given
	last  string
}

func decodePaging(d *xmlwire.Decoder) paging {
	number := func(name string) int {
		n, err := strconv.Atoi(cmp.Or(d.AttrInterned(name), "-1"))
		if err != nil || n < 0 {
			return -1
		}
		return n
	}
	return paging{
		total: number("TotalItemsInView"),
		next:  number("IndexedPagingOffset"),
		last:  d.AttrInterned("IncludesLastItemInRange"),
	}
}

// settle reports whether a page of count entries that starts at offset is the last one,
// and where the next one starts. Servers contradict themselves: a last page has an offset
// for the next one, another page has none, and an empty view is reported as unfinished.
func (p paging) settle(offset, count int) (last bool, next int) {
	switch p.last {
	case "true", "1":
		return true, offset + count
	case "false", "0":
		if count == 0 && (p.total == 0 || p.total > 0 && offset >= p.total && p.next <= offset) {
			return true, offset
		}
	default:
		// Exchange always reports it; other servers must be judged by the total.
		if p.total >= 0 && offset+count >= p.total {
			return true, offset + count
		}
	}
	if p.next < 0 {
		return false, offset + count
	}
	return false, p.next
}

// maxIdlePages is how many pages in a row may bring nothing new.
const maxIdlePages = 3

// Limits on the size of a view. Exchange Online allows 1,000,000 messages in a folder,
// 3,000,000 in a Recoverable Items folder, and 10,000 folders in a folder.
// See https://learn.microsoft.com/en-us/office365/servicedescriptions/exchange-online-service-description/exchange-online-limits.
const (
	maxViewItems   = 4_000_000
	maxViewFolders = 250_000
)

// PageCheck follows the pages of one view and detects paging that would never end: pages
// that do not advance, are empty or repeat, or that have brought more than 4,000,000
// items or 250,000 folders in total. FindItems and FindFolders use it, and so can callers
// that request pages one by one. The zero value is ready for use.
type PageCheck struct {
	seen  map[string]bool // ids of the first entries of all pages
	idle  int             // pages in a row that brought nothing new
	count int             // entries of all pages
}

// Items returns an error that matches [ErrStalledPaging] if the page requested at offset
// does not lead to an end. That is the case if its NextOffset is not beyond offset or
// skips all remaining items, if the page begins like an earlier one, or if more pages are
// to follow although it and the pages before it have brought nothing new, or more items
// than there can be. Items returns nil for a last page.
func (p *PageCheck) Items(offset int, page ItemPage) error {
	if page.Last {
		return nil
	}
	first := ""
	if len(page.Items) > 0 {
		first = page.Items[0].ID.ID
	}
	if p.count += len(page.Items); p.count > maxViewItems {
		return fmt.Errorf("%w: there are more than %d items, and still no last page", ErrStalledPaging, maxViewItems)
	}
	return p.page(offset, len(page.Items), page.NextOffset, page.Total, first)
}

// Folders works like [PageCheck.Items], for pages of folders.
func (p *PageCheck) Folders(offset int, page FolderPage) error {
	if page.Last {
		return nil
	}
	first := ""
	if len(page.Folders) > 0 {
		first = page.Folders[0].ID.ID
	}
	if p.count += len(page.Folders); p.count > maxViewFolders {
		return fmt.Errorf("%w: there are more than %d folders, and still no last page", ErrStalledPaging, maxViewFolders)
	}
	return p.page(offset, len(page.Folders), page.NextOffset, page.Total, first)
}

func (p *PageCheck) page(offset, count, next, total int, first string) error {
	p.idle++
	switch {
	case next <= offset:
		return ErrStalledPaging
	case next >= total && offset+count < total:
		// The next page would be empty, and look like the end.
		return fmt.Errorf("%w: a page skips all that is left", ErrStalledPaging)
	case first == "":
	case p.seen[first]:
		return fmt.Errorf("%w: a page begins like an earlier one", ErrStalledPaging)
	default:
		if total < 0 || offset < total {
			p.idle = 0
		}
		if p.seen == nil {
			p.seen = make(map[string]bool)
		}
		p.seen[first] = true
	}
	if p.idle > maxIdlePages {
		return fmt.Errorf("%w: %d pages in a row brought nothing new, and none was the last", ErrStalledPaging, p.idle)
	}
	return nil
}

// complete reports whether a list of count entries, which is never paged, is
// complete.
func (p paging) complete(count int) bool {
	switch p.last {
	case "true", "1":
		return true
	case "false", "0":
		return false
	}
	return p.total >= 0 && count >= p.total
}

// smaller returns the page size to use after an error: half of size if the page
// was too large for the server.
func smaller(size int, failed error) int {
	if errors.Is(failed, hasCode(codeFindCount)) {
		return max(size/2, 1)
	}
	return size
}

// pendingFolder is a folder with more to read.
type pendingFolder struct {
	folder FolderRef
	offset int
	check  *PageCheck
}

// alike moves the folders with the same offset as the first one to the front and
// returns them with that offset.
func alike(pending []pendingFolder) ([]FolderRef, int) {
	if len(pending) == 0 {
		return nil, 0
	}
	offset := pending[0].offset
	slices.SortStableFunc(pending, func(a, b pendingFolder) int {
		switch {
		case a.offset == offset && b.offset != offset:
			return -1
		case a.offset != offset && b.offset == offset:
			return 1
		}
		return 0
	})
	var folders []FolderRef
	for _, p := range pending {
		if p.offset == offset {
			folders = append(folders, p.folder)
		}
	}
	return folders, offset
}

func stalled(op Operation, mailbox string, offset int, err error) error {
	return fmt.Errorf("ews: %s in %s: the page at offset %d does not lead to the end: %w", op, plain(mailbox), offset, err)
}
