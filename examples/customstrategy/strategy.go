package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// storeStrategy is all it takes to quarantine mail in a store: a
// driver.Strategy with four methods and a driver.Mailbox with seven. One more
// method puts surplus copies aside.
type storeStrategy struct{ s *store }

func (st storeStrategy) Name() string { return "store" }

// System tells ids of this store from those of other mail systems.
func (st storeStrategy) System() string { return "store" }

func (st storeStrategy) Mailbox(address string) driver.Mailbox {
	return storeMailbox{st.s, address}
}

// Carry moves the message. The store does it in a single step, so the original
// is gone once the copy is there.
func (st storeStrategy) Carry(_ context.Context, c driver.Carriage) (driver.Carried, error) {
	id, err := strconv.Atoi(c.Item.ID)
	if err != nil {
		return driver.Carried{}, driver.ErrGone
	}
	id, err = st.s.move(c.From.Address(), id, c.To.Address(), c.Folder.ID)
	if err != nil {
		return driver.Carried{}, translate(err)
	}
	return driver.Carried{Way: driver.WayMove, Faithful: true, Once: true, ItemID: strconv.Itoa(id), Moved: true}, nil
}

// translate converts errors of the store for the engine: the store always
// answers, and if it has no such message or folder, it has changed nothing.
func translate(err error) error {
	if errors.Is(err, errNoMessage) || errors.Is(err, errNoFolder) {
		return &driver.Error{Err: fmt.Errorf("%w: %w", driver.ErrGone, err), Untouched: true, Answered: true}
	}
	return &driver.Error{Err: err, Answered: true}
}

// storeMailbox is one mailbox in the store.
type storeMailbox struct {
	s       *store
	address string
}

func (m storeMailbox) Address() string { return m.address }

func (m storeMailbox) Find(_ context.Context, q driver.Query) (driver.Findings, error) {
	var found driver.Findings
	err := m.s.with(m.address, func(b *box) error {
		for _, msg := range b.sorted() {
			it := m.item(msg)
			if matches(q, it) {
				it.Attachments = nil
				found.Items = append(found.Items, it)
			}
		}
		return nil
	})
	return found, err
}

func matches(q driver.Query, it driver.Item) bool {
	bare := func(id string) string { return strings.Trim(strings.TrimSpace(id), "<>") }
	switch {
	case q.MessageID != "" && bare(q.MessageID) != bare(it.MessageID),
		!q.Received.IsZero() && !q.Received.Truncate(time.Second).Equal(it.Received.Truncate(time.Second)),
		(q.Stamped || q.Operation != "" || q.Origin != "") && it.Stamp == nil,
		q.Operation != "" && q.Operation != it.Stamp.Operation,
		q.Origin != "" && !strings.EqualFold(q.Origin, it.Stamp.Mailbox):
		return false
	case q.In == nil:
		return true
	}
	return it.Folder.ID == q.In.ID || q.Below && strings.HasPrefix(it.Folder.ID, q.In.ID+"/")
}

// item describes a message. The tags with the stamp travel with the message.
func (m storeMailbox) item(msg *message) driver.Item {
	it := driver.Item{
		ID: strconv.Itoa(msg.id), Version: strconv.Itoa(msg.revision), Kind: "Message", Mailbox: m.address,
		Folder:    folder(msg.folder),
		MessageID: msg.headers["Message-ID"], Class: "IPM.Note", Subject: msg.subject, Size: int64(1000 + len(msg.subject)),
		Received: msg.received, Sent: msg.received, Read: msg.read, HasAttachments: len(msg.attachments) > 0,
		Importance: "Normal",
		Stamp:      driver.ParseStamp(msg.tags),
	}
	for _, name := range slices.Sorted(maps.Keys(msg.attachments)) {
		it.Attachments = append(it.Attachments, driver.Attachment{Name: name, Size: msg.attachments[name]})
	}
	return it
}

// folder describes a folder. In the store, the path is the id.
func folder(path string) driver.Folder {
	return driver.Folder{ID: path, Path: "/" + path, Below: path}
}

// message calls f with one message.
func (m storeMailbox) message(id string, f func(*box, *message) error) error {
	return m.s.with(m.address, func(b *box) error {
		n, err := strconv.Atoi(id)
		msg, ok := b.messages[n]
		if err != nil || !ok {
			return translate(errNoMessage)
		}
		return f(b, msg)
	})
}

func (m storeMailbox) Inspect(_ context.Context, id string) (it driver.Item, err error) {
	err = m.message(id, func(_ *box, msg *message) error {
		it = m.item(msg)
		return nil
	})
	return it, err
}

func (m storeMailbox) Mark(_ context.Context, item driver.Item, mark driver.Change) (it driver.Item, err error) {
	err = m.message(item.ID, func(_ *box, msg *message) error {
		if strconv.Itoa(msg.revision) != item.Version {
			return driver.ErrConflict
		}
		msg.revision++
		if mark.Clear {
			for _, name := range driver.StampNames() {
				delete(msg.tags, name)
			}
		}
		if mark.Stamp != nil {
			maps.Copy(msg.tags, mark.Stamp.Values())
		}
		if mark.Read != nil {
			msg.read = *mark.Read
		}
		if mark.DropHeader != "" {
			delete(msg.headers, mark.DropHeader)
		}
		if mark.SetHeader.Name != "" {
			msg.headers[mark.SetHeader.Name] = mark.SetHeader.Value
		}
		it = m.item(msg)
		return nil
	})
	return it, err
}

func (m storeMailbox) Remove(_ context.Context, item driver.Item) error {
	return m.message(item.ID, func(b *box, msg *message) error {
		if strconv.Itoa(msg.revision) != item.Version {
			return driver.ErrConflict
		}
		delete(b.messages, msg.id)
		return nil
	})
}

// Shelve makes the mailbox a driver.Shelver, which is optional: without it, copies
// that nobody needs stay where they are.
func (m storeMailbox) Shelve(_ context.Context, item driver.Item, to *driver.Folder) (it driver.Item, err error) {
	path := "Deleted Items"
	if to != nil {
		path = to.ID
	}
	err = m.message(item.ID, func(b *box, msg *message) error {
		if strconv.Itoa(msg.revision) != item.Version {
			return driver.ErrConflict
		}
		b.folders[path] = true
		msg.folder = path
		msg.revision++
		it = m.item(msg)
		return nil
	})
	return it, err
}

func (m storeMailbox) Folder(_ context.Context, want driver.FolderRequest) (driver.Folder, error) {
	names := make([]string, len(want.Names))
	for i, name := range want.Names {
		names[i] = url.PathEscape(name)
	}
	return m.folder(strings.Join(names, "/"), want.Create)
}

// Home is simple here: the path is the id, and there are no Recoverable Items.
func (m storeMailbox) Home(_ context.Context, was driver.Folder) (driver.Folder, error) {
	if was.Below == "" {
		return m.folder("Inbox", false)
	}
	return m.folder(was.Below, true)
}

// folder returns the folder with a path, creating it if create is set.
func (m storeMailbox) folder(path string, create bool) (f driver.Folder, err error) {
	err = m.s.with(m.address, func(b *box) error {
		if path == "" || !b.folders[path] && !create {
			return translate(errNoFolder)
		}
		b.folders[path] = true
		f = folder(path)
		return nil
	})
	return f, err
}
