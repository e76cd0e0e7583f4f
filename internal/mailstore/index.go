package mailstore

import (
	"slices"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// index finds the items of a folder by the texts of some properties. It contains
// nothing but what the items have. A folder gets one when it is first searched by
// such a property, unless it is small, and keeps it up from then on.
type index map[ews.ExtendedField]*column

// column is the part of an index for one property.
type column struct {
	having arrivals             // with any text; not kept for Message-IDs, which most items have
	texts  map[string]*arrivals // by folded text
}

// minIndexed is how many items a folder has at least to be worth an index.
const minIndexed = 64

// indexed reports whether an index contains a property: the Message-ID, and texts
// with a name in a custom property set.
func indexed(key ews.ExtendedField) bool {
	return key == TagMessageID || key.GUID != "" && key.Name != "" && key.Type == ews.TypeString
}

// add enters an item.
func (x index) add(it *Item) {
	it.eachIndexed(func(key ews.ExtendedField, v ews.ExtendedProperty) {
		c := x[key]
		if c == nil {
			c = &column{texts: make(map[string]*arrivals)}
			x[key] = c
		}
		if key != TagMessageID {
			c.having.add(it)
		}
		eachText(v, func(text string) {
			if c.texts[text] == nil {
				c.texts[text] = &arrivals{}
			}
			c.texts[text].add(it)
		})
	})
}

// remove strikes out an item, which must be as it was when it was entered.
func (x index) remove(it *Item) {
	it.eachIndexed(func(key ews.ExtendedField, v ews.ExtendedProperty) {
		c := x[key]
		if c == nil {
			return
		}
		c.having.remove(it)
		eachText(v, func(text string) {
			if a := c.texts[text]; a != nil {
				if a.remove(it); a.count == 0 {
					delete(c.texts, text)
				}
			}
		})
		if len(c.texts) == 0 && c.having.count == 0 {
			delete(x, key)
		}
	})
}

// eachIndexed calls visit for the properties of the item that an index contains.
// It does not fill in an item that waits for that.
func (it *Item) eachIndexed(visit func(ews.ExtendedField, ews.ExtendedProperty)) {
	if it.seed != nil {
		if v, ok := it.Property(TagMessageID); ok {
			visit(TagMessageID, v)
		}
		return
	}
	for key, v := range it.properties {
		if indexed(key) {
			visit(key, v)
		}
	}
}

func eachText(v ews.ExtendedProperty, visit func(folded string)) {
	if v.Values == nil {
		visit(fold(v.Value))
		return
	}
	for _, text := range v.Values {
		visit(fold(text))
	}
}

// find returns the items that a lookup finds, nil if there are none.
func (x index) find(l Lookup) *arrivals {
	c := x[l.key]
	switch {
	case c == nil:
		return nil
	case l.any:
		return &c.having
	}
	return c.texts[l.text]
}

// count returns how many items the lookups find, at most: one that several find
// counts several times.
func (x index) count(any []Lookup) int {
	n := 0
	for _, l := range any {
		if a := x.find(l); a != nil {
			n += a.count
		}
	}
	return n
}

// each calls visit in order for the items that at least one of the lookups finds.
func (x index) each(any []Lookup, visit func(*Item)) {
	var all arrivals
	finding := 0
	for _, l := range any {
		if a := x.find(l); a != nil {
			all.blocks = append(all.blocks, a.blocks...)
			finding++
		}
	}
	if finding > 1 {
		items := all.list()
		slices.SortFunc(items, func(a, b *Item) int { return compareArrival(a, b.arrival) })
		all.blocks = [][]*Item{slices.Compact(items)}
	}
	all.each(visit)
}
