package mailstore

import (
	"slices"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// Unmodified reports whether the item is as transport delivered it, except for its read
// state and its place.
func (it *Item) Unmodified() bool { return it.Delivered && !it.altered }

// alter notes an update, unless it sets only the message flags.
func (it *Item) alter(set []ews.ExtendedProperty, remove []ews.ExtendedField) {
	if len(remove) > 0 || slices.ContainsFunc(set, func(v ews.ExtendedProperty) bool { return Key(v.Field) != TagFlags }) {
		it.altered = true
	}
}
