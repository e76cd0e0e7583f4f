package ews

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// maxPageSize is the most entries that servers return.
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

// paging is what a server says about a page.
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

// settle reports whether a page of count entries that starts at offset is the
// last one, and where the next one starts. Servers contradict themselves: the
// last page comes with an offset, another page without one, and an empty view
// is called unfinished.
func (p paging) settle(offset, count int) (last bool, next int) {
	switch p.last {
	case "true", "1":
		return true, offset + count
	case "false", "0":
		if p.total == 0 && count == 0 {
			return true, offset
		}
	default:
		// Exchange always says so; other servers must be judged by the total.
		if p.total >= 0 && offset+count >= p.total {
			return true, offset + count
		}
	}
	if p.next < 0 {
		return false, offset + count
	}
	return false, p.next
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

func stalled(op Operation, mailbox string, offset int) error {
	return fmt.Errorf("ews: %s in %s: the page at offset %d does not lead to a later one: %w", op, plain(mailbox), offset, ErrStalledPaging)
}
