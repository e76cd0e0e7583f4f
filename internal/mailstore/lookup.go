package mailstore

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// Lookup selects items by an indexed property; see [Equal] and [Having].
type Lookup struct {
	key  ews.ExtendedField
	text string // see written
	any  bool   // whatever the text
}

// Equal returns the lookup of the items in which a property, given by its normalised name,
// equals a value in text form. The case of texts is ignored. It reports false if the
// property is not indexed.
func Equal(key ews.ExtendedField, text string) (Lookup, bool) {
	if !indexed(key) {
		return Lookup{}, false
	}
	return Lookup{key: key, text: written[key.Type](text)}, true
}

// Having returns the lookup of the items that have a property. It reports false if the
// index cannot tell.
func Having(key ews.ExtendedField) (Lookup, bool) {
	return Lookup{key: key, any: true}, indexed(key) && key != TagMessageID
}

// Each calls visit for items of the folder in order of arrival; for a search folder, for
// those that the search finds. It visits every item for which each of the clauses has a
// lookup that finds it, and may skip other items.
func (f *Folder) Each(clauses [][]Lookup, visit func(*Item)) {
	if f.Search == nil {
		f.narrow(clauses, visit)
		return
	}
	f.Mailbox.root.Walk(func(g *Folder) {
		if g.Recoverable() {
			return
		}
		g.narrow(clauses, func(it *Item) {
			if !it.Associated && f.Search(it) {
				visit(it)
			}
		})
	})
}

// narrow is Each for the items in the folder itself. It uses the clause that leaves the
// fewest items.
func (f *Folder) narrow(clauses [][]Lookup, visit func(*Item)) {
	var best []Lookup
	fewest := f.items.count
	if fewest >= minIndexed {
		for _, c := range clauses {
			if n := f.estimate(c); n < fewest {
				best, fewest = c, n
			}
		}
	}
	if fewest < f.items.count {
		f.eachOf(best, visit)
		return
	}
	f.items.each(visit)
}

// Fold returns a text that is the same for all texts that strings.EqualFold considers
// equal. Lower case ASCII stays as it is.
func Fold(s string) string { return strings.Map(foldRune, s) }

func foldRune(r rune) rune {
	switch {
	case 'A' <= r && r <= 'Z':
		return r + ('a' - 'A')
	case r < utf8.RuneSelf:
		return r
	}
	// Runes that differ only in case form a ring. The least rune represents it.
	least := r
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		least = min(least, other)
	}
	if 'A' <= least && least <= 'Z' {
		return least + ('a' - 'A')
	}
	return least
}
