package mailstore

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// Folder is a folder of a mailbox.
type Folder struct {
	Mailbox       *Mailbox
	Parent        *Folder // nil for a root
	Children      []*Folder
	Name          string
	Class         string
	Distinguished ews.FolderName // empty if it is not a well-known folder
	Hidden        bool
	Archive       bool // below the root of the archive
	Properties    Properties
	Permissions   []Permission // nil: those of a new folder

	// Search makes it a search folder: it contains no items, but shows those of
	// the mailbox that the function selects.
	Search func(*Item) bool
	// Criteria describe the search in the client's terms; nil if no client made it.
	Criteria any

	number  uint64
	change  uint64
	deleted bool

	items      arrivals
	index      index // nil until a search needs it
	associated int   // associated items
	unread     int   // unread items among the others
}

// ID returns the id of the folder, which does not change when it is moved.
func (f *Folder) ID() ID { return ID{Mailbox: f.Mailbox.guid, Kind: KindFolder, Number: f.number} }

// ChangeKey returns the change key.
func (f *Folder) ChangeKey() string { return FormatChange(KindFolder, f.change) }

// Change returns the change number in the change key.
func (f *Folder) Change() uint64 { return f.change }

// IsRoot reports whether the folder is the root of a mailbox or archive.
func (f *Folder) IsRoot() bool { return f.Parent == nil }

// Gone reports whether the folder was deleted.
func (f *Folder) Gone() bool { return f.deleted }

// Items returns the items of the folder in order of arrival, in a new slice. For a search
// folder, it returns the items that the search finds.
func (f *Folder) Items() []*Item {
	if f.Search == nil {
		return f.items.list()
	}
	var found []*Item
	f.Each(nil, func(it *Item) { found = append(found, it) })
	return found
}

// Path returns the display names from the top of the information store, such as
// "/Inbox/Sub". Paths elsewhere begin with the tree they are in:
// "/Recoverable Items/Purges", "/Archive/Inbox".
func (f *Folder) Path() string {
	var names []string
	for g := f; g != nil; g = g.Parent {
		switch {
		case g == g.Mailbox.named[ews.FolderMsgFolderRoot]:
			return "/" + strings.Join(names, "/")
		case g == g.Mailbox.named[ews.FolderArchiveMsgFolderRoot]:
			names = append([]string{"Archive"}, names...)
			return "/" + strings.Join(names, "/")
		case g.Parent == nil && g.Archive:
			names = append([]string{"Archive"}, names...)
		case g.Parent != nil:
			names = append([]string{g.Name}, names...)
		}
	}
	return "/" + strings.Join(names, "/")
}

// Child returns the direct subfolder with a name, ignoring case, or nil if it does not
// exist.
func (f *Folder) Child(name string) *Folder {
	i := slices.IndexFunc(f.Children, func(c *Folder) bool { return strings.EqualFold(c.Name, name) })
	if i < 0 {
		return nil
	}
	return f.Children[i]
}

// Add creates a direct subfolder.
func (f *Folder) Add(name, class string) *Folder {
	m := f.Mailbox
	c := &Folder{Mailbox: m, Parent: f, Name: name, Class: class, Archive: f.Archive, number: m.number(), change: m.org.nextChange()}
	f.Children = append(f.Children, c)
	m.folders[c.number] = c
	c.noteFolder(Created)
	f.noteContent()
	return c
}

// Walk calls fn for the folder and all folders below it, parents first.
func (f *Folder) Walk(fn func(*Folder)) {
	fn(f)
	for _, c := range f.Children {
		c.Walk(fn)
	}
}

// Below reports whether the folder is g or below it.
func (f *Folder) Below(g *Folder) bool {
	for ; f != nil; f = f.Parent {
		if f == g {
			return true
		}
	}
	return false
}

// Recoverable reports whether the folder belongs to Recoverable Items.
func (f *Folder) Recoverable() bool {
	for g := f; g != nil; g = g.Parent {
		if g.Distinguished == ews.FolderRecoverableItemsRoot || g.Distinguished == ews.FolderArchiveRecoverableItemsRoot {
			return true
		}
	}
	return false
}

// Touch gives the folder a new change key.
func (f *Folder) Touch() {
	f.touch()
	f.noteFolder(Modified)
}

func (f *Folder) touch() { f.change = f.Mailbox.org.nextChange() }

// MoveTo moves the folder below another one of the same mailbox and reports whether that
// was possible. A folder cannot be moved into itself, nor next to a folder of its name.
func (f *Folder) MoveTo(parent *Folder) bool {
	if f.Parent == nil || parent.Mailbox != f.Mailbox || parent.Below(f) {
		return false
	}
	if other := parent.Child(f.Name); other != nil && other != f {
		return false
	}
	from := f.Parent
	f.detach()
	f.Parent = parent
	parent.Children = append(parent.Children, f)
	f.Walk(func(g *Folder) { g.Archive = parent.Archive })
	f.touch()
	f.Mailbox.note(Event{Kind: Moved, IsFolder: true, Number: f.number, Parent: parent.number, OldNumber: f.number, OldParent: from.number})
	from.noteContent()
	parent.noteContent()
	return true
}

// Trash moves the folder into Deleted Items and reports whether that was possible. The
// folder gets another name if its own is taken there.
func (f *Folder) Trash() bool {
	name := ews.FolderDeletedItems
	if f.Archive {
		name = ews.FolderArchiveDeletedItems
	}
	to := f.Mailbox.named[name]
	if to == nil || f.Below(to) {
		return false
	}
	own := f.Name
	for n := 1; to.Child(f.Name) != nil; n++ {
		f.Name = own + strconv.Itoa(n)
	}
	return f.MoveTo(to)
}

// Delete permanently removes the folder and everything in it.
func (f *Folder) Delete() {
	f.Walk(func(g *Folder) {
		for _, it := range g.items.list() {
			it.detach()
		}
		g.deleted = true
		delete(f.Mailbox.folders, g.number)
	})
	f.noteFolder(Deleted)
	f.detach()
	if f.Parent != nil {
		f.Parent.noteContent()
	}
}

func (f *Folder) detach() {
	if p := f.Parent; p != nil {
		p.Children = slices.DeleteFunc(p.Children, func(c *Folder) bool { return c == f })
	}
}

// Unread returns the number of unread messages.
func (f *Folder) Unread() int {
	if f.Search == nil {
		return f.unread
	}
	n := 0
	f.Each(nil, func(it *Item) {
		if !it.Read() {
			n++
		}
	})
	return n
}

// Count returns the number of items, without associated ones.
func (f *Folder) Count() int {
	if f.Search == nil {
		return f.items.count - f.associated
	}
	n := 0
	f.Each(nil, func(*Item) { n++ })
	return n
}
