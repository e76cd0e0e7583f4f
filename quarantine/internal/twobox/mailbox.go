package twobox

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// mailbox is access to one mailbox.
type mailbox struct {
	system  *System
	address string
}

// Address returns the address of the mailbox.
func (m mailbox) Address() string { return m.address }

// Find searches folder by folder. What moves in the meantime may be seen twice, or
// not at all.
func (m mailbox) Find(ctx context.Context, q driver.Query) (driver.Findings, error) {
	s := m.system
	if err := ended(ctx); err != nil {
		return driver.Findings{}, err
	}
	if s.FolderOf(m.address, Inbox) < 0 {
		return driver.Findings{}, refusal(driver.ErrUnreachable) // there is no such mailbox
	}
	folders := s.order(m.address)
	if q.In != nil {
		at := slices.IndexFunc(s.Folders, func(f Folder) bool { return f.Box == m.address && f.ID == q.In.ID })
		if at < 0 {
			return driver.Findings{Unsearched: []driver.Unsearched{{Folder: *q.In, Cause: driver.CauseNotFound, Reason: "it does not exist"}}}, nil
		}
		folders = []int{at}
	}
	var found driver.Findings
	for i, folder := range folders {
		if i > 0 && s.Between != nil {
			s.Between(m.address)
		}
		s.Due()
		hits := s.shown(folder, q)
		found.Items = append(found.Items, hits...)
		found.Searched = append(found.Searched, driver.Searched{Folder: s.Folders[folder].as(), Pages: 1, Hits: len(hits)})
	}
	return found, nil
}

// Shown reports whether searches show an object.
func (s *System) Shown(o *Object) bool {
	now := time.Now()
	return !now.Before(o.blind) && !now.Before(o.arrived.Add(s.Lag))
}

// shown returns what a search shows in a folder.
func (s *System) shown(folder int, q driver.Query) []driver.Item {
	var hits []driver.Item
	now := time.Now()
	for _, o := range s.Objects {
		if o == nil || o.Folder != folder || !s.Shown(o) {
			continue
		}
		it := s.item(o)
		indexed := it
		if now.Before(o.marked.Add(s.Lag)) {
			indexed.Stamp = stored(o.earlier)
		}
		if q.Matches(indexed) && q.Matches(it) {
			hits = append(hits, it)
		}
	}
	for _, g := range s.ghosts {
		if g.folder == folder && q.Matches(g.item) {
			hits = append(hits, g.item)
		}
	}
	return hits
}

// Inspect reads one item again.
func (m mailbox) Inspect(ctx context.Context, id string) (driver.Item, error) {
	m.system.Due()
	if err := ended(ctx); err != nil {
		return driver.Item{}, err
	}
	o := m.system.byID(m.address, id)
	if o == nil {
		return driver.Item{}, refusal(driver.ErrGone)
	}
	return m.system.item(o), nil
}

// Content reads an item: a text that identifies the message and its edition, unless it
// has been cut.
func (m mailbox) Content(ctx context.Context, it driver.Item) (driver.Content, error) {
	m.system.Due()
	if err := ended(ctx); err != nil {
		return driver.Content{}, err
	}
	o := m.system.byID(m.address, it.ID)
	if o == nil {
		return driver.Content{}, refusal(driver.ErrGone)
	}
	text := fmt.Sprintf("message %d, edition %d", o.Message, o.Edition)
	if o.Cut {
		text = "message"
	}
	return driver.Content{Parts: []driver.ContentPart{{Kind: driver.PartText, SHA256: sha256.Sum256([]byte(text)), Size: int64(len(text))}}}, nil
}

// Mark changes an item.
func (m mailbox) Mark(ctx context.Context, item driver.Item, mark driver.Change) (driver.Item, error) {
	m.system.Due()
	if err := ended(ctx); err != nil {
		return item, err
	}
	o, err := m.system.send(flight{kind: marks, box: m.address, item: item, mark: mark})
	if err != nil {
		return item, err
	}
	changed := m.system.item(o)
	if mark.Stamp != nil {
		changed.Stamp = mark.Stamp // like the driver for EWS, which does not read it again
	}
	return changed, nil
}

// Remove permanently deletes an item.
func (m mailbox) Remove(ctx context.Context, item driver.Item) error {
	m.system.Due()
	if err := ended(ctx); err != nil {
		return err
	}
	_, err := m.system.send(flight{kind: removes, box: m.address, item: item})
	return err
}

// Shelve moves an item within the mailbox.
func (m mailbox) Shelve(ctx context.Context, item driver.Item, to *driver.Folder) (driver.Item, error) {
	s := m.system
	s.Due()
	if err := ended(ctx); err != nil {
		return item, err
	}
	at := s.FolderOf(m.address, DeletedItems)
	if to != nil {
		at = slices.IndexFunc(s.Folders, func(f Folder) bool { return f.Box == m.address && f.ID == to.ID })
	}
	if at < 0 {
		return item, refusal(driver.ErrGone)
	}
	o, err := s.send(flight{kind: shelves, box: m.address, item: item, to: at})
	if err != nil {
		return item, err
	}
	return s.item(o), nil
}

// Leftovers returns what is in Recoverable Items with the stamp of an operation.
func (m mailbox) Leftovers(ctx context.Context, operation string) ([]driver.Item, error) {
	s := m.system
	s.Due()
	if err := ended(ctx); err != nil {
		return nil, err
	}
	return s.shown(s.FolderOf(m.address, Recoverable), driver.Query{Operation: operation}), nil
}

// Folder returns a folder at the top of the mailbox.
func (m mailbox) Folder(ctx context.Context, want driver.FolderRequest) (driver.Folder, error) {
	s := m.system
	s.Due()
	if err := ended(ctx); err != nil {
		return driver.Folder{}, err
	}
	name := strings.Join(want.Names, "/")
	at := s.FolderOf(m.address, name)
	if at < 0 && !want.Create || name == "" {
		return driver.Folder{}, refusal(driver.ErrGone)
	}
	if at < 0 {
		at = s.addFolder(Folder{Box: m.address, Name: name})
	}
	return s.Folders[at].as(), nil
}

// Home returns the folder to restore an item to.
func (m mailbox) Home(ctx context.Context, was driver.Folder) (driver.Folder, error) {
	s := m.system
	s.Due()
	if err := ended(ctx); err != nil {
		return driver.Folder{}, err
	}
	for i, f := range s.Folders {
		if was.ID == "" || f.Box != m.address || f.ID != was.ID {
			continue
		}
		if f.Recoverable {
			i = s.FolderOf(m.address, DeletedItems)
		}
		return s.Folders[i].as(), nil
	}
	name := was.Base
	if was.Below != "" {
		name = was.Below
	}
	at := s.FolderOf(m.address, name)
	if at < 0 {
		at = s.FolderOf(m.address, Inbox)
	}
	return s.Folders[at].as(), nil
}
