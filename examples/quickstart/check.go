package main

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// sighting is a message as seen by someone who opens the mailbox.
type sighting struct {
	mailbox, folder, messageID string
	read                       bool
	mime                       [sha256.Size]byte
}

// state counts how often each message is seen.
type state map[sighting]int

// visible returns the messages in a mailbox that its owner sees.
func (s *story) visible(address string) []*ewstest.Message {
	return slices.DeleteFunc(s.srv.Mailbox(address).Messages(), func(m *ewstest.Message) bool {
		return strings.HasPrefix(string(m.Distinguished), "recoverableitems")
	})
}

// recoverable returns how many copies of the phishing mail the owner of a
// mailbox could restore with "Recover deleted items".
func (s *story) recoverable(address string) int {
	n := 0
	for _, m := range s.srv.Mailbox(address).Messages() {
		if m.Distinguished == ews.FolderRecoverableItemsDeletions && m.MessageID == phishing {
			n++
		}
	}
	return n
}

// see looks at the server itself rather than at what the service reports.
func (s *story) see() state {
	seen := state{}
	for _, address := range []string{alice, bob, carol, quarantineBox} {
		for _, m := range s.visible(address) {
			seen[sighting{address, m.Folder, m.MessageID, m.Read, sha256.Sum256(m.MIME)}]++
		}
	}
	return seen
}

// quarantined returns the state expected once the phishing mail of these
// mailboxes is in quarantine.
func (st state) quarantined(mailboxes ...string) state {
	want := state{}
	for seen, n := range st {
		if seen.messageID == phishing && slices.Contains(mailboxes, seen.mailbox) {
			seen.mailbox, seen.folder = quarantineBox, "/Quarantine"
		}
		want[seen] += n
	}
	return want
}

// check compares the actual state with the expected one.
func (s *story) check(want state) error {
	got := s.see()
	if maps.Equal(got, want) {
		return nil
	}
	for seen, n := range want {
		if got[seen] < n {
			return fmt.Errorf("%s should be in %s of %s (read: %t)", seen.messageID, seen.folder, seen.mailbox, seen.read)
		}
	}
	for seen, n := range got {
		if want[seen] < n {
			return fmt.Errorf("%s should not be in %s of %s (read: %t)", seen.messageID, seen.folder, seen.mailbox, seen.read)
		}
	}
	return nil
}
