package mailstore

import (
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// Mailbox is a mailbox, with its archive if it has one.
type Mailbox struct {
	Info
	Gone   bool // removed
	Moving bool // removed, but reported as being moved

	org     *Organisation
	guid    GUID
	named   map[ews.FolderName]*Folder
	folders map[uint64]*Folder
	items   map[uint64]*Item
	root    *Folder
	archive *Folder
	blocked map[string]bool // senders, in lower case
	numbers uint64
	size    int64 // of all items, once it is known
	sized   bool

	events     *events     // nil until somebody watches
	departures *departures // nil until the first Mark
	silent     bool        // no events are recorded
}

// Info describes a mailbox.
type Info struct {
	Address     string
	DisplayName string
	Proxies     []string
	Archive     bool
	Language    string
	Quota       int64 // bytes; 0: no limit
	Hidden      bool  // from address lists
}

// AddMailbox creates a mailbox with its default folders. Addresses that are already in use
// pass to the new mailbox.
func (o *Organisation) AddMailbox(info Info) *Mailbox {
	m := &Mailbox{
		Info:    info,
		org:     o,
		named:   make(map[ews.FolderName]*Folder),
		folders: make(map[uint64]*Folder),
		items:   make(map[uint64]*Item),
	}
	copy(m.guid[:], o.Random(16))
	o.byGUID[m.guid] = m
	for _, a := range append([]string{info.Address}, info.Proxies...) {
		o.byAddress[strings.ToLower(a)] = m
	}
	o.mailboxes = append(o.mailboxes, m)
	m.buildTree()
	return m
}

// RemoveMailbox marks a mailbox as gone, as it is after a migration.
func (o *Organisation) RemoveMailbox(m *Mailbox, moving bool) {
	m.Gone, m.Moving = true, moving
}

// GUID returns the GUID that identifies the mailbox in ids.
func (m *Mailbox) GUID() GUID { return m.guid }

// Has reports whether an address belongs to the mailbox.
func (m *Mailbox) Has(address string) bool {
	return strings.EqualFold(m.Address, address) ||
		slices.ContainsFunc(m.Proxies, func(p string) bool { return strings.EqualFold(p, address) })
}

// Named returns a well-known folder, or nil if the mailbox does not have it.
func (m *Mailbox) Named(name ews.FolderName) *Folder { return m.named[name] }

// Root returns the root folder.
func (m *Mailbox) Root() *Folder { return m.root }

// Folder returns a folder by its number, or nil if it does not exist.
func (m *Mailbox) Folder(number uint64) *Folder { return m.folders[number] }

// Item returns an item by its number, or nil if it does not exist.
func (m *Mailbox) Item(number uint64) *Item { return m.items[number] }

// Size returns the size of all items in bytes.
func (m *Mailbox) Size() int64 {
	if !m.sized {
		for _, it := range m.items {
			m.size += it.Size()
		}
		m.sized = true
	}
	return m.size
}

// Full reports whether n more bytes would exceed the quota.
func (m *Mailbox) Full(n int64) bool { return m.Quota > 0 && m.Size()+n > m.Quota }

// Items returns the items of all folders, including the archive and Recoverable Items,
// folder by folder.
func (m *Mailbox) Items() []*Item {
	all := make([]*Item, 0, len(m.items))
	for _, root := range []*Folder{m.root, m.archive} {
		if root == nil {
			continue
		}
		root.Walk(func(f *Folder) { all = append(all, f.items.list()...) })
	}
	return all
}

func (m *Mailbox) number() uint64 {
	m.numbers++
	return m.numbers
}

// Numbers returns how many numbers the mailbox has given to folders and items.
func (m *Mailbox) Numbers() int { return int(m.numbers) }

// CanHaveHad reports whether the mailbox can ever have had a folder with the number and the
// change number.
func (m *Mailbox) CanHaveHad(folder, change uint64) bool {
	return folder > 0 && folder <= m.numbers && m.items[folder] == nil && change <= m.org.changes
}
