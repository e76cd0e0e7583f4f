package ewstest

import (
	"slices"
	"strconv"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// page is a part of a list.
type page[T any] struct {
	position
	members []T
	begin   int // place of the first member, in the order of the view
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

// paged cuts a list to the view of a request, with at most limit members. The
// condition is that of a view that begins where it is met.
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

// seek returns how far from one end of a list the first member is that meets a
// condition, its length if none does.
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

// writePage writes the attributes of a page: where the next one begins, as the view of
// the request names it, and whether there is one.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/rootfolder-finditemresponsemessage.
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
func sorted[T any](r resolver[T], all []T, order *ewsschema.Node) ([]T, *refusal) {
	if !order.Exists() {
		return all, nil
	}
	type field struct {
		g    getter[T]
		sign int
	}
	var fields []field
	for _, n := range order.All("FieldOrder") {
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
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b T) int {
		for _, f := range fields {
			if c := compareBy(f.g, a, b); c != 0 {
				return c * f.sign
			}
		}
		return 0
	})
	return all, nil
}

// compareBy orders two members by a property; one that lacks it comes first.
func compareBy[T any](g getter[T], a, b T) int {
	first := func(t T) (typedValue, bool) {
		values, ok := g.get(t)
		if !ok || len(values) == 0 {
			return typedValue{}, false
		}
		kind := g.kind
		if isArray(kind) {
			kind = ews.TypeString
		}
		return parseValue(kind, values[0])
	}
	va, oka := first(a)
	vb, okb := first(b)
	switch {
	case oka && okb:
		return va.compare(vb)
	case oka:
		return 1
	case okb:
		return -1
	}
	return 0
}
