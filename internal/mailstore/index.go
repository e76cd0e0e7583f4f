package mailstore

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// index finds the items of a folder by the values of some properties. It contains only
// what the items have. A property is added when the folder is first searched by it, unless
// the folder is small, and is kept up to date from then on.
type index map[ews.ExtendedField]*column

// column is the part of an index for one property.
type column struct {
	having arrivals             // items with any value; not kept for Message-IDs, which most items have
	texts  map[string]*arrivals // items by value; see written
}

// minIndexed is how many items a folder needs to be worth an index.
const minIndexed = 64

// indexed reports whether an index can contain a property: the Message-ID, or a property
// of a type in written that has a name or number in a property set.
func indexed(key ews.ExtendedField) bool {
	return key == TagMessageID || written[key.Type] != nil && (key.GUID != "" || key.Set != "")
}

// written has, by type, a function that returns one text for all values that a search
// considers equal.
var written = map[ews.PropertyType]func(string) string{
	ews.TypeString: Fold, ews.TypeStringArray: Fold, ews.TypeShort: integer, ews.TypeInteger: integer, ews.TypeLong: integer,
	ews.TypeBoolean: truth, ews.TypeSystemTime: instant, ews.TypeBinary: octets,
}

// A text that is not a value of its type equals nothing, so the result does not matter.

func integer(s string) string {
	n, _ := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	return strconv.FormatFloat(float64(n), 'g', -1, 64) // they are compared as such
}

func truth(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	return strconv.FormatBool(s == "true" || s == "1")
}

func instant(s string) string {
	t, _ := ParseTime(strings.TrimSpace(s))
	return t.Format(time.RFC3339Nano)
}

func octets(s string) string {
	b, _ := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), ""))
	return string(b)
}

// column returns the part of the folder's index for a property.
func (f *Folder) column(key ews.ExtendedField) *column {
	c := f.index[key]
	if c == nil {
		if f.index == nil {
			f.index = make(index)
		}
		c = &column{texts: make(map[string]*arrivals)}
		f.index[key] = c
		f.items.each(func(it *Item) { c.add(key, it) })
	}
	return c
}

// add adds an item.
func (x index) add(it *Item) {
	for key, c := range x {
		c.add(key, it)
	}
}

func (c *column) add(key ews.ExtendedField, it *Item) {
	v, ok := it.Property(key)
	if !ok {
		return
	}
	if key != TagMessageID {
		c.having.add(it)
	}
	eachText(key, v, func(text string) {
		if c.texts[text] == nil {
			c.texts[text] = &arrivals{}
		}
		c.texts[text].add(it)
	})
}

// remove removes an item, which must be as it was when it was added.
func (x index) remove(it *Item) {
	for key, c := range x {
		v, ok := it.Property(key)
		if !ok {
			continue
		}
		c.having.remove(it)
		eachText(key, v, func(text string) {
			if a := c.texts[text]; a != nil {
				if a.remove(it); a.count == 0 {
					delete(c.texts, text)
				}
			}
		})
	}
}

func eachText(key ews.ExtendedField, v ews.ExtendedProperty, visit func(string)) {
	write := written[key.Type]
	if v.Values == nil {
		visit(write(v.Value))
		return
	}
	for _, text := range v.Values {
		visit(write(text))
	}
}

// find returns the items that a lookup finds, or nil if there are none.
func (f *Folder) find(l Lookup) *arrivals {
	c := f.column(l.key)
	if l.any {
		return &c.having
	}
	return c.texts[l.text]
}

// estimate returns at most how many items the lookups find: an item that several of them
// find counts several times.
func (f *Folder) estimate(any []Lookup) int {
	n := 0
	for _, l := range any {
		if a := f.find(l); a != nil {
			n += a.count
		}
	}
	return n
}

// eachOf calls visit, in order, for the items that at least one of the lookups finds.
func (f *Folder) eachOf(any []Lookup, visit func(*Item)) {
	var all arrivals
	finding := 0
	for _, l := range any {
		if a := f.find(l); a != nil {
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
