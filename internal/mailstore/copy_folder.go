package mailstore

import "slices"

// CopyTo copies the folder below another folder of the same mailbox, with its items and
// the subfolders that the function selects, and returns the copy. The caller makes sure
// that f does not contain parent, and that parent has no subfolder of the same name.
// Copies of well-known folders are ordinary folders.
func (f *Folder) CopyTo(parent *Folder, selects func(*Folder) bool) *Folder {
	items, children := f.items.list(), slices.Clone(f.Children)
	c := parent.Add(f.Name, f.Class)
	c.Hidden, c.Properties, c.Search, c.Criteria = f.Hidden, f.Properties, f.Search, f.Criteria
	for _, it := range items {
		it.CopyTo(c)
	}
	for _, g := range children {
		if selects(g) {
			g.CopyTo(c, selects)
		}
	}
	return c
}

// Size returns the size of the items in the folder in bytes. It is 0 for a search folder.
func (f *Folder) Size() int64 {
	var n int64
	f.items.each(func(it *Item) { n += it.Size() })
	return n
}

// TreeSize returns the size in bytes of the items in the folder and in all folders below it.
func (f *Folder) TreeSize() int64 {
	var n int64
	f.Walk(func(g *Folder) { n += g.Size() })
	return n
}
