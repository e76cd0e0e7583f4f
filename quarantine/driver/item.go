package driver

import (
	"time"
)

// Attachment describes an attachment.
type Attachment struct {
	Name   string
	Size   int64
	Inline bool
	// Message means that it is itself a message, whose own attachments are not
	// listed.
	Message bool
}

// Item is an item of a mailbox, as a strategy sees it.
type Item struct {
	ID      string
	Version string // changes whenever the item does; empty if the server has no versions
	Kind    string // the strategy's own notion of the kind; opaque
	Mailbox string
	Folder  Folder

	MessageID string
	Class     string // such as IPM.Note
	Subject   string
	// Sender is the address in From or, if the server returns none, the address in
	// Sender or a name. A driver need fill it in only for a [Query] with Stamped.
	Sender   string
	Size     int64
	Received time.Time
	Sent     time.Time
	Read     bool

	HasAttachments bool

	// Reach is how far the message got with its owner. A driver whose mail system does
	// not record that leaves it zero.
	Reach Reach

	// The following fields are filled in by Inspect only.
	Attachments []Attachment
	Importance  string // "Low", "Normal", "High"
	Categories  []string

	// Stamp is nil if the item has none.
	Stamp *Stamp
}

// Change is a change to an item. Fields that are nil or zero change nothing.
type Change struct {
	Stamp *Stamp // sets the stamp
	Clear bool   // removes the stamp
	Read  *bool  // sets the read state
	// SetHeader adds an internet header, or replaces one of the same name that
	// Mark has set; DropHeader removes the header of that name.
	SetHeader  Header
	DropHeader string
}
