package ewstest

import (
	"strconv"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// act lets the person do something to a message that Outlook shows, and records it.
func (p *Person) act(verb string, m *Message, do func(*mailstore.Item) (*mailstore.Item, error), to ...*Folder) (*Message, error) {
	return p.with(verb, m, func(it *mailstore.Item) (*mailstore.Item, error) {
		if it.Folder.Recoverable() {
			return nil, because(ErrNotThere, "the message is in Recoverable Items")
		}
		return do(it)
	}, to...)
}

// with does what act does, for a message anywhere in the mailbox.
func (p *Person) with(verb string, m *Message, do func(*mailstore.Item) (*mailstore.Item, error), to ...*Folder) (*Message, error) {
	s := p.box.server
	s.mu.Lock()
	defer s.mu.Unlock()
	deed := p.deed(verb, "a message", 0)
	if m != nil {
		deed = p.deed(verb, titled(m.Object, m.MessageID), m.Object)
	}
	for _, f := range to {
		if f == nil {
			return nil, p.done(deed, because(ErrNotThere, "there is no such folder"))
		}
		deed.What += " into " + place(f.folder, p.box.box)
	}
	it, err := p.reach(m)
	if err == nil {
		it, err = do(it)
	}
	if err != nil {
		return nil, p.done(deed, err)
	}
	object := it.Object()
	_ = p.done(deed, nil)
	return s.object(object), nil
}

// reach finds a message of the mailbox.
func (p *Person) reach(m *Message) (*mailstore.Item, error) {
	if p.box.box.Gone {
		return nil, ErrUnavailable
	}
	if m == nil {
		return nil, because(ErrNotThere, "no message was found")
	}
	it := p.box.server.org.Object(m.Object)
	if it == nil || it.Folder.Mailbox != p.box.box || it.Associated {
		return nil, ErrNotThere
	}
	return it, nil
}

func (p *Person) deed(action, what string, object uint64) Deed {
	return Deed{When: p.when, Who: p.name + " of " + p.box.box.Address, Action: action, What: what, Object: object}
}

// done records a deed, and lets policies act on its effects.
func (p *Person) done(d Deed, err error) error {
	d.Err = err
	s := p.box.server
	if p.deeds != nil {
		*p.deeds++
	}
	s.record(d)
	s.settle(d.When)
	return err
}

// fails records that the person could not do what a script asked for.
func (p *Person) fails(err error) {
	p.box.server.mu.Lock()
	defer p.box.server.mu.Unlock()
	_ = p.done(p.deed("plays", "its part", 0), err)
}

// place names a folder in a story, with its mailbox if that is a different one.
func place(f *mailstore.Folder, at *mailstore.Mailbox) string {
	text := strconv.Quote(f.Path())
	if f.Mailbox != at {
		text += " of " + f.Mailbox.Address
	}
	return text
}
