package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// storeStrategy is all it takes to quarantine mail in a store: a
// driver.Strategy with four methods and a driver.Mailbox with seven. One more
// method puts surplus copies aside.
type storeStrategy struct{ s *store }

func (st storeStrategy) Name() string { return "store" }

// System distinguishes ids of this store from those of other mail systems.
func (st storeStrategy) System() string { return "store" }

func (st storeStrategy) Mailbox(address string) driver.Mailbox {
	return storeMailbox{st.s, address}
}

// Carry moves the message. The store does it in a single step, so the original
// is gone once the copy is there.
func (st storeStrategy) Carry(ctx context.Context, c driver.Carriage) (driver.Carried, error) {
	if ctx.Err() != nil {
		return driver.Carried{}, &driver.Error{Err: context.Cause(ctx), Untouched: true}
	}
	if c.Only != "" && c.Only != driver.WayMove || slices.Contains(c.Except, driver.WayMove) {
		return driver.Carried{}, &driver.Error{Err: errors.New("the store can only move messages"), Untouched: true, Answered: true}
	}
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
	if errors.Is(err, errNoMailbox) {
		return &driver.Error{Err: fmt.Errorf("%w: %w", driver.ErrUnreachable, err), Untouched: true, Answered: true, Cause: driver.CauseNoMailbox}
	}
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

// with calls f with the mailbox, unless the context has ended: after that, nothing may be
// sent.
func (m storeMailbox) with(ctx context.Context, f func(*box) error) error {
	if ctx.Err() != nil {
		return &driver.Error{Err: context.Cause(ctx), Untouched: true}
	}
	err := m.s.with(m.address, f)
	if errors.Is(err, errNoMailbox) {
		return translate(err)
	}
	return err
}

func (m storeMailbox) Find(ctx context.Context, q driver.Query) (found driver.Findings, err error) {
	err = m.with(ctx, func(b *box) error {
		if q.In != nil && !b.folders[q.In.ID] {
			found.Unsearched = append(found.Unsearched, driver.NotSearched(*q.In, translate(errNoFolder)))
			return nil
		}
		for _, path := range slices.Sorted(maps.Keys(b.folders)) {
			if q.In != nil && path != q.In.ID && !(q.Below && strings.HasPrefix(path, q.In.ID+"/")) {
				continue
			}
			hits := len(found.Items)
			for _, msg := range b.sorted() {
				if msg.folder != path {
					continue
				}
				it := m.item(msg)
				it.Attachments = nil
				switch {
				case q.Matches(it):
					found.Items = append(found.Items, it)
				case driver.NearMessageID(q.MessageID, it.MessageID):
					found.Near = append(found.Near, it)
				}
			}
			found.Searched = append(found.Searched, driver.Searched{Folder: folder(path), Pages: 1, Hits: len(found.Items) - hits})
		}
		return nil
	})
	return found, err
}

// item describes a message. The tags with the stamp travel with the message.
func (m storeMailbox) item(msg *message) driver.Item {
	it := driver.Item{
		ID: strconv.Itoa(msg.id), Version: strconv.Itoa(msg.revision), Kind: "Message", Mailbox: m.address,
		Folder:    folder(msg.folder),
		MessageID: msg.headers["Message-ID"], Class: "IPM.Note", Subject: msg.subject, Sender: msg.headers["From"], Size: int64(1000 + len(msg.subject)),
		Received: msg.received, Sent: msg.received, Read: msg.read, HasAttachments: len(msg.attachments) > 0,
		Importance: cmp.Or(msg.importance, "Normal"),
		Stamp:      driver.ParseStamp(msg.tags),
	}
	if msg.category != "" {
		it.Categories = []string{msg.category}
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
func (m storeMailbox) message(ctx context.Context, id string, f func(*box, *message) error) error {
	return m.with(ctx, func(b *box) error {
		n, err := strconv.Atoi(id)
		msg, ok := b.messages[n]
		if err != nil || !ok {
			return translate(errNoMessage)
		}
		return f(b, msg)
	})
}

func (m storeMailbox) Inspect(ctx context.Context, id string) (it driver.Item, err error) {
	err = m.message(ctx, id, func(_ *box, msg *message) error {
		it = m.item(msg)
		return nil
	})
	return it, err
}

func (m storeMailbox) Mark(ctx context.Context, item driver.Item, mark driver.Change) (it driver.Item, err error) {
	err = m.message(ctx, item.ID, func(_ *box, msg *message) error {
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

func (m storeMailbox) Remove(ctx context.Context, item driver.Item) error {
	return m.message(ctx, item.ID, func(b *box, msg *message) error {
		if strconv.Itoa(msg.revision) != item.Version {
			return driver.ErrConflict
		}
		delete(b.messages, msg.id)
		return nil
	})
}

// Shelve makes the mailbox a driver.Shelver, which is optional: without it, copies
// that nobody needs stay where they are.
func (m storeMailbox) Shelve(ctx context.Context, item driver.Item, to *driver.Folder) (it driver.Item, err error) {
	path := "Deleted Items"
	if to != nil {
		path = to.ID
	}
	err = m.message(ctx, item.ID, func(b *box, msg *message) error {
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

// escape escapes names for use in paths.
var escape = strings.NewReplacer("%", "%25", "/", "%2F")

func (m storeMailbox) Folder(ctx context.Context, want driver.FolderRequest) (driver.Folder, error) {
	names := make([]string, len(want.Names))
	for i, name := range want.Names {
		names[i] = escape.Replace(name)
	}
	return m.folder(ctx, strings.Join(names, "/"), want.Create)
}

// Home is simple here: the path is the id, and there are no Recoverable Items.
func (m storeMailbox) Home(ctx context.Context, was driver.Folder) (driver.Folder, error) {
	if was.Below == "" {
		return m.folder(ctx, "Inbox", false)
	}
	return m.folder(ctx, was.Below, true)
}

// folder returns the folder with a path, creating it if create is set.
func (m storeMailbox) folder(ctx context.Context, path string, create bool) (f driver.Folder, err error) {
	err = m.with(ctx, func(b *box) error {
		if path == "" || !b.folders[path] && !create {
			return translate(errNoFolder)
		}
		b.folders[path] = true
		f = folder(path)
		return nil
	})
	return f, err
}
