package twobox

import (
	"strconv"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Message is what was delivered.
type Message struct {
	ID       string // Message-ID
	Subject  string
	Received time.Time
	Sent     time.Time
}

// Object is an item of a mailbox.
type Object struct {
	Number  int  // of this object; a move keeps it
	Message int  // which message it is a copy of: an index of [System.Messages]
	Edition int  // of its text: each edit makes a new edition
	Cut     bool // its end is missing

	ID      string // under which it is known; a move changes it
	Version int    // each change makes a new version; a move does not
	Box     string // address of the mailbox
	Folder  int    // an index of [System.Folders]
	Read    bool
	Stamp   *driver.Stamp // never changed in place

	arrived time.Time // in its folder
	marked  time.Time // when its stamp last changed
	earlier *driver.Stamp
	blind   time.Time // until then no search shows it
}

// Folder is a folder of a mailbox.
type Folder struct {
	Box  string
	ID   string
	Name string // display name
	Base string // well-known name, or empty
	// Recoverable means that it holds recoverable items, and is not searched.
	Recoverable bool
}

// Well-known names of folders.
const (
	Inbox        = "inbox"
	DeletedItems = "deleteditems"
	Recoverable  = "recoverableitemsdeletions"
)

// as returns the folder as the driver presents it.
func (f Folder) as() driver.Folder {
	d := driver.Folder{ID: f.ID, Path: "/" + f.Name, Base: f.Base, Recoverable: f.Recoverable}
	if f.Base == "" {
		d.Base, d.Below = "msgfolderroot", f.Name
	}
	return d
}

// item returns an object as the driver presents it.
func (s *System) item(o *Object) driver.Item {
	m := s.Messages[o.Message]
	size := int64(4000)
	if o.Cut {
		size /= 4
	}
	return driver.Item{
		ID: o.ID, Version: strconv.Itoa(o.Version), Kind: "Message", Mailbox: o.Box, Folder: s.Folders[o.Folder].as(),
		MessageID: m.ID, Class: "IPM.Note", Subject: m.Subject, Size: size, Received: m.Received, Sent: m.Sent, Read: o.Read,
		Stamp: stored(o.Stamp),
	}
}

// stored returns a stamp as it is after it has been written as properties and read
// back.
func stored(s *driver.Stamp) *driver.Stamp {
	if s == nil {
		return nil
	}
	return driver.ParseStamp(s.Values())
}
