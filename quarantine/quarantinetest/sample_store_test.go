package quarantinetest_test

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/quarantinetest"
)

// The sample is a mail system in memory whose driver has every capability. It keeps
// the contract, and each mutant breaks one sentence of it.

const (
	alice = "alice@example.test"
	vault = "quarantine@example.test"
)

// sample is the mail system.
type sample struct {
	mu      sync.Mutex
	boxes   map[string]*sampleBox
	groups  map[string][]driver.Member
	next    int
	notices int
	bells   []*bell
	sent    map[string]*letter // by the ids of their drafts

	// countdown is the number of requests before the one that loses its answer; negative:
	// none does. acted tells whether that request is carried out.
	countdown int
	acted     bool
	struck    bool

	mutant
}

type sampleBox struct {
	folders []*sampleFolder
	letters []*letter
}

type sampleFolder struct {
	id          string
	names       []string // path from the top of the mailbox
	recoverable bool
}

type letter struct {
	id, version        int
	folder             *sampleFolder
	messageID, subject string
	sender, text       string
	attachment         string
	received, sent     time.Time
	read, receipt      bool
	importance         string
	category, header   string
	properties         map[string]string // those of the stamp
	note, mark         string
	parent             string // Message-ID of the message that it forwards
	recipients         []driver.Member
}

func newSample(m mutant) *sample {
	s := &sample{boxes: make(map[string]*sampleBox), groups: make(map[string][]driver.Member), sent: make(map[string]*letter), countdown: -1, mutant: m}
	for _, address := range []string{alice, vault} {
		b := &sampleBox{}
		for _, names := range [][]string{{"Inbox"}, {"Deleted Items"}, {"Sent Items"}} {
			s.folder(b, names)
		}
		s.folder(b, []string{"Recoverable Items"}).recoverable = true
		s.boxes[address] = b
	}
	return s
}

// folder returns the folder with these names, and creates it if necessary.
func (s *sample) folder(b *sampleBox, names []string) *sampleFolder {
	if f := b.named(names); f != nil {
		return f
	}
	if len(names) > 1 {
		s.folder(b, names[:len(names)-1])
	}
	s.next++
	f := &sampleFolder{id: "folder-" + strconv.Itoa(1000+s.next), names: slices.Clone(names)}
	b.folders = append(b.folders, f)
	return f
}

func (b *sampleBox) named(names []string) *sampleFolder {
	i := slices.IndexFunc(b.folders, func(f *sampleFolder) bool { return slices.Equal(f.names, names) })
	if i < 0 {
		return nil
	}
	return b.folders[i]
}

func (b *sampleBox) folderByID(id string) *sampleFolder {
	i := slices.IndexFunc(b.folders, func(f *sampleFolder) bool { return f.id == id })
	if i < 0 {
		return nil
	}
	return b.folders[i]
}

func (b *sampleBox) letter(id string) *letter {
	i := slices.IndexFunc(b.letters, func(l *letter) bool { return strconv.Itoa(l.id) == id })
	if i < 0 {
		return nil
	}
	return b.letters[i]
}

func (b *sampleBox) drop(l *letter) {
	b.letters = slices.DeleteFunc(b.letters, func(other *letter) bool { return other == l })
}

// put puts a letter into a folder, where it gets a new id.
func (s *sample) put(b *sampleBox, l *letter, f *sampleFolder) *letter {
	b.drop(l)
	s.next++
	l.id, l.folder = s.next, f
	b.letters = append(b.letters, l)
	return l
}

// within reports whether the folder is the other, or below it.
func (f *sampleFolder) within(top *sampleFolder) bool {
	return len(f.names) >= len(top.names) && slices.Equal(f.names[:len(top.names)], top.names)
}

func (f *sampleFolder) as() driver.Folder {
	if f == nil { // in a mailbox that a mutant makes up
		return driver.Folder{ID: "none", Path: "/none"}
	}
	escaped := make([]string, len(f.names))
	for i, name := range f.names {
		escaped[i] = strings.NewReplacer("%", "%25", "/", "%2F").Replace(name)
	}
	path := strings.Join(escaped, "/")
	return driver.Folder{ID: f.id, Path: "/" + path, Base: "root", Below: path, Recoverable: f.recoverable}
}

