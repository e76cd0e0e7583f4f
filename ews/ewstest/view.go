package ewstest

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// page is a part of a list.
type page[T any] struct {
	position
	members []T
	begin   int // position of the first member in the view
	asked   int // where the page should begin, even if that is beyond the end
	count   int // maximum number of members
}

// position is where a page is, as the answer reports it.
type position struct {
	offset   int // where the next page begins
	total    int
	last     bool
	indexed  bool // the request had an indexed view
	fraction bool // it had a fractional one
}

// paged cuts a list to the view of a request, with at most limit members. The condition
// is for a view that begins where it is met.
func paged[T any](all []T, view *ewsschema.Node, meets func(T) bool, limit int) (page[T], *refusal) {
	p := page[T]{position: position{total: len(all)}}
	count, offset := limit, 0
	if view.Exists() {
		if v, ok := view.Attr("MaxEntriesReturned"); ok {
			n, err := strconv.Atoi(v)
			if err != nil || n <= 0 {
				return p, refuse("ErrorInvalidPagingMaxRows")
			}
			count = min(n, limit)
		}
		switch view.Local {
		case "IndexedPageItemView", "IndexedPageFolderView":
			p.indexed = true
			offset = int(view.AttrInt("Offset", 0))
			if offset < 0 {
				return p, refuse("ErrorInvalidIndexedPagingParameters")
			}
		case "SeekToConditionPageItemView":
			p.indexed = true
			offset = seek(all, view.Get("BasePoint") == "End", meets)
		case "FractionalPageItemView", "FractionalPageFolderView":
			p.fraction = true
			num, den := view.AttrInt("Numerator", 0), view.AttrInt("Denominator", 0)
			if num < 0 || den <= 0 || num > den {
				return p, refuse("ErrorInvalidFractionalPagingParameters")
			}
			offset = int(int64(len(all)) * num / den)
		}
	}
	p.asked, p.count = offset, count
	offset = min(offset, len(all))
	p.begin = offset
	if view.Get("BasePoint") == "End" {
		end := len(all) - offset
		begin := max(0, end-count)
		p.members, p.offset, p.last = all[begin:end], offset+end-begin, begin == 0
		return p, nil
	}
	end := min(offset+count, len(all))
	p.members, p.offset, p.last = all[offset:end], end, end == len(all)
	return p, nil
}

// seek returns the distance from one end of a list to the first member that meets a
// condition, or the list's length if none does.
func seek[T any](all []T, fromEnd bool, meets func(T) bool) int {
	for i := range all {
		at := i
		if fromEnd {
			at = len(all) - 1 - i
		}
		if meets(all[at]) {
			return i
		}
	}
	return len(all)
}

// writePage writes the attributes of a page: where the next one begins, in the terms of
// the request's view, and whether there is one. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/rootfolder-finditemresponsemessage.
func (e *encoder) writePage(p position) {
	if p.fraction {
		e.Attr("NumeratorOffset", strconv.Itoa(p.offset))
		e.Attr("AbsoluteDenominator", strconv.Itoa(p.total))
	}
	e.writePlace(p.offset, p.total, p.last, p.indexed)
}

// writePlace writes the attributes of the page.
func (e *encoder) writePlace(offset, total int, last, indexed bool) {
	if indexed {
		e.Attr("IndexedPagingOffset", strconv.Itoa(offset))
	}
	e.Attr("TotalItemsInView", strconv.Itoa(total))
	e.Attr("IncludesLastItemInRange", strconv.FormatBool(last))
}

// sorted orders a list by the fields of a SortOrder.
func sorted[T any](r resolver[T], all []T, by *ewsschema.Node) ([]T, *refusal) {
	if !by.Exists() {
		return all, nil
	}
	type field struct {
		g    getter[T]
		sign int
	}
	var fields []field
	for _, n := range by.All("FieldOrder") {
		g, refused := r.path(n.First())
		if refused != nil {
			return nil, refuse("ErrorUnsupportedPathForSortGroup")
		}
		sign := 1
		if n.Get("Order") == "Descending" {
			sign = -1
		}
		fields = append(fields, field{g, sign})
	}
	// The first value of each is read once, the others only where it does not decide.
	type placed struct {
		member T
		at     standing
	}
	order := make([]placed, 0, len(all))
	for _, t := range all {
		order = append(order, placed{t, standingOf(fields[0].g, t)})
	}
	slices.SortStableFunc(order, func(a, b placed) int {
		if c := a.at.compare(b.at); c != 0 {
			return c * fields[0].sign
		}
		for _, f := range fields[1:] {
			if c := standingOf(f.g, a.member).compare(standingOf(f.g, b.member)); c != 0 {
				return c * f.sign
			}
		}
		return 0
	})
	sorted := make([]T, 0, len(all))
	for _, p := range order {
		sorted = append(sorted, p.member)
	}
	return sorted, nil
}

// standing is a member's place in an order by a property; a member that lacks the
// property comes first.
type standing struct {
	value typedValue
	has   bool
}

func standingOf[T any](g getter[T], t T) standing {
	values, ok := g.get(t)
	if !ok || len(values) == 0 {
		return standing{}
	}
	kind := g.kind
	if isArray(kind) {
		kind = ews.TypeString
	}
	v, ok := parseValue(kind, values[0])
	return standing{v, ok}
}

func (p standing) compare(q standing) int {
	if p.has && q.has {
		return p.value.compare(q.value)
	}
	return cmp.Compare(truth(p.has), truth(q.has))
}
