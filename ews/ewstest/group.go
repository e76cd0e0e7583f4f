package ewstest

import (
	"slices"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// grouping is how FindItem groups items: by the value of a property, with the groups
// ordered by the greatest or least value of another property in each.
type grouping struct {
	by, order  getter[*mailstore.Item]
	greatest   bool
	descending bool
}

// group holds the items with the same value, or those without one.
type group struct {
	text  string
	items []*mailstore.Item
	place standing // by the greatest or least value in it
}

// groups are looked up by value, and ordered by their places.
type groups struct {
	of    map[groupKey]*group
	order []*group
}

type groupKey struct {
	value string // see [typedValue.key]
	has   bool
}

// row is a row of a grouped list: the head of a group, without an item, or an item.
type row struct {
	group *group
	item  *mailstore.Item
}

// groupingOf reads GroupBy and DistinguishedGroupBy; without either it returns nil.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/groupby
// and https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/standardgroupby.
func groupingOf(op *ewsschema.Node, version Version) (*grouping, *refusal) {
	if n := op.Child("DistinguishedGroupBy"); n.Exists() {
		return &grouping{
			by: itemQuery.fields["message:ConversationTopic"], order: itemQuery.fields["item:DateTimeReceived"],
			greatest: true, descending: n.Get("Order") == "Descending",
		}, nil
	}
	n := op.Child("GroupBy")
	if !n.Exists() {
		return nil, nil
	}
	for _, k := range n.Kids()[2:] {
		return nil, lacks.refusal(version, k.Local, true)
	}
	aggregate := n.Child("AggregateOn")
	by, refusedBy := itemQuery.path(n.First())
	order, refusedOrder := itemQuery.path(aggregate.First())
	if refusedBy != nil || refusedOrder != nil {
		return nil, refuse("ErrorUnsupportedPathForSortGroup")
	}
	return &grouping{by, order, aggregate.Get("Aggregate") == "Maximum", n.Get("Order") == "Descending"}, nil
}

// rows returns the groups of some items, each followed by its items in their order. An
// item with several values is in several groups.
func (g *grouping) rows(items []*mailstore.Item) []row {
	all := groups{of: make(map[groupKey]*group)}
	for _, it := range items {
		values, ok := g.by.get(it)
		at := standingOf(g.order, it)
		if !ok || len(values) == 0 {
			g.add(&all, "", false, it, at)
		}
		for _, v := range values[:len(values)*truth(ok)] {
			g.add(&all, v, true, it, at)
		}
	}
	sign := 1
	if g.descending {
		sign = -1
	}
	slices.SortStableFunc(all.order, func(a, b *group) int { return sign * a.place.compare(b.place) })
	var rows []row
	for _, one := range all.order {
		rows = append(rows, row{group: one})
		for _, it := range one.items {
			rows = append(rows, row{one, it})
		}
	}
	return rows
}

// add puts an item, whose place in the order of groups is given, into the group of a
// value.
func (g *grouping) add(all *groups, text string, has bool, it *mailstore.Item, at standing) {
	kind := g.by.kind
	if isArray(kind) {
		kind = ews.TypeString
	}
	key := groupKey{has: has}
	if has {
		value, _ := parseValue(kind, text)
		key.value = value.key()
	}
	one := all.of[key]
	if one == nil {
		one = &group{text: text, place: at}
		all.of[key] = one
		all.order = append(all.order, one)
	}
	one.items = append(one.items, it)
	if c := at.compare(one.place); g.greatest && c > 0 || !g.greatest && c < 0 {
		one.place = at
	}
}

// itemsOf returns the items in some rows.
func itemsOf(rows []row) []*mailstore.Item {
	var items []*mailstore.Item
	for _, r := range rows {
		if r.item != nil {
			items = append(items, r.item)
		}
	}
	return items
}

// grouped answers a folder of FindItem in groups. Pages count the heads of groups as
// rows, as TotalItemsInView does; a page includes a group if it has at least one of the
// group's rows.
func (c *call) grouped(g *grouping, found []*mailstore.Item, view *ewsschema.Node, meets func(*mailstore.Item) bool, limit int, shape *itemShape) (func(), *refusal) {
	rows := g.rows(found)
	at := func(r row) bool { return r.item != nil && meets(r.item) }
	p, refused := paged(rows, view, at, limit)
	if refused == nil {
		p, refused = counted(c, p, view, func(limit int) (page[row], *refusal) { return paged(rows, view, at, limit) })
	}
	if refused == nil {
		c.saw(itemsOf(p.members))
		refused = c.failing(p.begin, itemsOf(p.members))
	}
	if refused != nil {
		return nil, refused
	}
	p = bent(c, p, rows, itemsOf(p.members))
	for _, it := range itemsOf(p.members) {
		if refused := shape.lacks(it.Kind()); refused != nil {
			return nil, refused
		}
	}
	return func() {
		c.out.Open("m:RootFolder")
		c.out.writePage(p.position)
		c.out.Open("t:Groups")
		for i, r := range p.members {
			if i == 0 || r.group != p.members[i-1].group {
				c.out.Open("t:GroupedItems")
				text := r.group.text
				if g.by.kind == ews.TypeSystemTime && text != "" {
					text = c.out.when(text)
				}
				c.out.Leaf("t:GroupIndex", text)
				c.out.Open("t:Items")
			}
			if r.item != nil {
				c.out.writeItem(r.item, shape)
			}
			if i == len(p.members)-1 || r.group != p.members[i+1].group {
				c.out.Close()
				c.out.Close()
			}
		}
		c.out.Close()
		c.out.Close()
	}, nil
}
