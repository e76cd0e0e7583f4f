package ewstest

import (
	"bytes"
	"slices"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// Message is a snapshot of an item. It does not follow changes; get a new one after a
// call. It can be shared with other callers and must not be modified.
type Message struct {
	ID             ews.ItemID
	Mailbox        string
	Folder         string // path, such as "/Inbox"
	FolderID       ews.FolderID
	Distinguished  ews.FolderName // of the folder, if it has one
	Class          string
	Subject        string
	MessageID      string
	Read           bool
	Draft          bool
	Received       time.Time
	Sent           time.Time
	Created        time.Time
	Modified       time.Time
	Size           int64
	Importance     string
	Categories     []string
	Flag           ews.Flag
	Attachments    []ews.Attachment
	ReceiptPending bool // a read or non-read receipt would be sent
	Associated     bool // folder associated information
	// Object numbers the item for as long as it exists. Unlike the id it survives moves,
	// even into another mailbox, where the item that arrives keeps it. A copy, an upload
	// and a created item get a new one, and so does what a move into another mailbox, or
	// an edit, leaves in Recoverable Items. It never appears on the wire. See
	// [Server.Object].
	Object uint64
	// CopiedFrom is the object that the item was copied from, or exported from and
	// uploaded; 0 if the item is not a copy, or was made from MIME, in which case nobody
	// can tell.
	CopiedFrom uint64
	// Properties are all MAPI properties, named ones by set and name, in the text
	// form of the protocol. A copy of an item is faithful if these are equal,
	// except for the times of creation (0x3007) and modification (0x3008).
	Properties map[ews.ExtendedField]ews.ExtendedProperty
	Original   []byte // bytes as delivered; nil if a client created the item
	MIME       []byte // what GetItem with IncludeMimeContent would return
}

// maxKept is the maximum size of MIME, in bytes, for a snapshot to be cached.
const maxKept = 256 << 10

// snapshot describes an item. It is cached until the item changes, unless its
// MIME is large.
func snapshot(it *mailstore.Item) *Message {
	if it.Folder == nil {
		return described(it) // not saved yet, or gone
	}
	if m, ok := it.View.(*Message); ok && m.Folder == it.Folder.Path() {
		return m
	}
	m := described(it)
	m.ID = ews.ItemID{ID: it.ID().String(), ChangeKey: it.ChangeKey()}
	m.Mailbox = it.Folder.Mailbox.Address
	m.Folder = it.Folder.Path()
	m.FolderID = ews.FolderID{ID: it.Folder.ID().String(), ChangeKey: it.Folder.ChangeKey()}
	m.Distinguished = it.Folder.Distinguished
	if len(m.MIME) <= maxKept {
		it.View = m
	}
	return m
}

// described describes an item except for its place.
func described(it *mailstore.Item) *Message {
	p := it.Properties()
	m := &Message{
		Class:          it.Class(),
		Subject:        p.Text(mailstore.TagSubject),
		MessageID:      p.Text(mailstore.TagMessageID),
		Read:           it.Read(),
		Draft:          it.Draft(),
		Received:       p.Time(mailstore.TagDeliveryTime),
		Sent:           p.Time(mailstore.TagSubmitTime),
		Created:        p.Time(mailstore.TagCreated),
		Modified:       p.Time(mailstore.TagModified),
		Size:           it.Size(),
		Importance:     it.Importance(),
		Categories:     slices.Clone(p[mailstore.PropKeywords].Values),
		Flag:           it.Flag(),
		Attachments:    slices.Clone(it.Attachments()),
		ReceiptPending: it.Pending(),
		Associated:     it.Associated,
		Object:         it.Object(),
		CopiedFrom:     it.Origin(),
		Properties:     p,
		MIME:           bytes.Join(it.MIME(), nil),
	}
	if it.Delivered {
		m.Original = it.Content().Raw()
	}
	return m
}

func snapshots(items []*mailstore.Item) []*Message {
	all := make([]*Message, len(items))
	for i, it := range items {
		all[i] = snapshot(it)
	}
	return all
}
