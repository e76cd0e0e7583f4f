package ewstest

import (
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// maxFolders is the maximum number of folders on a page of FindFolder.
const maxFolders = 1000

func findFolder(c *call) *refusal {
	shape, badShape := c.folderShape(c.op.Child("FolderShape"))
	matches, badRestriction := condition(folderQuery, c.op.Child("Restriction"))
	c.batch(c.op.Child("ParentFolderIds").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		for _, bad := range []*refusal{badShape, badRestriction} {
			if bad != nil {
				return nil, bad
			}
		}
		parent, refused := c.folder(n)
		if refused != nil {
			return nil, refused
		}
		found := c.below(parent, c.op.Get("Traversal"), matches)
		view := folderView(c.op)
		p, refused := paged(found, view, nil, maxFolders)
		if refused == nil {
			p, refused = counted(c, p, view, func(limit int) (page[*mailstore.Folder], *refusal) { return paged(found, view, nil, limit) })
		}
		if refused == nil {
			refused = c.failingRow(p.begin, len(p.members))
		}
		if refused != nil {
			return nil, refused
		}
		p = bent(c, p, found, nil)
		if len(p.members) == 0 && c.opts.Odd.Has(OddNoRootFolder) {
			return nil, nil
		}
		for _, f := range p.members {
			if refused := shape.lacks(f); refused != nil {
				return nil, refused
			}
		}
		return func() {
			c.out.Open("m:RootFolder")
			c.out.writePage(p.position)
			c.out.Open("t:Folders")
			for _, f := range p.members {
				c.out.writeFolder(f, shape)
			}
			c.out.Close()
			c.out.Close()
		}, nil
	})
	return nil
}

// below returns the folders below a parent that a traversal includes, a condition accepts
// and the caller sees. Since Exchange 2010, SoftDeleted finds nothing.
func (c *call) below(parent *mailstore.Folder, traversal string, matches func(*mailstore.Folder) bool) []*mailstore.Folder {
	var found []*mailstore.Folder
	add := func(f *mailstore.Folder) {
		if c.sees(f) && (matches == nil || matches(f)) {
			found = append(found, f)
		}
	}
	switch traversal {
	case "Deep":
		for _, f := range parent.Children {
			f.Walk(add)
		}
	case "Shallow":
		for _, f := range parent.Children {
			add(f)
		}
	}
	return found
}

func folderView(op *ewsschema.Node) *ewsschema.Node {
	for _, name := range []string{"IndexedPageFolderView", "FractionalPageFolderView"} {
		if v := op.Child(name); v != nil {
			return v
		}
	}
	return nil
}
