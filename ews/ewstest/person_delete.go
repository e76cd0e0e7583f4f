package ewstest

import (
	"strconv"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// Delete deletes the message as the Delete key does: it moves to Deleted Items or, if
// already there, is deleted as by [Person.ShiftDelete].
func (p *Person) Delete(m *Message) (*Message, error) {
	return p.act("deletes", m, func(it *mailstore.Item) (*mailstore.Item, error) {
		how := mailstore.ToDeletedItems
		if inDeletedItems(it.Folder) {
			how = mailstore.Soft
		}
		it.Remove(how, false)
		return it, nil
	})
}

// ShiftDelete deletes the message past Deleted Items: into the Deletions of Recoverable
// Items, or permanently with Options.RetentionOff. If it is unread and asked for a
// receipt, its sender is told that it was not read.
func (p *Person) ShiftDelete(m *Message) (*Message, error) {
	return p.act("shift-deletes", m, func(it *mailstore.Item) (*mailstore.Item, error) {
		it.Remove(mailstore.Soft, false)
		return it, nil
	})
}

// EmptyDeletedItems deletes everything in Deleted Items as [Person.ShiftDelete] does,
// including its subfolders and their content. It returns the number of messages deleted.
func (p *Person) EmptyDeletedItems() (int, error) {
	s := p.box.server
	s.mu.Lock()
	defer s.mu.Unlock()
	deed := p.deed("empties", "Deleted Items", 0)
	if p.box.box.Gone {
		return 0, p.done(deed, ErrUnavailable)
	}
	trash := p.box.box.Named(ews.FolderDeletedItems)
	n := softDelete(trash)
	for _, f := range append([]*mailstore.Folder(nil), trash.Children...) {
		n += softDelete(f)
		f.Delete()
	}
	deed.What += " of " + strconv.Itoa(n) + " messages"
	return n, p.done(deed, nil)
}

// softDelete removes the content of a folder and of the folders below it, and returns the
// number of messages removed.
func softDelete(f *mailstore.Folder) int {
	n := 0
	f.Walk(func(g *mailstore.Folder) {
		if g.Search != nil {
			return
		}
		for _, it := range g.Items() {
			it.Remove(mailstore.Soft, false)
			n++
		}
	})
	return n
}

// Recover takes the message out of the Deletions of Recoverable Items, as Recover Deleted
// Items does. Exchange 2016 and later put it back into the folder it was in before it was
// deleted, if that folder still exists and is not itself deleted. Otherwise it goes into
// the default folder of its kind: messages into the Inbox. See
// https://techcommunity.microsoft.com/blog/exchange/announcing-original-folder-item-recovery/606833.
func (p *Person) Recover(m *Message) (*Message, error) {
	return p.with("recovers", m, func(it *mailstore.Item) (*mailstore.Item, error) {
		if !deletions(it.Folder) {
			return nil, because(ErrNotThere, "the message is not in the Deletions of Recoverable Items")
		}
		to := it.LastParent()
		if to == nil || p.box.server.opts.Version < Exchange2016 {
			to = p.box.defaultFolder(it)
		}
		return it.MoveTo(to), nil
	})
}

// defaultFolder returns the folder for a kind of item.
func (m *Mailbox) defaultFolder(it *mailstore.Item) *mailstore.Folder {
	archive := m.box.Named(ews.FolderArchiveMsgFolderRoot)
	if it.Folder.Archive && archive != nil {
		return m.box.Named(ews.FolderInbox).InArchive()
	}
	switch it.Kind() {
	case "CalendarItem", "Contact", "DistributionList", "Task":
		return m.box.Named(newKinds[it.Kind()].folder)
	}
	return m.box.Named(ews.FolderInbox)
}

// Purge removes the message from the Deletions of Recoverable Items, as Purge in
// Recover Deleted Items does. Single item recovery keeps it in Purges, which no
// person sees.
func (p *Person) Purge(m *Message) (*Message, error) {
	return p.with("purges", m, func(it *mailstore.Item) (*mailstore.Item, error) {
		if !deletions(it.Folder) {
			return nil, because(ErrNotThere, "the message is not in the Deletions of Recoverable Items")
		}
		it.Remove(mailstore.Hard, false)
		return it, nil
	})
}

func deletions(f *mailstore.Folder) bool {
	return f.Distinguished == ews.FolderRecoverableItemsDeletions || f.Distinguished == ews.FolderArchiveRecoverableItemsDeletions
}

// inDeletedItems reports whether a folder is Deleted Items or below it.
func inDeletedItems(f *mailstore.Folder) bool {
	for _, name := range []ews.FolderName{ews.FolderDeletedItems, ews.FolderArchiveDeletedItems} {
		if trash := f.Mailbox.Named(name); trash != nil && f.Below(trash) {
			return true
		}
	}
	return false
}
