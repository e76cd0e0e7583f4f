package ewstest

import (
	"fmt"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// MailboxOptions are the optional settings of a mailbox.
type MailboxOptions struct {
	DisplayName    string   // default: local part, capitalised
	Password       string   // default: local part + "-password"
	ProxyAddresses []string // secondary SMTP addresses
	Archive        bool     // has an online archive
	Language       string   // display names of default folders: "en" (default), "de", "es", "fr", "it", "ja", "nl", "ru"
	QuotaBytes     int64    // 0: no limit
	Hidden         bool     // hidden from address lists
	// BackEnd is the name of its mailbox server: a subscription made there is known only
	// there, so clients need affinity. It applies to Exchange 2013 and later. Default:
	// one server for all mailboxes.
	BackEnd string
}

// Mailbox is a mailbox of a [Server], for setup and inspection.
type Mailbox struct {
	server  *Server
	box     *mailstore.Mailbox
	backEnd string
	cancel  func() // cancels the end of a move; nil without one
}

// Address returns the primary address.
func (m *Mailbox) Address() string { return m.box.Address }

// Deliver puts a message into the Inbox as transport would: received now, unread, not a
// draft, however malformed it is. If MarkAsJunk has blocked its sender, it goes to Junk
// Email. Deliver retains eml, which must not be modified afterwards.
func (m *Mailbox) Deliver(eml []byte) *Message { return m.DeliverWith(eml, Delivery{}) }

// Delivery describes how a message is delivered; the zero value means the same as
// [Mailbox.Deliver].
type Delivery struct {
	Folder     *Folder
	Received   time.Time
	Read       bool
	Class      string
	Categories []string
	Importance string // Low, Normal, High; default: from the headers
	Flag       ews.Flag
	Extended   []ews.ExtendedProperty
	Associated bool // folder associated information, not a message
}

// DeliverWith is Deliver with settings. It ignores the quota. If a policy acts
// immediately, DeliverWith returns the message as the policy left it, or nil if it is
// gone; see [Mailbox.AddPolicy]. It panics if the folder is a search folder or in another
// mailbox.
func (m *Mailbox) DeliverWith(eml []byte, d Delivery) *Message {
	m.server.mu.Lock()
	defer m.server.mu.Unlock()
	it := m.deliver(eml, d)
	delivered := snapshot(it)
	if m.server.settle("") {
		delivered = m.server.object(delivered.Object)
	}
	return delivered
}

// Fill delivers n messages as DeliverWith does, but without taking a snapshot of each;
// use it for folders with tens of thousands of messages. The function message returns the
// i-th one, counted from 0.
func (m *Mailbox) Fill(n int, message func(i int) (eml []byte, d Delivery)) {
	for i := range n {
		eml, d := message(i)
		m.server.mu.Lock()
		m.deliver(eml, d)
		m.server.settle("")
		m.server.mu.Unlock()
	}
}

// holding returns a folder of the mailbox that can hold items.
func (m *Mailbox) holding(f *Folder) *mailstore.Folder {
	if f.folder.Mailbox != m.box || f.folder.Search != nil {
		panic("ewstest: the folder must be one of the mailbox that holds items, not a search folder")
	}
	return f.folder
}

func (m *Mailbox) deliver(eml []byte, d Delivery) *mailstore.Item {
	folder := m.box.Named(ews.FolderInbox)
	switch {
	case d.Folder != nil:
		folder = m.holding(d.Folder)
	case m.box.Blocks(eml):
		folder = m.box.Named(ews.FolderJunkEmail)
	}
	n := mailstore.New{
		MIME: eml, Delivered: true, Received: d.Received, Read: d.Read, Class: d.Class,
		Associated: d.Associated, Properties: append([]ews.ExtendedProperty(nil), d.Extended...),
	}
	if len(d.Categories) > 0 {
		n.Properties = append(n.Properties, mailstore.Categories(d.Categories))
	}
	if d.Importance != "" {
		if p, ok := mailstore.Importance(d.Importance); ok {
			n.Properties = append(n.Properties, p)
		}
	}
	set, _ := mailstore.FlagProperties(d.Flag)
	n.Properties = append(n.Properties, set...)
	return folder.Create(n)
}

// Folder returns a folder by well-known name, or nil if the mailbox has none.
func (m *Mailbox) Folder(name ews.FolderName) *Folder {
	m.server.mu.Lock()
	defer m.server.mu.Unlock()
	return m.wrap(m.box.Named(name))
}

func (m *Mailbox) wrap(f *mailstore.Folder) *Folder {
	if f == nil {
		return nil
	}
	return &Folder{server: m.server, folder: f}
}

// AddFolder creates (or returns) the folder at a path of display names below a
// parent (nil: the top of the information store).
func (m *Mailbox) AddFolder(parent *Folder, path ...string) *Folder {
	m.server.mu.Lock()
	defer m.server.mu.Unlock()
	f := m.box.Named(ews.FolderMsgFolderRoot)
	if parent != nil {
		f = parent.folder
	}
	for _, name := range path {
		child := f.Child(name)
		if child == nil {
			child = f.Add(name, "IPF.Note")
		}
		f = child
	}
	return m.wrap(f)
}

// AddFolders returns n folders below a parent (nil: the top of the information store),
// named "Folder 001" and so on, which it creates unless they exist. With many folders, a
// client needs several calls to search all of them.
func (m *Mailbox) AddFolders(parent *Folder, n int) []*Folder {
	all := make([]*Folder, n)
	for i := range all {
		all[i] = m.AddFolder(parent, fmt.Sprintf("Folder %03d", i+1))
	}
	return all
}

// AddSearchFolder creates a search folder that shows all items of the mailbox,
// as Outlook's AllItems does. It is below the top of the information store,
// where a deep traversal finds it.
func (m *Mailbox) AddSearchFolder(name string) *Folder {
	m.server.mu.Lock()
	defer m.server.mu.Unlock()
	f := m.box.Named(ews.FolderMsgFolderRoot).Add(name, "IPF.Note")
	f.Search = func(*mailstore.Item) bool { return true }
	return m.wrap(f)
}

// Folders returns all folders, archive and Recoverable Items included, parents
// first.
func (m *Mailbox) Folders() []*Folder {
	m.server.mu.Lock()
	defer m.server.mu.Unlock()
	var all []*Folder
	for _, root := range []ews.FolderName{ews.FolderRoot, ews.FolderArchiveRoot} {
		if f := m.box.Named(root); f != nil {
			f.Walk(func(g *mailstore.Folder) { all = append(all, m.wrap(g)) })
		}
	}
	return all
}

// Messages returns all items of all folders, Recoverable Items and archive
// included, in a stable order.
func (m *Mailbox) Messages() []*Message {
	m.server.mu.Lock()
	defer m.server.mu.Unlock()
	return snapshots(m.box.Items())
}

// Remove makes the mailbox unavailable, as a migration does: requests for its address and
// ids get ErrorNonExistentMailbox, or ErrorMailboxMoveInProgress if moving is set. Its
// content can still be inspected.
func (m *Mailbox) Remove(moving bool) {
	m.server.mu.Lock()
	defer m.server.mu.Unlock()
	m.cancelMove()
	m.server.org.RemoveMailbox(m.box, moving)
}

// Restore brings a removed mailbox back, even before a [Mailbox.MoveAway] would end. All
// ids are valid again.
func (m *Mailbox) Restore() {
	m.server.mu.Lock()
	defer m.server.mu.Unlock()
	m.back()
}

// SetQuota sets how many bytes the mailbox may hold; 0 means no limit. Clients
// that would exceed it get ErrorQuotaExceeded.
func (m *Mailbox) SetQuota(bytes int64) {
	m.server.mu.Lock()
	defer m.server.mu.Unlock()
	m.box.Quota = bytes
}

// Size returns the size of all items in bytes.
func (m *Mailbox) Size() int64 {
	m.server.mu.Lock()
	defer m.server.mu.Unlock()
	return m.box.Size()
}

// Message returns the item with an id, or nil if the mailbox has no such item.
func (m *Mailbox) Message(id ews.ItemID) *Message {
	m.server.mu.Lock()
	defer m.server.mu.Unlock()
	if it := m.item(id); it != nil {
		return snapshot(it)
	}
	return nil
}

// MoveMessage moves an item as its owner would, to a folder of the mailbox, and returns
// it with its new id, or nil if there is no such item. It panics if the folder is a
// search folder or in another mailbox.
func (m *Mailbox) MoveMessage(id ews.ItemID, to *Folder) *Message {
	m.server.mu.Lock()
	defer m.server.mu.Unlock()
	folder, it := m.holding(to), m.item(id)
	if it == nil {
		return nil
	}
	object := it.MoveTo(folder).Object()
	m.server.settle("")
	return m.server.object(object)
}

// DeleteMessage removes an item permanently, without a trace, and reports whether it
// existed.
func (m *Mailbox) DeleteMessage(id ews.ItemID) bool {
	m.server.mu.Lock()
	defer m.server.mu.Unlock()
	it := m.item(id)
	if it != nil {
		it.Delete()
	}
	return it != nil
}

func (m *Mailbox) item(id ews.ItemID) *mailstore.Item {
	parsed, err := mailstore.ParseID(id.ID)
	if err != nil || parsed.Kind != mailstore.KindItem || parsed.Mailbox != m.box.GUID() {
		return nil
	}
	return m.box.Item(parsed.Number)
}

// SetRead marks an item as read or unread, as its owner would, and reports
// whether it existed. Marking it as read sends a pending receipt.
func (m *Mailbox) SetRead(id ews.ItemID, read bool) bool {
	m.server.mu.Lock()
	defer m.server.mu.Unlock()
	it := m.item(id)
	if it != nil {
		it.Update([]ews.ExtendedProperty{mailstore.ReadState(it, read)}, nil, false)
		m.server.settle("") // a receipt may have been delivered
	}
	return it != nil
}
