package ewstest

import (
	"errors"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// Person is somebody who works in a mailbox with Outlook: its owner, or an analyst in a
// quarantine mailbox. What they do has all the effects it has on a real server; policies
// act on it (see [Mailbox.AddPolicy]), and it is recorded in [Server.Story], even if it
// was impossible.
//
// Pass any snapshot of a message, however old: Person finds it by its Object, in
// whichever folder of the mailbox it is now. Methods return the message as it is
// afterwards, or nil if it is gone. They fail, and change nothing, with [ErrNotThere] if
// the message or the folder is gone, or is where Outlook does not show it, with
// [ErrUnavailable] while the mailbox is removed or moving, and with [ErrImpossible] if
// Outlook or the server refuses it.
//
// Moves give a message a new id. Within the mailbox they keep the change key and the last
// modification time, as MoveItem does; edits, flags and the read state change both.
// Associated items cannot be seen in Outlook.
type Person struct {
	box   *Mailbox
	name  string
	when  string // empty: not in a script
	deeds *int   // counts them in a step of a script
}

// Errors of a [Person].
var (
	// ErrNotThere reports that a message or folder has left the mailbox, or is where a
	// person cannot reach it.
	ErrNotThere = errors.New("it is not there")
	// ErrUnavailable reports that the mailbox was removed or is being moved.
	ErrUnavailable = errors.New("the mailbox is unavailable")
	// ErrImpossible reports that the action cannot be done there.
	ErrImpossible = errors.New("that cannot be done")
)

// Person returns somebody who works in the mailbox, by a name for [Server.Story],
// such as "analyst"; empty means "owner".
func (m *Mailbox) Person(name string) *Person {
	if name == "" {
		name = "owner"
	}
	return &Person{box: m, name: name}
}

// Mailbox returns the mailbox in which the person works.
func (p *Person) Mailbox() *Mailbox { return p.box }

// Find returns the first message in a folder that match accepts, or nil if it accepts
// none. A nil match accepts any message; a nil folder means everything below the top of
// the information store, parents first. Finding is not recorded. The function match must
// not call methods of the server.
func (p *Person) Find(folder *Folder, match func(*Message) bool) *Message {
	s := p.box.server
	s.mu.Lock()
	defer s.mu.Unlock()
	var found *Message
	look := func(f *mailstore.Folder) {
		if f.Search != nil || found != nil {
			return
		}
		for _, it := range f.Items() {
			if m := snapshot(it); !it.Associated && (match == nil || match(m)) {
				found = m
				return
			}
		}
	}
	if folder != nil {
		look(folder.folder)
	} else {
		p.box.box.Named(ews.FolderMsgFolderRoot).Walk(look)
	}
	return found
}

// MarkRead marks the message as read, as opening it does. A pending read receipt is sent.
// It changes nothing if the message is already read.
func (p *Person) MarkRead(m *Message) (*Message, error) {
	return p.act("reads", m, func(it *mailstore.Item) (*mailstore.Item, error) { return it, p.setRead(it, true) })
}

// MarkUnread marks the message as unread. That does not bring back a receipt.
func (p *Person) MarkUnread(m *Message) (*Message, error) {
	return p.act("marks as unread", m, func(it *mailstore.Item) (*mailstore.Item, error) { return it, p.setRead(it, false) })
}

func (p *Person) setRead(it *mailstore.Item, read bool) error {
	if it.Read() != read {
		it.Update([]ews.ExtendedProperty{mailstore.ReadState(it, read)}, nil, false)
	}
	return nil
}

// Flag sets the follow-up flag; its Status is NotFlagged, Flagged or Complete.
func (p *Person) Flag(m *Message, flag ews.Flag) (*Message, error) {
	return p.act("flags as "+flag.Status, m, func(it *mailstore.Item) (*mailstore.Item, error) {
		set, remove := mailstore.FlagProperties(flag)
		if len(set)+len(remove) == 0 {
			return nil, because(ErrImpossible, "there is no such flag")
		}
		it.Update(set, remove, false)
		return it, nil
	})
}

// Edit is what [Person.Edit] changes; empty fields leave things as they are.
type Edit struct {
	Subject string
	Body    string
	HTML    bool // the Body is HTML, not plain text
}

// Edit changes the text of the message, as Outlook's Edit Message does: its MIME,
// properties, size and change key. Attachments, Message-ID and dates stay. Single
// item recovery keeps the old version (Options.RetentionOff).
func (p *Person) Edit(m *Message, e Edit) (*Message, error) {
	return p.act("edits", m, func(it *mailstore.Item) (*mailstore.Item, error) {
		u := &update{server: p.box.server, version: p.box.server.opts.Version, item: it}
		if e.Body != "" {
			u.edited, u.edit.Body = true, &eml.Body{HTML: e.HTML, Text: e.Body}
		}
		if e.Subject != "" {
			u.set = []ews.ExtendedProperty{{Field: mailstore.TagSubject, Value: e.Subject}}
		}
		u.apply(false)
		return it, nil
	})
}

// File moves the message into a folder, which can be in the online archive or, as by drag
// and drop, in another mailbox. In both cases the move leaves behind what
// Options.MoveLeftover defines.
func (p *Person) File(m *Message, to *Folder) (*Message, error) {
	return p.act("files", m, func(it *mailstore.Item) (*mailstore.Item, error) {
		if err := takes(to, it, it.Folder.Mailbox == to.folder.Mailbox); err != nil {
			return nil, err
		}
		return it.MoveTo(to.folder), nil
	}, to)
}

// Copy copies the message into a folder, which can be in the online archive or in another
// mailbox, and returns the copy.
func (p *Person) Copy(m *Message, to *Folder) (*Message, error) {
	return p.act("copies", m, func(it *mailstore.Item) (*mailstore.Item, error) {
		if err := takes(to, it, false); err != nil {
			return nil, err
		}
		return it.CopyTo(to.folder), nil
	}, to)
}

// takes refuses a folder that people cannot put a message into. A move within a
// mailbox needs no space.
func takes(to *Folder, it *mailstore.Item, within bool) error {
	f := to.folder
	switch {
	case f.Gone():
		return because(ErrNotThere, "the folder was deleted")
	case f.Mailbox.Gone:
		return ErrUnavailable
	case f.Search != nil, f.Recoverable(), f.IsRoot():
		return because(ErrImpossible, "nothing can be put there")
	case !within && f.Mailbox.Full(it.Size()):
		return because(ErrImpossible, "the mailbox is full")
	}
	return nil
}

// reason is a specific error that wraps one of the general ones.
type reason struct {
	text string
	kind error
}

func because(kind error, text string) error { return &reason{text, kind} }

func (r *reason) Error() string { return r.kind.Error() + ": " + r.text }
func (r *reason) Unwrap() error { return r.kind }
