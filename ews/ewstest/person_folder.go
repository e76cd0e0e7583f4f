package ewstest

import (
	"strconv"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// RenameFolder gives a folder another name. Its id and the ids of its messages stay the
// same.
func (p *Person) RenameFolder(f *Folder, name string) error {
	return p.onFolder("renames", f, " to "+strconv.Quote(name), func(g *mailstore.Folder) error {
		if other := g.Parent.Child(name); name == "" || other != nil && other != g {
			return because(ErrImpossible, "the name is empty or taken")
		}
		g.Name = name
		g.Touch()
		return nil
	})
}

// MoveFolder moves a folder with all its content below another folder of the mailbox. Its
// id and the ids of its messages stay the same. If to is nil, it moves to the top of the
// information store.
func (p *Person) MoveFolder(f, to *Folder) error {
	if to == nil {
		to = p.box.AddFolder(nil)
	}
	return p.onFolder("moves", f, " below "+strconv.Quote(to.Path()), func(g *mailstore.Folder) error {
		if to.folder.Gone() || to.folder.Search != nil || to.folder.Recoverable() || to.folder.Archive != g.Archive || !g.MoveTo(to.folder) {
			return because(ErrImpossible, "it does not go there")
		}
		return nil
	})
}

// DeleteFolder deletes a folder as the Delete key does: it moves to Deleted Items with
// all its content, and the ids stay the same. A folder that is already there is deleted
// permanently, and its messages as by [Person.ShiftDelete].
func (p *Person) DeleteFolder(f *Folder) error {
	return p.onFolder("deletes", f, "", func(g *mailstore.Folder) error {
		if !inDeletedItems(g) {
			if !g.Trash() {
				return because(ErrImpossible, "it does not go into Deleted Items")
			}
			return nil
		}
		softDelete(g)
		g.Delete()
		return nil
	})
}

// onFolder lets the person do something to a folder that is not a default folder.
func (p *Person) onFolder(verb string, f *Folder, more string, do func(*mailstore.Folder) error) error {
	s := p.box.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if f == nil {
		return p.done(p.deed(verb, "a folder"+more, 0), because(ErrNotThere, "there is no such folder"))
	}
	g := f.folder
	deed := p.deed(verb, "the folder "+place(g, p.box.box)+more, 0)
	switch {
	case p.box.box.Gone:
		return p.done(deed, ErrUnavailable)
	case g.Gone(), g.Mailbox != p.box.box, g.Recoverable():
		return p.done(deed, ErrNotThere)
	case g.IsRoot(), g.Distinguished != "":
		return p.done(deed, because(ErrImpossible, "default folders stay as they are"))
	}
	return p.done(deed, do(g))
}
