package ews

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// maxPageSize is how many entries servers return at most.
const maxPageSize = 1000

func checkPage(request string, size, offset int) error {
	switch {
	case size < 0 || size > maxPageSize:
		return wrong(request+".PageSize", "is %d: give 1 to %d, or 0 for the default", size, maxPageSize)
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

// paging is what a server says of a page.
type paging struct {
	total int // -1: nothing
	next  int // -1: nothing
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

// settle says whether a page of count entries that began at offset is the last
// one, and where the next begins. Servers contradict themselves: a last page
// comes with an offset, a page that is not the last without one, and a view
// that is empty is called unfinished.
func (p paging) settle(offset, count int) (last bool, next int) {
	switch p.last {
	case "true", "1":
		return true, offset + count
	case "false", "0":
		if p.total == 0 && count == 0 {
			return true, offset
		}
	default:
		// Exchange always says it; what does not has to be judged by its total.
		if p.total >= 0 && offset+count >= p.total {
			return true, offset + count
		}
	}
	if p.next < 0 {
		return false, offset + count
	}
	return false, p.next
}

// complete says whether a list of count entries that is never paged is whole.
func (p paging) complete(count int) bool {
	switch p.last {
	case "true", "1":
		return true
	case "false", "0":
		return false
	}
	return p.total >= 0 && count >= p.total
}

// smaller returns the size of the next page after an error: half of it, if the
// page was too large for the server.
func smaller(size int, failed error) int {
	if errors.Is(failed, hasCode(codeFindCount)) {
		return max(size/2, 1)
	}
	return size
}

// pendingFolder is a folder of which there is more to be read.
type pendingFolder struct {
	folder FolderRef
	offset int
}

// alike brings the folders with the offset of the first one to the front and
// returns them.
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
	return fmt.Errorf("ews: %s in %s: the page at offset %d names no later one: %w", op, plain(mailbox), offset, ErrStalledPaging)
}
