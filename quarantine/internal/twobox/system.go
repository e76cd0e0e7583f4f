package twobox

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// System is a server's state of two mailboxes, and its behaviour. It is not safe for
// concurrent use.
type System struct {
	User, Quarantine string // addresses
	Messages         []Message
	Folders          []Folder
	Objects          []*Object // by number; nil for what has been removed

	// Lag is how long a search does not show what has come into a folder, and still
	// matches the stamp that an item had before. Linger is how long it still shows
	// what has left.
	Lag, Linger time.Duration
	// VersionsIgnored means that a write is not refused if the item has changed.
	VersionsIgnored bool
	// RemovesUnchecked means that only a removal is not refused in that case, as on
	// Exchange.
	RemovesUnchecked bool
	// StampsLost means that no write keeps a stamp.
	StampsLost bool
	// Cuts means that what is read to be carried arrives without its end.
	Cuts bool
	// MovesCopy means that a move leaves the original where it was.
	MovesCopy bool
	// RemovesNothing means that a removal is answered with success, and does nothing.
	RemovesNothing bool
	// Refuses contains the ways that the server refuses between the mailboxes.
	Refuses map[driver.Way]bool

	// Between, if set, is called between two folders of a search, with the mailbox.
	Between func(box string)
	// Removing, if set, is called when a process, not a person, is about to remove an
	// object permanently.
	Removing func(o *Object)

	ids     int
	ghosts  []ghost
	flights []flight
	late    time.Duration // of the next write
}

// ghost is what a search still shows in a folder after it has left.
type ghost struct {
	folder int
	item   driver.Item
	until  time.Time
}

// New returns a system without messages. Each mailbox has an Inbox, Deleted Items,
// Recoverable Items and, searched last, a folder named Zebra.
func New(user, quarantine string) *System {
	s := &System{User: user, Quarantine: quarantine}
	for _, box := range []string{user, quarantine} {
		s.addFolder(Folder{Box: box, Name: "Inbox", Base: Inbox})
		s.addFolder(Folder{Box: box, Name: "Deleted Items", Base: DeletedItems})
		s.addFolder(Folder{Box: box, Name: "Deletions", Base: Recoverable, Recoverable: true})
		s.addFolder(Folder{Box: box, Name: "Zebra"})
	}
	return s
}

func (s *System) addFolder(f Folder) int {
	f.ID = "folder-" + strconv.Itoa(len(s.Folders))
	s.Folders = append(s.Folders, f)
	return len(s.Folders) - 1
}

// order returns the folders of a mailbox that are searched, in that order.
func (s *System) order(box string) []int {
	var all []int
	last := -1
	for i, f := range s.Folders {
		switch {
		case f.Box != box, f.Recoverable:
		case f.Name == "Zebra":
			last = i
		default:
			all = append(all, i)
		}
	}
	return append(all, last)
}

// FolderOf returns the folder of a mailbox with a well-known name or a display name,
// or -1 if the mailbox has no such folder.
func (s *System) FolderOf(box, name string) int {
	return slices.IndexFunc(s.Folders, func(f Folder) bool { return f.Box == box && (f.Base == name || f.Base == "" && f.Name == name) })
}

// Deliver delivers a message to the Inbox of a mailbox and returns its object.
func (s *System) Deliver(box string, m Message) *Object {
	s.Messages = append(s.Messages, m)
	return s.add(Object{Message: len(s.Messages) - 1, Box: box, Folder: s.FolderOf(box, Inbox)}, time.Now())
}

// add adds an object.
func (s *System) add(o Object, now time.Time) *Object {
	o.Number, o.Version = len(s.Objects), 1
	o.blind, o.earlier, o.marked = time.Time{}, nil, time.Time{}
	s.place(&o, o.Box, o.Folder, now)
	s.Objects = append(s.Objects, &o)
	return &o
}

// place puts an object into a folder, where it gets another id.
func (s *System) place(o *Object, box string, folder int, now time.Time) {
	s.ids++
	o.Box, o.Folder, o.ID, o.arrived = box, folder, "item-"+strconv.Itoa(s.ids), now
}

// leave makes searches keep showing an object where it is.
func (s *System) leave(o *Object, now time.Time) {
	if s.Linger > 0 {
		s.ghosts = append(s.ghosts, ghost{o.Folder, s.item(o), now.Add(s.Linger)})
	}
}

// move moves an object.
func (s *System) move(o *Object, box string, folder int, now time.Time) {
	s.leave(o, now)
	s.place(o, box, folder, now)
}

// drop permanently removes an object.
func (s *System) drop(o *Object, now time.Time) {
	s.leave(o, now)
	s.Objects[o.Number] = nil
}

// stamp changes the stamp of an object.
func (s *System) stamp(o *Object, to *driver.Stamp, now time.Time) {
	if s.StampsLost && to != nil {
		return
	}
	o.earlier, o.marked, o.Stamp = o.Stamp, now, to
}

// byID returns the object of a mailbox with an id, or nil.
func (s *System) byID(box, id string) *Object {
	for _, o := range s.Objects {
		if o != nil && o.ID == id && o.Box == box {
			return o
		}
	}
	return nil
}

// In returns the objects of a mailbox that a user sees and, with hidden, those
// in Recoverable Items as well.
func (s *System) In(box string, hidden bool) []*Object {
	var in []*Object
	for _, o := range s.Objects {
		if o != nil && o.Box == box && (hidden || !s.Folders[o.Folder].Recoverable) {
			in = append(in, o)
		}
	}
	return in
}

// Blind hides an object from searches for some time.
func (s *System) Blind(o *Object, d time.Duration) { o.blind = time.Now().Add(d) }

// Clone returns a copy of the system. It has no hooks.
func (s *System) Clone() *System {
	c := *s
	c.Between, c.Removing = nil, nil
	c.Messages, c.Folders, c.Refuses = slices.Clone(s.Messages), slices.Clone(s.Folders), maps.Clone(s.Refuses)
	c.ghosts, c.flights = slices.Clone(s.ghosts), slices.Clone(s.flights)
	c.Objects = make([]*Object, len(s.Objects))
	for i, o := range s.Objects {
		if o != nil {
			copied := *o
			c.Objects[i] = &copied
		}
	}
	return &c
}
