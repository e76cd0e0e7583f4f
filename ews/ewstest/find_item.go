package ewstest

import (
	"cmp"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// Maximum numbers of items on a page of FindItem.
const (
	maxItems           = 1000
	maxItemsRestricted = 250 // with a restriction or query string, 2013 and later
)

// itemSearch is what a FindItem asks for in each of its folders.
type itemSearch struct {
	shape      *itemShape
	groups     *grouping
	matches    func(*mailstore.Item) bool // nil: everything
	narrow     [][]mailstore.Lookup
	terms      []aqsTerm
	highlights bool
	seek       func(*mailstore.Item) bool
	view       *ewsschema.Node
	limit      int
	wrong      *refusal // the answer for each folder
}

func findItem(c *call) *refusal {
	s, refused := c.itemSearch()
	if refused != nil {
		return refused
	}
	if fault, ok := c.strikes(is(faultSeveral)); ok {
		c.out.refused(refuseText(fault.code, "Shared folder search cannot be performed on multiple folders."))
		return nil
	}
	c.batch(c.op.Child("ParentFolderIds").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		if s.wrong != nil {
			return nil, s.wrong
		}
		f, refused := c.folder(n)
		if refused != nil {
			return nil, refused
		}
		return c.searchItems(s, f)
	})
	return nil
}

// itemSearch reads what a FindItem asks for. The refusal that it returns is for the
// request as a whole, not for each folder.
func (c *call) itemSearch() (*itemSearch, *refusal) {
	s := &itemSearch{view: itemView(c.op), limit: maxItems}
	var badShape, badGroup, badRestriction, badCondition *refusal
	s.shape, badShape = c.itemShape(c.op.Child("ItemShape"), true)
	s.groups, badGroup = groupingOf(c.op, c.opts.Version)
	s.matches, badRestriction = condition(itemQuery, c.op.Child("Restriction"))
	if badRestriction == nil {
		s.narrow = clauses(c.op.Child("Restriction").First())
	}
	query := c.op.Child("QueryString")
	if query.Exists() {
		if c.op.Child("Restriction").Exists() {
			return nil, refuseText("ErrorInvalidOperation", "QueryString and Restriction exclude each other.")
		}
		if query.AttrBool("ReturnDeletedItems", false) {
			return nil, lacks.refusal(c.opts.Version, "ReturnDeletedItems", true)
		}
		if s.matches, s.terms, badRestriction = aqs(query.Content(), c.opts.Now()); badRestriction != nil {
			s.matches = nil
		}
		s.highlights = query.AttrBool("ReturnHighlightTerms", false)
		s.narrow = nil
	}
	s.seek, badCondition = condition(itemQuery, s.view.Child("Condition"))
	s.wrong = cmp.Or(badShape, badGroup, badRestriction, badCondition)
	if (s.matches != nil || query.Exists()) && c.opts.Version >= Exchange2013 {
		s.limit = maxItemsRestricted
	}
	if c.pageLimit > 0 {
		s.limit = min(s.limit, c.pageLimit)
	}
	return s, nil
}

// searchItems searches one folder, and returns a function that writes the answer.
func (c *call) searchItems(s *itemSearch, f *mailstore.Folder) (func(), *refusal) {
	listed := c.asIndexed(f, c.pick(f, c.op.Get("Traversal"), s.narrow, s.matches), s.matches)
	listed, refused := through(f, listed, c.op, s.view)
	if refused != nil {
		return nil, refused
	}
	found, refused := sorted(itemQuery, listed, c.op.Child("SortOrder"))
	if refused != nil {
		return nil, refused
	}
	if s.groups != nil {
		body, refused := c.grouped(s.groups, found, s.view, s.seek, s.limit, s.shape)
		if refused != nil || !s.highlights {
			return body, refused
		}
		return func() {
			body()
			c.out.writeTerms(s.terms)
		}, nil
	}
	p, refused := paged(found, s.view, s.seek, s.limit)
	if refused == nil {
		p, refused = counted(c, p, s.view, func(limit int) (page[*mailstore.Item], *refusal) { return paged(found, s.view, s.seek, limit) })
	}
	if refused == nil {
		c.saw(p.members)
		refused = c.failing(p.begin, p.members)
	}
	if refused != nil {
		return nil, refused
	}
	p = bent(c, p, found, p.members)
	for _, it := range p.members {
		if refused := s.shape.lacks(it.Kind()); refused != nil {
			return nil, refused
		}
	}
	return func() { c.out.writeFound(s, p) }, nil
}

// writeFound writes a page of what was found in a folder.
func (e *encoder) writeFound(s *itemSearch, p page[*mailstore.Item]) {
	e.Open("m:RootFolder")
	e.writePage(p.position)
	e.Open("t:Items")
	for _, it := range p.members {
		e.writeItem(it, s.shape)
	}
	e.Close()
	e.Close()
	if s.highlights {
		e.writeTerms(s.terms)
	}
}

// pick returns the items of a folder that a traversal includes and a condition with these
// clauses accepts. A search folder shows only those items of other folders that the
// caller may read there. Since Exchange 2010, SoftDeleted finds nothing.
func (c *call) pick(f *mailstore.Folder, traversal string, narrow [][]mailstore.Lookup, matches func(*mailstore.Item) bool) []*mailstore.Item {
	if traversal == "SoftDeleted" {
		return nil
	}
	var found []*mailstore.Item
	f.Each(narrow, func(it *mailstore.Item) {
		if it.Associated == (traversal == "Associated") && (it.Folder == f || c.rightsIn(it.Folder).Read == "FullDetails") && (matches == nil || matches(it)) {
			found = append(found, it)
		}
	})
	return found
}

// writeTerms writes what a query looks for. The scope of a term is its keyword, or empty
// without one: Microsoft's page gives no further details. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/highlightterms.
func (e *encoder) writeTerms(terms []aqsTerm) {
	e.Open("m:HighlightTerms")
	for _, t := range terms {
		e.Open("t:Term")
		e.Leaf("t:Scope", t.scope)
		e.Leaf("t:Value", t.value)
		e.Close()
	}
	e.Close()
}

func itemView(op *ewsschema.Node) *ewsschema.Node {
	for _, name := range []string{"IndexedPageItemView", "FractionalPageItemView", "SeekToConditionPageItemView", "CalendarView", "ContactsView"} {
		if v := op.Child(name); v != nil {
			return v
		}
	}
	return nil
}
