package quarantine_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/gather"
	"github.com/ewsquarantine/ewsquarantine/quarantine/quarantinetest"
)

// accesses are the accesses and ways for which everything must hold.
var accesses = []struct {
	name string
	worldOptions
}{
	{"FullAccess/move", worldOptions{}},
	{"FullAccess/transfer", worldOptions{ways: []quarantine.Way{quarantine.WayTransfer}}},
	{"FullAccess/mime", worldOptions{ways: []quarantine.Way{quarantine.WayMIME}}},
	{"Impersonation/transfer", worldOptions{impersonation: true}},
	{"Impersonation/mime", worldOptions{impersonation: true, ways: []quarantine.Way{quarantine.WayMIME}}},
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for i, a := range accesses {
		for j, version := range []ewstest.Version{ewstest.Exchange2016, ewstest.Exchange2010SP3} {
			for k, together := range []*gather.Options{nil, {Always: true}} {
				if !*whole && (i+2*j+k)%4 != 0 {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/gathered=%t", a.name, version, together != nil), func(t *testing.T) {
					t.Parallel()
					quarantinetest.RunInVirtualTime(t, func(t *testing.T) quarantinetest.Lab {
						o := a.worldOptions
						o.server.Version, o.gather = version, together
						w := newWorld(t, o)
						w.GrantSendAs("svc", alice)
						return lab{w, w.newStrategy(t, o)}
					})
				})
			}
		}
	}
}

// lab presents an Exchange to the suite.
type lab struct {
	*world
	strategy driver.Strategy
}

func (l lab) Strategy() driver.Strategy { return l.strategy }
func (l lab) User() string              { return alice }
func (l lab) Quarantine() string        { return vault }
func (l lab) Notices(testing.TB) int    { return len(l.Server.Notices()) }

func (l lab) Deliver(_ testing.TB, m quarantinetest.Message) {
	box := l.Mailbox(alice)
	d := ewstest.Delivery{Read: m.Read, Received: m.Received, Importance: m.Importance}
	if m.Category != "" {
		d.Categories = []string{m.Category}
	}
	if m.Folder != "" {
		d.Folder = box.AddFolder(box.Folder(ews.FolderInbox), m.Folder)
	}
	var headers []string
	if m.ReadReceipt {
		headers = append(headers, "Disposition-Notification-To: mallory@evil.example")
	}
	if m.Header != "" {
		headers = append(headers, quarantinetest.HeaderName+": "+m.Header)
	}
	if m.Attachment != "" {
		headers = append(headers, attached(m.Attachment))
	}
	text := string(eml(m.MessageID, m.Subject, headers...))
	box.DeliverWith([]byte(strings.Replace(text, "Click here.", m.Text, 1)), d)
}

// header is the property in which a store keeps the header that the suite sets.
var header = ews.ExtendedField{Set: ews.SetInternetHeaders, Name: strings.ToLower(quarantinetest.HeaderName), Type: ews.TypeString}

// Lose implements quarantinetest.Faulty.
func (l lab) Lose(_ testing.TB, n int, acted bool) func() bool {
	fault := ewstest.DropBefore
	if acted {
		fault = ewstest.DropAfter
	}
	f := l.Fail(ewstest.When{Skip: n, Times: 1}, fault)
	return func() bool {
		f.Cancel()
		return f.Struck() > 0
	}
}

// AddGroup implements quarantinetest.Peopled.
func (l lab) AddGroup(_ testing.TB, address string, members ...string) {
	l.AddList(address, members...)
}

// UserForwards implements quarantinetest.Forwarding.
func (l lab) UserForwards(_ testing.TB, messageID, as string, to ...string) {
	l.sends(alice, as, strings.Join(to, ", "), "In-Reply-To: "+messageID)
}

// attached returns a Content-Type header and the parts that turn the body of
// eml into a multipart one.
func attached(name string) string {
	return "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/pdf; name=" + name +
		"\r\nContent-Disposition: attachment; filename=" + name + "\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--b"
}

