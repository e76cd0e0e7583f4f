package mailstore

import (
	"maps"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// Shadow returns the item as it is now, with its id and folder. The shadow is in
// no folder: the store never finds it, and nothing that happens to the item
// changes it.
func (it *Item) Shadow() *Item {
	c := *it.grown()
	c.View = nil
	return &c
}

// Unsaved returns the item that [Folder.Create] would create, but in no folder, and without
// anything that depends on a folder.
func Unsaved(n New) *Item {
	it := &Item{Associated: n.Associated, seed: &seed{New: n}}
	return it.grown()
}

// UnsavedImport is Unsaved for [Folder.Import].
func UnsavedImport(stream []byte) (*Item, error) { return decodeExport(stream) }

// Custom reports whether a property, given by its normalised name, is a named property that
// belongs to clients: in a custom property set, an internet header, or a public string
// other than the categories.
func Custom(key ews.ExtendedField) bool {
	switch key.Set {
	case ews.SetInternetHeaders:
		return true
	case ews.SetPublicStrings:
		return key != PropKeywords
	}
	return key.GUID != ""
}

// HasCustom reports whether the item has a property for which [Custom] is true.
func (it *Item) HasCustom() bool {
	for key := range it.Properties() {
		if Custom(key) {
			return true
		}
	}
	return false
}

// DropCustom removes the properties for which [Custom] is true. It leaves the change key as
// it is.
func (it *Item) DropCustom() {
	p := maps.Clone(it.Properties())
	maps.DeleteFunc(p, func(key ews.ExtendedField, _ ews.ExtendedProperty) bool { return Custom(key) })
	it.set(p)
}