// sampleLab lets the suite look into a sample.
type sampleLab struct {
	*sample
	strategy driver.Strategy
}

func newSampleLab(m mutant) sampleLab {
	s := newSample(m)
	return sampleLab{s, sampleStrategy{s}}
}

func (l sampleLab) Strategy() driver.Strategy { return l.strategy }
func (l sampleLab) User() string              { return alice }
func (l sampleLab) Quarantine() string        { return vault }

func (l sampleLab) Notices(testing.TB) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.notices
}

func inboxNames(folder string) []string {
	if folder == "" {
		return []string{"Inbox"}
	}
	return []string{"Inbox", folder}
}

func (l sampleLab) Deliver(_ testing.TB, m quarantinetest.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.boxes[alice]
	importance := m.Importance
	if importance == "" {
		importance = "Normal"
	}
	f := l.folder(b, inboxNames(m.Folder))
	defer l.rung(alice, f)
	l.put(b, &letter{
		version: 1, messageID: m.MessageID, subject: m.Subject, sender: m.Sender, text: m.Text, attachment: m.Attachment,
		received: m.Received, sent: m.Received.Add(-time.Minute), read: m.Read, receipt: m.ReadReceipt,
		importance: importance, category: m.Category, header: m.Header, properties: make(map[string]string),
	}, f)
}

func (l sampleLab) Messages(_ testing.TB, mailbox string) (all []quarantinetest.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, it := range l.boxes[mailbox].letters {
		m := quarantinetest.Message{
			MessageID: it.messageID, Subject: it.subject, Sender: it.sender, Text: it.text, Attachment: it.attachment, Received: it.received,
			Read: it.read, ReadReceipt: it.receipt, Importance: it.importance, Category: it.category, Header: it.header,
			Stamped: len(it.properties) > 0, Recoverable: it.folder.recoverable,
		}
		if len(it.folder.names) > 1 || it.folder.names[0] != "Inbox" {
			m.Folder = it.folder.names[len(it.folder.names)-1]
		}
		all = append(all, m)
	}
	return all
}

func (l sampleLab) UserMoves(_ testing.TB, messageID, folder string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.boxes[alice]
	to := l.folder(b, inboxNames(folder))
	for _, it := range slices.Clone(b.letters) {
		if it.messageID == messageID {
			l.put(b, it, to)
		}
	}
}

func (l sampleLab) DeleteFolder(_ testing.TB, folder string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.boxes[alice]
	gone := b.named(inboxNames(folder))
	b.folders = slices.DeleteFunc(b.folders, func(f *sampleFolder) bool { return f == gone })
	b.letters = slices.DeleteFunc(b.letters, func(it *letter) bool { return it.folder == gone })
}

// Lose implements quarantinetest.Faulty.
func (l sampleLab) Lose(_ testing.TB, n int, acted bool) func() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.countdown, l.acted, l.struck = n, acted, false
	return func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.countdown = -1
		return l.struck
	}
}

// AddGroup implements quarantinetest.Peopled.
func (l sampleLab) AddGroup(_ testing.TB, address string, members ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.groups[address] = []driver.Member{}
	for _, m := range members {
		l.groups[address] = append(l.groups[address], l.entry(m))
	}
}

// entry returns the entry of the address book for an address.
func (s *sample) entry(address string) driver.Member {
	kind := driver.MemberContact
	if s.groups[address] != nil {
		kind = driver.MemberGroup
	} else if s.boxes[address] != nil {
		kind = driver.MemberMailbox
	}
	return driver.Member{Name: address, Address: address, Kind: kind}
}

// UserForwards implements quarantinetest.Forwarding.
func (l sampleLab) UserForwards(_ testing.TB, messageID, as string, to ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.boxes[alice]
	it := &letter{version: 1, messageID: as, subject: "FW", parent: messageID, importance: "Normal", received: time.Now(), sent: time.Now(), properties: make(map[string]string)}
	for _, address := range to {
		it.recipients = append(it.recipients, l.entry(address))
	}
	l.put(b, it, b.named([]string{"Sent Items"}))
}