func (l lab) Messages(_ testing.TB, mailbox string) (all []quarantinetest.Message) {
	for _, m := range l.Mailbox(mailbox).Messages() {
		if m.Distinguished == ews.FolderRecoverableItemsPurges || m.Distinguished == ews.FolderRecoverableItemsVersions {
			continue // not for the user
		}
		msg := quarantinetest.Message{
			MessageID: m.MessageID, Subject: m.Subject, Read: m.Read, ReadReceipt: m.ReceiptPending, Received: m.Received,
			Stamped: stamped(m), Recoverable: m.Distinguished == ews.FolderRecoverableItemsDeletions,
			Folder:     strings.TrimPrefix(strings.TrimPrefix(m.Folder, "/Inbox"), "/"),
			Importance: m.Importance, Category: strings.Join(m.Categories, ", "), Header: m.Properties[header].Value,
		}
		for _, part := range []struct {
			to   *string
			text string
		}{{&msg.Sender, "mallory@evil.example"}, {&msg.Text, "Click here."}} {
			if bytes.Contains(m.MIME, []byte(part.text)) {
				*part.to = part.text
			}
		}
		if len(m.Attachments) > 0 {
			msg.Attachment = m.Attachments[0].Name
		}
		all = append(all, msg)
	}
	return all
}

func stamped(m *ewstest.Message) bool {
	for field := range m.Properties {
		if field.GUID == driver.StampSet {
			return true
		}
	}
	return false
}

func (l lab) UserMoves(t testing.TB, messageID, folder string) {
	l.userMoves(t, messageID, folder)
}

// userMoves moves one of Alice's messages as she would.
func (w *world) userMoves(t testing.TB, messageID, folder string) {
	box := w.Mailbox(alice)
	to := box.AddFolder(box.Folder(ews.FolderInbox), folder)
	for _, m := range w.in(alice, messageID) {
		results, err := w.Client("alice", nil).MoveItem(t.Context(), ews.MoveItemRequest{IDs: []ews.ItemID{m.ID}, To: to.ID()})
		require.NoError(t, err)
		require.NoError(t, results.Err())
	}
}

func (l lab) DeleteFolder(_ testing.TB, folder string) {
	box := l.Mailbox(alice)
	box.AddFolder(box.Folder(ews.FolderInbox), folder).Delete()
}

// fidelity returns how an item differs from what it was. Ids, change key and
// times of modification always do.
func fidelity(before, after *ewstest.Message, way quarantine.Way) (diffs []string) {
	diff := func(what string, a, b any) {
		if fmt.Sprint(a) != fmt.Sprint(b) {
			diffs = append(diffs, fmt.Sprintf("%s: %v, was %v", what, b, a))
		}
	}
	diff("class", before.Class, after.Class)
	diff("read state", before.Read, after.Read)
	diff("draft", before.Draft, after.Draft)
	diff("received", before.Received.Truncate(time.Second), after.Received.Truncate(time.Second))
	diff("sent", before.Sent.Truncate(time.Second), after.Sent.Truncate(time.Second))
	diff("importance", before.Importance, after.Importance)
	diff("categories", before.Categories, after.Categories)
	diff("flag", before.Flag.Status, after.Flag.Status)
	diff("subject", before.Subject, after.Subject)
	diff("number of attachments", len(before.Attachments), len(after.Attachments))
	if way == quarantine.WayMIME {
		return diffs
	}
	diff("MIME", string(before.MIME), string(after.MIME))
	diff("receipt pending", before.ReceiptPending, after.ReceiptPending)
	for field, was := range before.Properties {
		if !changes[field.Tag] {
			diff(fmt.Sprintf("property %+v", field), was, after.Properties[field])
		}
	}
	for field, is := range after.Properties {
		if _, ok := before.Properties[field]; !ok && !changes[field.Tag] {
			diff(fmt.Sprintf("property %+v", field), nil, is)
		}
	}
	return diffs
}

// changes are the properties that change with each move: entry ids, record
// key, parent, change keys, times of creation and modification.
var changes = map[uint16]bool{
	0x0FFF: true, 0x0FF9: true, 0x0E09: true, 0x65E0: true, 0x65E1: true, 0x65E2: true, 0x65E3: true, 0x3007: true, 0x3008: true,
}
