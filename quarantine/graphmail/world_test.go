package graphmail_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

const (
	alice = "alice@example.test"
	bob   = "bob@example.test"
	vault = "quarantine@example.test"
)

// world is an Exchange Online, accessed through Graph.
type world struct {
	*graphtest.Server
	t       *testing.T
	inPlace bool // messages stay in alice's mailbox
	// front is what stands in front of the server; nil: nothing.
	front func(http.RoundTripper) http.RoundTripper
}

// reached returns the transport to the server.
func (w *world) reached() http.RoundTripper {
	if w.front != nil {
		return w.front(w.Direct())
	}
	return w.Direct()
}

// newWorld returns a tenant. Without -whole its mailboxes have few folders, which halves
// the time.
func newWorld(t *testing.T, opts *graphtest.Options) *world {
	t.Helper()
	exchange := ewstest.NewServer(&ewstest.Options{Version: ewstest.ExchangeOnline, FewFolders: !*whole})
	t.Cleanup(exchange.Close)
	s := graphtest.New(exchange, opts)
	t.Cleanup(s.Close)
	return &world{Server: s, t: t}
}

// strategy returns the driver under test, over an in-process transport.
func (w *world) strategy(t *testing.T, change ...func(*graphmail.Options)) *graphmail.Strategy {
	t.Helper()
	o := &graphmail.Options{Root: w.DirectURL(), ImportTransport: w.Direct()}
	for _, c := range change {
		c(o)
	}
	s, err := graphmail.New(w.As(w.Direct(), "app"), o)
	require.NoError(t, err)
	return s
}

// in returns the messages of a mailbox with a Message-ID, except those in Recoverable
// Items. In place, the quarantine mailbox is the vault of alice's mailbox.
func (w *world) in(mailbox, id string) []*ewstest.Message {
	var found []*ewstest.Message
	for _, m := range w.messages(mailbox) {
		if m.MessageID == id && !strings.HasPrefix(string(m.Distinguished), "recoverableitems") {
			found = append(found, m)
		}
	}
	return found
}

// box returns a mailbox. In place, the quarantine mailbox is alice's.
func (w *world) box(mailbox string) *ewstest.Mailbox {
	if w.inPlace {
		mailbox = alice
	}
	return w.Mailbox(mailbox)
}

// messages returns the messages of a mailbox or, in place, of one part of alice's.
func (w *world) messages(mailbox string) []*ewstest.Message {
	if !w.inPlace {
		return w.Mailbox(mailbox).Messages()
	}
	return slices.DeleteFunc(w.Mailbox(alice).Messages(), func(m *ewstest.Message) bool { return inVault(m) != (mailbox == vault) })
}

// userMoves moves a message of alice's as she would.
func (w *world) userMoves(t testing.TB, messageID, folder string) {
	box := w.Mailbox(alice)
	to := box.AddFolder(box.Folder(ews.FolderInbox), folder)
	for _, m := range w.in(alice, messageID) {
		results, err := w.Exchange().Client("alice", nil).MoveItem(t.Context(), ews.MoveItemRequest{IDs: []ews.ItemID{m.ID}, To: to.ID()})
		require.NoError(t, err)
		require.NoError(t, results.Err())
	}
}

func eml(id, subject string, headers ...string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "From: Mallory <mallory@evil.example>\r\nTo: alice@example.test\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\n")
	fmt.Fprintf(&b, "Subject: %s\r\n", subject)
	if id != "" {
		fmt.Fprintf(&b, "Message-ID: %s\r\n", id)
	}
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	b.WriteString("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nClick here.\r\n")
	return []byte(b.String())
}

// one returns the only item that a query finds.
func one(t *testing.T, m driver.Mailbox, q driver.Query) driver.Item {
	t.Helper()
	found, err := m.Find(t.Context(), q)
	require.NoError(t, err)
	require.Empty(t, found.Unsearched)
	require.Len(t, found.Items, 1)
	return found.Items[0]
}
