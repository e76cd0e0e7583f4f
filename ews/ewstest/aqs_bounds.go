package ewstest

import (
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// A query has at most maxAQSLength bytes, at most maxAQSWords words (the limit on the
// nodes of a Restriction), and parentheses and negations nested at most maxAQSDepth deep.
// The cost of a search is then proportional to the items it looks at.
const (
	maxAQSLength = 32 << 10
	maxAQSWords  = 255
	maxAQSDepth  = 100
)

// aqsTooLong reports whether tokens contain more words than a query may have.
func aqsTooLong(tokens []aqsToken) bool {
	n := 0
	for _, t := range tokens {
		if !t.keyword && (t.quoted || !aqsOperators[t.text]) {
			n += max(1, len(aqsWords(t.text)))
		}
	}
	return n > maxAQSWords
}

// aqsSource returns the texts of an item that a keyword is about.
type aqsSource func(*mailstore.Item) []string

// aqsMemory holds what a query has read of the current item, so that many words read it
// only once. A query looks at one item at a time.
type aqsMemory struct {
	item  *mailstore.Item
	texts map[string][]string   // by keyword
	words map[string][][]string // in lower case
}

// aqsReader reads items for the values of a keyword.
type aqsReader struct {
	memory  *aqsMemory
	keyword string
}

// turn makes an item the current one.
func (m *aqsMemory) turn(it *mailstore.Item) {
	if m.item != it {
		*m = aqsMemory{it, make(map[string][]string), make(map[string][][]string)}
	}
}

// texts returns the texts of an item.
func (r aqsReader) texts(it *mailstore.Item, of aqsSource) []string {
	r.memory.turn(it)
	all, known := r.memory.texts[r.keyword]
	if !known {
		all = of(it)
		r.memory.texts[r.keyword] = all
	}
	return all
}

// words returns the words of each of the texts of an item.
func (r aqsReader) words(it *mailstore.Item, of aqsSource) [][]string {
	r.memory.turn(it)
	all, known := r.memory.words[r.keyword]
	if !known {
		for _, s := range r.texts(it, of) {
			all = append(all, aqsWords(strings.ToLower(s)))
		}
		r.memory.words[r.keyword] = all
	}
	return all
}
