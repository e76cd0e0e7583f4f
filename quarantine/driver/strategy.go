package driver

import (
	"context"
	"errors"
	"time"
)

// Strategy says how mailboxes are reached and how an item is carried from one
// to another. The service owns the order of things, the proof and the journal;
// a strategy only does what it is told, once, and reports.
//
// A strategy never repeats a write whose outcome it does not know: it returns
// the error, and the service looks. Errors are an [*Error], which says what they
// mean, or match one of the errors below. Methods may be called concurrently.
// The suite of package quarantinetest tells whether a strategy keeps this
// contract.
type Strategy interface {
	// Name names the strategy in receipts.
	Name() string

	// Mailbox returns access to a mailbox by its primary SMTP address. It does
	// no I/O.
	Mailbox(address string) Mailbox

	// Carry brings the item into the folder of the other mailbox, stamp
	// included, by the best way that works. It changes nothing else: the copy
	// is unread if the original is, and nobody is told. See [Carried].
	Carry(ctx context.Context, c Carriage) (Carried, error)
}

// Carriage is an item on its way from one mailbox into a folder of another.
type Carriage struct {
	From   Mailbox
	Item   Item
	To     Mailbox
	Folder Folder
}

// Carried says how an item was carried. With an error it says by which way it
// was tried last.
type Carried struct {
	// Way is a label for receipts; what the engine does depends on the fields
	// below.
	Way Way

	// Faithful: the way keeps every property of the item, so the engine demands
	// an equal subject and attachments, and nearly the same size of the copy.
	// Otherwise the copy may have been made anew from the message.
	Faithful bool

	// Once: a second try cannot make a second copy, because the first takes the
	// item away with its id. Otherwise the engine waits after a lost answer, for
	// a copy that may still arrive, before it tries again.
	Once bool

	// ItemID is the id of the copy, if the server said.
	ItemID string

	// Moved: the original is gone if the call succeeded. Otherwise it is still
	// there, to be removed when the copy has been proved.
	Moved bool
}

// Mailbox is access to one mailbox.
type Mailbox interface {
	// Address returns the address of the mailbox.
	Address() string

	// Find returns the items that a query asks for, with everything but their
	// attachments filled.
	Find(ctx context.Context, q Query) (Findings, error)

	// Inspect reads one item again, with everything a proof needs, attachments
	// included. The error matches [ErrGone] if there is no such item.
	Inspect(ctx context.Context, itemID string) (Item, error)

	// Mark changes an item, in one write as far as the server can, and tells
	// nobody. The error matches [ErrGone] if the item is not there any more,
	// and [ErrConflict] if it has changed since it was read. It returns the item
	// as it is afterwards.
	Mark(ctx context.Context, item Item, m Change) (Item, error)

	// Remove deletes an item for good, so that its owner cannot recover it, and
	// tells nobody. The error matches [ErrGone] if the item is not there any
	// more: its owner may have moved it.
	Remove(ctx context.Context, item Item) error

	// Folder returns a folder by its name, creating it where the request says so.
	// The error matches [ErrGone] if it does not exist.
	Folder(ctx context.Context, want FolderRequest) (Folder, error)

	// Home returns the folder that an item which was in a folder goes back to:
	// that folder by its id; or else its path, re-created as far as it is
	// missing; or else the Inbox. From Recoverable Items, where nothing can be
	// put, an item goes to where its owner would find it: Deleted Items. The zero
	// Folder means the Inbox.
	Home(ctx context.Context, was Folder) (Folder, error)
}

// Errors of a [Mailbox].
var (
	// ErrGone matches an item or folder that is not there, or not visible.
	ErrGone = errors.New("quarantine: not there any more")
	// ErrConflict matches an item that somebody changed meanwhile.
	ErrConflict = errors.New("quarantine: changed meanwhile")
	// ErrUnreachable matches a mailbox that does not exist or that the account
	// may not open.
	ErrUnreachable = errors.New("quarantine: mailbox cannot be opened")
)

// Query says which items to find. The conditions that are set must all hold.
type Query struct {
	MessageID string // brackets or not
	Operation string // of the stamp
	Origin    string // mailbox of the stamp
	// Received is when the item was received, to the second.
	Received time.Time

	// In is a folder to look into; with Below, also the folders below it. Nil:
	// all folders of the mailbox that users see, search folders and Recoverable
	// Items left out.
	In    *Folder
	Below bool

	// Stamped finds all items that have a stamp.
	Stamped bool
}

// Findings are the answer to a [Query].
type Findings struct {
	Items []Item
	// Searched are the folders that were searched to their end, Unsearched those
	// that could not be, and the items that could not be looked into.
	Searched   []Searched
	Unsearched []Unsearched
}

// Folder is a folder of a mailbox.
type Folder struct {
	ID string `json:"id,omitempty"`
	// Path is its path as people read it: display names behind slashes. A slash
	// in a name is written %2F, a percent sign %25.
	Path string `json:"path,omitempty"`
	// Base names a folder that keeps its name in every language, the nearest one
	// above it or itself, and Below is the path from there. The names are the
	// driver's own: with them it finds, or creates, the folder when the id is
	// gone.
	Base  string `json:"base,omitempty"`
	Below string `json:"below,omitempty"`
	// Recoverable: it is one of Recoverable Items, which holds what the owner of
	// the mailbox has deleted and may recover.
	Recoverable bool `json:"recoverable,omitempty"`
}

// FolderRequest says which folder is wanted.
type FolderRequest struct {
	// Names are display names, from the top of the mailbox down, as they are: the
	// driver escapes what its paths cannot hold. At least one.
	Names []string
	// Create creates what is missing.
	Create bool
}

// Attachment describes an attachment.
type Attachment struct {
	Name   string
	Size   int64
	Inline bool
	// Message: it is itself a message, whose own attachments are not listed.
	Message bool
}

// Item is an item of a mailbox as a strategy sees it.
type Item struct {
	ID      string
	Version string // changes whenever the item does; empty if the server has none
	Kind    string // the strategy's own idea of the kind; opaque
	Mailbox string
	Folder  Folder

	MessageID string
	Class     string // such as IPM.Note
	Subject   string
	Size      int64
	Received  time.Time
	Sent      time.Time
	Read      bool

	HasAttachments bool

	// Filled by Inspect only.
	Attachments []Attachment
	Importance  string // "Low", "Normal", "High"
	Categories  []string

	// Stamp is nil if the item has none.
	Stamp *Stamp
}

// Change is a change to an item. Fields that are nil or false change nothing.
type Change struct {
	Stamp *Stamp // sets it
	Clear bool   // takes the stamp off
	Read  *bool  // sets the read state
	// SetHeader adds an internet header, or replaces the one of that name that
	// Mark has set; DropHeader takes the one of that name off again.
	SetHeader  Header
	DropHeader string
}
