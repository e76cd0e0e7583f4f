package mailstore

import (
	"strings"
	"time"
)

// Event is something that happened to an item or a folder of a mailbox.
type Event struct {
	Kind EventKind
	// IsFolder is true for an event of a folder, and false for one of an item.
	IsFolder bool
	At       time.Time
	// Number is the number of the item or folder. Parent is the number of the folder that
	// contains it or, if it is gone, contained it.
	Number, Parent uint64
	// OldNumber and OldParent tell where it was moved or copied from.
	OldNumber, OldParent uint64
	// Unread is the number of unread items in a modified folder, or negative if it is not
	// reported.
	Unread int
	// Kept means that an item moved because it was deleted, and Removal is how.
	Kept    bool
	Removal Removal
}

// EventKind is the kind of an event.
type EventKind int

// Kinds of events.
const (
	Created EventKind = iota
	Delivered
	Modified
	Moved
	Copied
	Deleted
	FreeBusyChanged
)

// maxEvents is the least number of events that a mailbox remembers, if there were as many.
const maxEvents = 10000

// events are the latest events of a mailbox.
type events struct {
	kept []Event
	gone uint64 // how many are no longer kept
}

// Watch makes the mailbox remember its events from now on. Before that, they cost nothing.
func (m *Mailbox) Watch() {
	if m.events == nil {
		m.events = &events{}
	}
}

// LastEvent returns the number of the last event, counted from 1 since Watch.
func (m *Mailbox) LastEvent() uint64 {
	if m.events == nil {
		return 0
	}
	return m.events.gone + uint64(len(m.events.kept))
}

// EventsAfter returns the events after the one with the number. They must not be modified.
// It reports false if some of them are no longer known, or if there is no such number yet.
func (m *Mailbox) EventsAfter(number uint64) ([]Event, bool) {
	if m.events == nil || number < m.events.gone || number > m.LastEvent() {
		return nil, false
	}
	return m.events.kept[number-m.events.gone:], true
}

// note records an event if somebody watches the mailbox.
func (m *Mailbox) note(e Event) {
	h := m.events
	if h == nil || m.silent {
		return
	}
	e.At = m.org.Now()
	if e.Kind != Modified {
		e.Unread = -1
	}
	if len(h.kept) >= 2*maxEvents {
		h.gone += uint64(len(h.kept) - maxEvents)
		h.kept = append(make([]Event, 0, 2*maxEvents), h.kept[len(h.kept)-maxEvents:]...)
	}
	h.kept = append(h.kept, e)
	if happened := m.org.settings.Happened; happened != nil {
		happened(m)
	}
}

// Silently calls f without recording events, as when a whole folder is removed.
func (m *Mailbox) Silently(f func()) {
	was := m.silent
	m.silent = true
	defer func() { m.silent = was }()
	f()
}

// noteItem records an event of an item in a folder.
func (it *Item) noteItem(kind EventKind) {
	m := it.Folder.Mailbox
	if m.events == nil || it.Associated {
		return
	}
	e := Event{Kind: kind, Number: it.number, Parent: it.Folder.number, Unread: -1}
	m.note(e)
	it.Folder.noteFreeBusy(it, e)
}

// noteFreeBusy records that an event changed the times that others see as busy.
func (f *Folder) noteFreeBusy(it *Item, e Event) {
	if calendar(f.Class) && it.Kind() == "CalendarItem" {
		e.Kind = FreeBusyChanged
		f.Mailbox.note(e)
	}
}

// arrivedAnew records that an item that is new to the mailbox is in its folder.
func (it *Item) arrivedAnew(by Arrival) {
	if it.Folder.Mailbox.events == nil {
		return
	}
	it.noteItem(Created)
	if by == ByTransport && !it.Associated {
		it.Folder.Mailbox.note(Event{Kind: Delivered, Number: it.number, Parent: it.Folder.number})
	}
	it.Folder.noteContent()
}

// noteContent records that the content of a folder changed.
func (f *Folder) noteContent() {
	if f.Mailbox.events != nil {
		f.Mailbox.note(Event{Kind: Modified, IsFolder: true, Number: f.number, Parent: f.above(), Unread: f.unread})
	}
}

// noteFolder records an event of a folder.
func (f *Folder) noteFolder(kind EventKind) {
	f.Mailbox.note(Event{Kind: kind, IsFolder: true, Number: f.number, Parent: f.above(), Unread: -1})
}

// above returns the number of the parent folder. A root is its own parent.
func (f *Folder) above() uint64 {
	if f.Parent == nil {
		return f.number
	}
	return f.Parent.number
}

// place is where an item or folder is.
type place struct{ number, parent uint64 }

func (it *Item) place() place { return place{it.number, it.Folder.number} }

// noteMoved records that an item came from another folder of the mailbox.
func (it *Item) noteMoved(from *Folder, old place) { it.noteFrom(Moved, from, old, Event{}) }

// noteFrom records an event of an item that has an old place.
func (it *Item) noteFrom(kind EventKind, from *Folder, old place, e Event) {
	m := it.Folder.Mailbox
	if m.events == nil || it.Associated {
		return
	}
	e.Kind, e.Number, e.Parent, e.OldNumber, e.OldParent = kind, it.number, it.Folder.number, old.number, old.parent
	m.note(e)
	it.Folder.noteFreeBusy(it, Event{Number: e.Number, Parent: e.Parent})
	if kind == Moved {
		from.noteFreeBusy(it, Event{Number: e.OldNumber, Parent: e.OldParent})
		from.noteContent()
	}
	it.Folder.noteContent()
}

// retract removes the latest events, from the creation of an item on. The item got another
// number before anybody saw them.
func (m *Mailbox) retract(number uint64) {
	h := m.events
	if h == nil {
		return
	}
	for i := len(h.kept) - 1; i >= 0 && i >= len(h.kept)-4; i-- {
		if e := h.kept[i]; !e.IsFolder && e.Number == number && e.Kind == Created {
			h.kept = h.kept[:i]
			return
		}
	}
}

// calendar reports whether folders of a class hold appointments.
func calendar(class string) bool {
	class = strings.ToUpper(class)
	return class == "IPF.APPOINTMENT" || strings.HasPrefix(class, "IPF.APPOINTMENT.")
}

// CopiedFrom records that the folder, which was just created, is a copy of another one.
func (f *Folder) CopiedFrom(from *Folder) {
	m := f.Mailbox
	if m.events == nil || m != from.Mailbox {
		return
	}
	for i := len(m.events.kept) - 1; i >= 0; i-- {
		if e := &m.events.kept[i]; e.IsFolder && e.Number == f.number && e.Kind == Created {
			e.Kind, e.OldNumber, e.OldParent = Copied, from.number, from.above()
			return
		}
	}
}
