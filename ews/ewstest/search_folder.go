package ewstest

import (
	"slices"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// search is what a search folder shows: items in some folders that meet a restriction.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/searchparameters.
type search struct {
	traversal   string // Shallow or Deep
	restriction *ewsschema.Node
	base        []*mailstore.Folder
	meets       func(*mailstore.Item) bool
}

// search reads the SearchParameters of a search folder in a mailbox. All its folders must
// be in that mailbox.
func (c *call) search(n *ewsschema.Node, box *mailstore.Mailbox) (*search, *refusal) {
	s := &search{traversal: n.Get("Traversal"), restriction: n.Child("Restriction")}
	if s.traversal == "" {
		s.traversal = "Shallow"
	}
	for _, id := range n.Child("BaseFolderIds").Kids() {
		f, refused := c.folderFor(id, "FindItem")
		switch {
		case refused != nil:
			return nil, refused
		case f.Mailbox != box:
			return nil, refuse("ErrorEmailAddressMismatch")
		case f.Search != nil:
			return nil, refuseText("ErrorInvalidOperation", "A search folder cannot search in another one.")
		}
		s.base = append(s.base, f)
	}
	meets, refused := condition(itemQuery, s.restriction)
	s.meets = meets
	return s, refused
}

// shows reports whether the search finds an item.
func (s *search) shows(it *mailstore.Item) bool {
	within := slices.ContainsFunc(s.base, func(f *mailstore.Folder) bool {
		return it.Folder == f || s.traversal == "Deep" && it.Folder.Below(f)
	})
	return within && (s.meets == nil || s.meets(it))
}

// searchParameters writes the parameters of a search folder.
func (e *encoder) searchParameters(s *search) {
	e.Open("t:SearchParameters")
	e.Attr("Traversal", s.traversal)
	e.tree(s.restriction)
	e.Open("t:BaseFolderIds")
	for _, f := range s.base {
		e.folderID("t:FolderId", f)
	}
	e.Close()
	e.Close()
}

// tree writes elements of a request back.
func (e *encoder) tree(n *ewsschema.Node) {
	e.Open("t:" + n.Local)
	for _, a := range n.Attrs {
		if a.Space == xmlwire.SpaceNone {
			e.Attr(a.Local, a.Value)
		}
	}
	for _, k := range n.Kids() {
		e.tree(k)
	}
	if len(n.Kids()) == 0 {
		e.Text(n.Text)
	}
	e.Close()
}
