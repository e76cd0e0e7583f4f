package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// store is a mail system with its own interface, which knows nothing about
// quarantine or EWS. It stands in for yours.
type store struct {
	mu    sync.Mutex
	boxes map[string]*box
	next  int
}

// box is a mailbox: folders by path, and messages in them.
type box struct {
	folders  map[string]bool
	messages map[int]*message
}

type message struct {
	id          int
	revision    int
	folder      string
	headers     map[string]string
	subject     string
	text        string
	importance  string
	category    string
	attachments map[string]int64
	received    time.Time
	read        bool
	tags        map[string]string // arbitrary properties of the message
}

// newStore returns a store with empty mailboxes.
func newStore(addresses ...string) *store {
	s := &store{boxes: make(map[string]*box)}
	for _, a := range addresses {
		s.boxes[a] = &box{folders: map[string]bool{"Inbox": true}, messages: make(map[int]*message)}
	}
	return s
}

// with calls f with a mailbox that nobody else accesses meanwhile.
func (s *store) with(address string, f func(*box) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.boxes[strings.ToLower(address)]
	if !ok {
		return fmt.Errorf("%w: %q", errNoMailbox, address)
	}
	return f(b)
}

// add puts a message into a folder, creating the folder if necessary.
func (s *store) add(address string, m message) {
	_ = s.with(address, func(b *box) error {
		s.next++
		m.id, m.revision = s.next, 1
		if m.tags == nil {
			m.tags = make(map[string]string)
		}
		b.folders[m.folder] = true
		b.messages[m.id] = &m
		return nil
	})
}

// move moves a message to a folder of another mailbox in a single step. Like
// most systems, it assigns a new id there.
func (s *store) move(from string, id int, to, folder string) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	source, target := s.boxes[strings.ToLower(from)], s.boxes[strings.ToLower(to)]
	if source == nil || target == nil {
		return 0, fmt.Errorf("%w: %q or %q", errNoMailbox, from, to)
	}
	m, ok := source.messages[id]
	if !ok {
		return 0, errNoMessage
	}
	if !target.folders[folder] {
		return 0, errNoFolder
	}
	delete(source.messages, id)
	s.next++
	m.id, m.folder = s.next, folder
	target.messages[m.id] = m
	return m.id, nil
}

// sorted returns the messages in a mailbox, oldest first.
func (b *box) sorted() []*message {
	all := make([]*message, 0, len(b.messages))
	for _, m := range b.messages {
		all = append(all, m)
	}
	slices.SortFunc(all, func(x, y *message) int { return cmp.Compare(x.id, y.id) })
	return all
}

type storeError string

func (e storeError) Error() string { return string(e) }

const (
	errNoMessage = storeError("no such message")
	errNoFolder  = storeError("no such folder")
	errNoMailbox = storeError("no such mailbox")
)
