package graphmail_test

import (
	"bytes"
	"maps"
	"strconv"
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/quarantinetest"
)

// Undocumented behaviour of Graph, either way.
var answers = map[string]graphtest.Options{
	"as documented": {},
	"otherwise":     {NullRemoves: true, IgnoreIfMatch: true, OwnIDs: true, Sensitive: true},
	"made anew":     {},
}

// ways are the allowed ways, by the name of an answer.
var ways = map[string][]driver.Way{
	"otherwise": {driver.WayTransfer, driver.WayRecreate}, "made anew": {driver.WayRecreate},
}

// apart are the answers individually, for -whole.
var apart = map[string]graphtest.Options{
	"null removes": {NullRemoves: true},
	"no If-Match":  {IgnoreIfMatch: true},
	"own ids":      {OwnIDs: true},
}

// half tells which half of the interruptions is tested with an answer without -whole;
// together they cover all.
var half = map[string]int{"as documented": 0, "otherwise": 1, "made anew": 1}

// interruption returns the number of the call that a test of the suite interrupts, or -1
// for other tests.
func interruption(test string) int {
	_, call, _ := strings.Cut(test, "/Interrupted/")
	_, digits, found := strings.Cut(call, "/Call")
	if n, err := strconv.Atoi(digits); found && err == nil {
		return n
	}
	return -1
}

func TestConformance(t *testing.T) {
	t.Parallel()
	all := maps.Clone(answers)
	if *whole {
		maps.Copy(all, apart)
	}
	for name, o := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			quarantinetest.RunInVirtualTime(t, func(t *testing.T) quarantinetest.Lab {
				if n := interruption(t.Name()); n >= 0 && n%2 != half[name] && !*whole {
					t.Skip("each answer has every other interruption; with -whole, all")
				}
				w := newWorld(t, &o)
				return lab{w, w.strategy(t, func(o *graphmail.Options) { o.Ways = ways[name] })}
			})
		})
	}
}

// lab presents an Exchange Online to the suite.
type lab struct {
	*world
	driver driver.Strategy
}

func (l lab) Strategy() driver.Strategy { return l.driver }
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
		headers = append(headers, "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/pdf; name="+m.Attachment+
			"\r\nContent-Disposition: attachment; filename="+m.Attachment+"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--b")
	}
	text := string(eml(m.MessageID, m.Subject, headers...))
	box.DeliverWith([]byte(strings.Replace(text, "Click here.", m.Text, 1)), d)
}

// header is the property in which a store keeps the header that the suite sets.
var header = ews.ExtendedField{Set: ews.SetInternetHeaders, Name: strings.ToLower(quarantinetest.HeaderName), Type: ews.TypeString}

func (l lab) Messages(_ testing.TB, mailbox string) (all []quarantinetest.Message) {
	for _, m := range l.messages(mailbox) {
		if m.Distinguished == ews.FolderRecoverableItemsPurges || m.Distinguished == ews.FolderRecoverableItemsVersions {
			continue // not visible to the user
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

// stamped reports whether a message has a stamp. Where Graph does not remove properties,
// empty ones remain.
func stamped(m *ewstest.Message) bool {
	for field, p := range m.Properties {
		if field.GUID == driver.StampSet && p.Value != "" {
			return true
		}
	}
	return false
}

func (l lab) UserMoves(t testing.TB, messageID, folder string) { l.userMoves(t, messageID, folder) }

func (l lab) DeleteFolder(_ testing.TB, folder string) {
	box := l.Mailbox(alice)
	box.AddFolder(box.Folder(ews.FolderInbox), folder).Delete()
}

// Lose implements quarantinetest.Faulty.
func (l lab) Lose(_ testing.TB, n int, acted bool) func() bool {
	fault := graphtest.DropBefore
	if acted {
		fault = graphtest.DropAfter
	}
	f := l.Fail(graphtest.When{Skip: n, Times: 1}, fault)
	return func() bool {
		f.Cancel()
		return f.Struck() > 0
	}
}

// UserForwards implements quarantinetest.Forwarding.
func (l lab) UserForwards(_ testing.TB, messageID, as string, to ...string) {
	box := l.Mailbox(alice)
	text := "From: " + alice + "\r\nTo: " + strings.Join(to, ", ") + "\r\nSubject: Fwd: Invoice\r\nMessage-ID: " + as + "\r\nIn-Reply-To: " + messageID + "\r\n\r\nLook at this."
	box.DeliverWith([]byte(text), ewstest.Delivery{Folder: box.Folder(ews.FolderSentItems), Read: true})
}

// AddGroup implements quarantinetest.Peopled.
func (l lab) AddGroup(_ testing.TB, address string, members ...string) {
	l.Exchange().AddList(address, members...)
}
