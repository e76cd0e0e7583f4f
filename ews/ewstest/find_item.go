package ewstest

import (
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// Maximum numbers of items on a page of FindItem.
const (
	maxItems           = 1000
	maxItemsRestricted = 250 // with a restriction or query string, 2013 and later
)

func findItem(c *call) *refusal {
	shape, badShape := c.itemShape(c.op.Child("ItemShape"), true)
	groups, badGroup := groupingOf(c.op, c.opts.Version)
	matches, badRestriction := condition(itemQuery, c.op.Child("Restriction"))
	var narrow [][]mailstore.Lookup
	if badRestriction == nil {
		narrow = clauses(c.op.Child("Restriction").First())
	}
	query := c.op.Child("QueryString")
	var terms []aqsTerm
	highlights := false
	if query.Exists() {
		if c.op.Child("Restriction").Exists() {
			return refuseText("ErrorInvalidOperation", "QueryString and Restriction exclude each other.")
		}
		if query.AttrBool("ReturnDeletedItems", false) {
			return lacks.refusal(c.opts.Version, "ReturnDeletedItems", true)
		}
		if matches, terms, badRestriction = aqs(query.Content(), c.opts.Now()); badRestriction != nil {
			matches = nil
		}
		highlights = query.AttrBool("ReturnHighlightTerms", false)
		narrow = nil
	}
	seek, badCondition := condition(itemQuery, itemView(c.op).Child("Condition"))
	limit := maxItems
	if (matches != nil || query.Exists()) && c.opts.Version >= Exchange2013 {
		limit = maxItemsRestricted
	}
	if c.pageLimit > 0 {
		limit = min(limit, c.pageLimit)
	}
	if fault, ok := c.strikes(is(faultSeveral)); ok {
		c.out.refused(refuseText(fault.code, "Shared folder search cannot be performed on multiple folders."))
		return nil
	}
	view := itemView(c.op)
	c.batch(c.op.Child("ParentFolderIds").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		for _, bad := range []*refusal{badShape, badGroup, badRestriction, badCondition} {
			if bad != nil {
				return nil, bad
			}
		}
		f, refused := c.folder(n)
		if refused != nil {
			return nil, refused
		}
		listed := c.asIndexed(f, c.pick(f, c.op.Get("Traversal"), narrow, matches), matches)
		if listed, refused = through(f, listed, c.op, view); refused != nil {
			return nil, refused
		}
		found, refused := sorted(itemQuery, listed, c.op.Child("SortOrder"))
		if refused != nil {
			return nil, refused
		}
		if groups != nil {
			body, refused := c.grouped(groups, found, view, seek, limit, shape)
			if refused != nil || !highlights {
				return body, refused
			}
			return func() {
				body()
				c.out.writeTerms(terms)
			}, nil
		}
		p, refused := paged(found, view, seek, limit)
		if refused == nil {
			p, refused = counted(c, p, view, func(limit int) (page[*mailstore.Item], *refusal) { return paged(found, view, seek, limit) })
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
			if refused := shape.lacks(it.Kind()); refused != nil {
				return nil, refused
			}
		}
		return func() {
			c.out.Open("m:RootFolder")
			c.out.writePage(p.position)
			c.out.Open("t:Items")
			for _, it := range p.members {
				c.out.writeItem(it, shape)
			}
			c.out.Close()
			c.out.Close()
			if highlights {
				c.out.writeTerms(terms)
			}
		}, nil
	})
	return nil
}

// pick returns the items of a folder that a traversal includes and a condition
// accepts, which has these clauses. A search folder shows of other folders what the caller
// may read there. Since Exchange 2010, SoftDeleted finds nothing.
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

// writeTerms writes what a query looks for. Its scope is the keyword, empty without
// one: Microsoft's page says no more.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/highlightterms.
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
