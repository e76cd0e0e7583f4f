package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/quarantinetest"
)

func TestStrategy(t *testing.T) {
	t.Parallel()
	quarantinetest.Run(t, func(*testing.T) quarantinetest.Lab { return newLab() })
}

func TestRun(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	assert.Equal(t, "quarantined: alice@example.test/Inbox -> quarantine@example.test/Quarantine\n"+
		"restored: quarantine@example.test/Quarantine -> alice@example.test/Inbox\n", out.String())
}

// TestShelve: a copy that nobody needs is set aside, unless it has changed since.
func TestShelve(t *testing.T) {
	t.Parallel()
	l := newLab()
	for _, id := range []string{"<1@evil.example>", "<2@evil.example>"} {
		l.Deliver(t, quarantinetest.Message{MessageID: id, Subject: "You have won"})
	}
	m := l.Strategy().Mailbox(labUser)
	found, err := m.Find(t.Context(), driver.Query{})
	require.NoError(t, err)
	require.Len(t, found.Items, 2)
	shelver, ok := driver.As[driver.Shelver](m)
	require.True(t, ok)
	for i, to := range []*driver.Folder{nil, {ID: "Surplus"}} {
		it, err := shelver.Shelve(t.Context(), found.Items[i], to)
		require.NoError(t, err)
		assert.Equal(t, []string{"/Deleted Items", "/Surplus"}[i], it.Folder.Path)
		_, err = shelver.Shelve(t.Context(), found.Items[i], to)
		assert.ErrorIs(t, err, driver.ErrConflict)
		assert.ErrorIs(t, m.Remove(t.Context(), found.Items[i]), driver.ErrConflict)
		require.NoError(t, m.Remove(t.Context(), it))
	}
}

// lab lets the suite look into a store.
type lab struct{ s *store }

const (
	labUser  = "alice@example.test"
	labVault = "quarantine@example.test"
)

func newLab() lab { return lab{newStore(labUser, labVault)} }

func (l lab) Strategy() driver.Strategy { return storeStrategy(l) }
func (l lab) User() string              { return labUser }
func (l lab) Quarantine() string        { return labVault }
func (l lab) Notices(testing.TB) int    { return 0 } // the store sends none

func inboxFolder(name string) string {
	if name == "" {
		return "Inbox"
	}
	return "Inbox/" + name
}

func (l lab) Deliver(_ testing.TB, m quarantinetest.Message) {
	msg := message{
		folder: inboxFolder(m.Folder), subject: m.Subject, received: m.Received, read: m.Read,
		text: m.Text, importance: m.Importance, category: m.Category,
		headers: map[string]string{"Message-ID": m.MessageID, "From": m.Sender},
	}
	if m.Header != "" {
		msg.headers[quarantinetest.HeaderName] = m.Header
	}
	if m.Attachment != "" {
		msg.attachments = map[string]int64{m.Attachment: 1234}
	}
	l.s.add(labUser, msg)
}

func (l lab) Messages(t testing.TB, mailbox string) (all []quarantinetest.Message) {
	require.NoError(t, l.s.with(mailbox, func(b *box) error {
		for _, msg := range b.sorted() {
			m := quarantinetest.Message{
				MessageID: msg.headers["Message-ID"], Subject: msg.subject, Read: msg.read, Received: msg.received,
				Stamped: len(msg.tags) > 0, Text: msg.text, Importance: msg.importance, Category: msg.category,
				Sender: msg.headers["From"], Header: msg.headers[quarantinetest.HeaderName],
			}
			if len(msg.folder) > len("Inbox/") {
				m.Folder = msg.folder[len("Inbox/"):]
			}
			for name := range msg.attachments {
				m.Attachment = name
			}
			all = append(all, m)
		}
		return nil
	}))
	return all
}

func (l lab) UserMoves(t testing.TB, messageID, folder string) {
	require.NoError(t, l.s.with(labUser, func(b *box) error {
		b.folders[inboxFolder(folder)] = true
		for _, msg := range b.sorted() {
			if msg.headers["Message-ID"] == messageID {
				delete(b.messages, msg.id)
				l.s.next++
				msg.id, msg.folder = l.s.next, inboxFolder(folder)
				b.messages[msg.id] = msg
			}
		}
		return nil
	}))
}

func (l lab) DeleteFolder(t testing.TB, folder string) {
	require.NoError(t, l.s.with(labUser, func(b *box) error {
		delete(b.folders, inboxFolder(folder))
		for id, msg := range b.messages {
			if msg.folder == inboxFolder(folder) {
				delete(b.messages, id)
			}
		}
		return nil
	}))
}
