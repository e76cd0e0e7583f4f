package quarantine_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// What senders of phishing write into an address field, with %s for the address that a
// person reads in it. Two in ten messages have one of the first kinds; Exchange keeps
// another address from these, or none.
var people = []struct{ name, field string }{
	{"plain", "Bank <%s>"},
	{"unquoted comma", "Bank, Ltd <%s>"},
	{"comma at the bracket", "Bank,<%s>"},
	{"semicolon", "Bank; <%s>"},
	{"two addresses", "a@b.example, %s"},
	{"three addresses, folded", "One <a@b.example>,\n Two <c@d.example>,\n\t%s"},
	{"empty brackets", `"Bank"<><%s>`},
	{"brackets before", "<Bank> <%s>"},
	{"encoded word glued", "=?utf-8?B?QmFuaw==?=<%s>"},
	{"encoded word glued to a bare address", "=?utf-8?B?6ZO26KGM?=%s"},
	{"encoded word with a comma", "=?utf-8?Q?Bank,_Ltd?= <%s>"},
	{"encoded word in quotes", `"=?utf-8?B?QmFuaw==?=" <%s>`},
	{"encoded word without an end", "=?utf-8?Q?Bank <%s>"},
	{"unknown charset", "=?x-none?Q?Bank?= <%s>"},
	{"address in a name", `"%s" <a@b.example>`},
	{"address in a comment", "a@b.example (%s)"},
	{"group", "Board: a@b.example, %s;"},
	{"route", "<@a.example,@b.example:%s>"},
	{"quotes unbalanced", `"Bank <%s>`},
	{"bracket missing", "Bank <%s"},
	{"bracket at a line", "Bank\n <\n %s\n >"},
	{"eight bits", "B\xe4nk, S\xe4le <%s>"},
	{"parenthesis open", "Bank :( <%s>"},
}

// lureOf is a phishing message of a kind.
type lureOf struct {
	name                         string
	id, address, subject, target string // the target is a link
	file, sum                    string
	asked                        string // subject
	eml                          []byte
}

// subjects are subjects as alerts give them, and as they are in the header.
var subjects = []struct{ asked, header string }{
	{"Your invoice %d", "Your invoice %d"},
	{"Your invoice %d", "Your \t invoice\n\t%d"},
	{"Your invoice %d", "=?utf-8?Q?Your_inv?=oice %d"},
	{"Your invoice %d", "Your =?utf-8?Q?in?= voice%d"},
	{"Your\u3000invoice\t%d", "=?utf-8?Q?Your=C2=A0invoice?= %d"},
	{"Rechnung f\u00fcr %d", "=?utf-8?Q?Rechnung_fu=CC=88r?= %d"},
	{"Rechnung fu\u0308r %d", "=?utf-8?Q?Rechnung_f=C3=BCr?= %d"},
	{"\u8acb\u6c42\u66f8 %d", "=?utf-8?B?6KuL?= =?utf-8?B?5rGC5pu4?= %d"},
	{"Your invoice %d", "=?utf-8?Q?Yo=E2=80=8Bur_inv=C2=ADoice?= %d"},
	{"Kiss %d", "KI\u017fS %d"},
	{"=?utf-8?Q?Your_invoice?= %d", "Your invoice %d"},
}

// phishing makes a message of each kind, in From, Sender or To.
func phishing(field string) (all []lureOf) {
	for i, kind := range people {
		name := fmt.Sprintf("%s %d", field, i)
		l := lureOf{
			name: name + " " + kind.name, id: fmt.Sprintf("%s.%d@lure.example", strings.ToLower(field), i),
			address: fmt.Sprintf("M%d@evil.example", i), file: fmt.Sprintf("invoice %d.iso", i), target: fmt.Sprintf("https://evil%d.example/login", i),
		}
		payload := "MZ" + name
		sum := sha256.Sum256([]byte(payload))
		l.sum = hex.EncodeToString(sum[:])
		s := subjects[i%len(subjects)]
		l.asked, l.subject = fmt.Sprintf(s.asked, i), fmt.Sprintf(s.header, i)
		header := field + ": " + fmt.Sprintf(kind.field, l.address)
		if field != "From" {
			header = "From: Shop <shop@b.example>\n" + header
		}
		l.eml = mail(l.id, header+"\nSubject: "+l.subject+"\nContent-Type: multipart/mixed; boundary=b",
			"--b\nContent-Type: text/html\n\n<a href='"+l.target+"'>Sign in</a>\n--b\nContent-Type: application/octet-stream; name=\""+l.file+
				"\"\nContent-Transfer-Encoding: base64\n\n"+base64.StdEncoding.EncodeToString([]byte(payload))+"\n--b--\n")
		all = append(all, l)
	}
	return all
}

// unkept is the property for the header as it was received, left empty, as on a
// server that does not keep it.
var unkept = []ews.ExtendedProperty{{Field: ews.PidTagTransportMessageHeaders}}

// TestPhishing: each kind of phishing message is found by what an alert says about it.
func TestPhishing(t *testing.T) {
	t.Parallel()
	for _, field := range []string{"From", "Sender", "To", "Cc"} {
		for _, kept := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s %v", field, kept), func(t *testing.T) {
				t.Parallel()
				srv, strategy := criteriaWorld(t, kept)
				lures := phishing(field)
				for i, l := range lures {
					d := ewstest.Delivery{Received: criteriaDay.Add(time.Duration(i) * time.Minute)}
					if !kept {
						d.Extended = unkept
					}
					srv.Mailbox(alice).DeliverWith(l.eml, d)
				}
				s, err := quarantine.New(strategy, vault, &quarantine.Options{CriteriaSearch: true})
				require.NoError(t, err)
				for i, l := range lures {
					person := quarantine.Criteria{Sender: l.address}
					if field == "To" || field == "Cc" {
						person = quarantine.Criteria{Recipient: l.address}
					}
					targets := []quarantine.Target{{Criteria: person}}
					if field == "From" && kept {
						targets = append(targets, quarantine.Target{MessageID: l.id})
						for _, c := range []quarantine.Criteria{{Subject: l.asked}, {URL: l.target}, {AttachmentName: l.file}, {AttachmentSHA256: l.sum}} {
							targets = append(targets, quarantine.Target{Criteria: c})
						}
					}
					at := criteriaDay.Add(time.Duration(i) * time.Minute)
					for _, target := range targets {
						target.Mailbox = alice
						if target.MessageID == "" {
							target.Criteria.ReceivedAfter, target.Criteria.ReceivedBefore = at.Add(-time.Minute), at.Add(2*time.Minute)
						}
						r, err := s.Find(t.Context(), target)
						require.NoError(t, err)
						require.NoError(t, r.Err(), "%s by %s%s", l.name, target.MessageID, target.Criteria)
						if assert.Len(t, r.Items, 1, "%s by %s%s", l.name, target.MessageID, target.Criteria) {
							assert.Equal(t, "<"+l.id+">", r.Items[0].MessageID)
						}
					}
				}
			})
		}
	}
}

// TestOrdinaryMail: no ordinary mail is undecided, and only what is asked for is found.
func TestOrdinaryMail(t *testing.T) {
	t.Parallel()
	srv, strategy := criteriaWorld(t, true)
	const n = 1000
	srv.Mailbox(alice).Fill(n, func(i int) ([]byte, ewstest.Delivery) {
		from := []string{"%d@b.example", "Bob <%d@b.example>", `"Bank, Ltd" <%d@b.example>`, "=?utf-8?Q?B=C3=B6b?= <%d@b.example>", "m%d@b.example (Bob)"}[i%5]
		header := "From: " + fmt.Sprintf(from, i) + "\nTo: alice@example.test\nSubject: Minutes " + fmt.Sprint(i)
		return mail(fmt.Sprint(i, "@b.example"), header, "See https://b.example/"), ewstest.Delivery{Received: criteriaDay.Add(time.Duration(i) * time.Second)}
	})
	s, err := quarantine.New(strategy, vault, &quarantine.Options{CriteriaSearch: true})
	require.NoError(t, err)
	for _, tt := range []struct {
		c     quarantine.Criteria
		found int
		most  int // requests
	}{
		{quarantine.Criteria{Sender: "m@evil.example"}, 0, 19},
		{quarantine.Criteria{Sender: "501@b.example"}, 1, 19},
		{quarantine.Criteria{Recipient: "bob@example.test"}, 0, 16},
		{quarantine.Criteria{Subject: "Minutes 12"}, 1, 6},
		{quarantine.Criteria{Subject: "Hours 12"}, 0, 6},
	} {
		c := tt.c
		c.ReceivedAfter, c.ReceivedBefore = criteriaDay, criteriaDay.AddDate(0, 0, 1)
		srv.ResetRequests()
		r, err := s.Find(t.Context(), quarantine.Target{Mailbox: alice, Criteria: c})
		require.NoError(t, err)
		require.NoError(t, r.Err(), "%s", c)
		assert.Len(t, r.Items, tt.found, "%s", c)
		assert.LessOrEqual(t, len(srv.Requests()), tt.most, "%s", c)
		if c.Subject == "" {
			assert.Equal(t, n, r.Examined)
		} else {
			assert.Zero(t, r.Examined)
		}
	}
}

// Beyond the limit on what may be read, messages that the server finds by its own
// properties of the sender are still found and taken, and the receipt says that
// there may be more.
func TestExaminedIsExceeded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, searching(false, quarantine.Limits{Examined: 20}))
		for i := range 60 {
			from := "bob@b.example"
			if i == 59 {
				from = "a@b.example, mallory@evil.example"
			}
			w.Mailbox(alice).DeliverWith(mail(fmt.Sprint(i, "@b.example"), "From: "+from+"\nSubject: Minutes", "x"), ewstest.Delivery{Received: noon.Add(time.Duration(i) * time.Second)})
		}
		target := quarantine.Target{Mailbox: alice, Criteria: quarantine.Criteria{Sender: "mallory@evil.example"}}
		inHeaders := ewstest.When{Operation: ews.OpFindItem, Request: func(r *ewstest.Request) bool { return strings.Contains(string(r.Body), `"0x007D"`) }}
		for _, fault := range []ewstest.Fault{{}, ewstest.MemberCode("ErrorInvalidRestriction"), ewstest.FaultCode("ErrorInvalidRestriction"), ewstest.FaultCode("ErrorTimeoutExpired"), ewstest.Gateway(504)} {
			struck := fault != (ewstest.Fault{})
			if struck { // the search in the text of headers
				w.ClearFaults()
				w.Fail(inHeaders, fault)
			}
			r, err := w.service.Find(t.Context(), target)
			require.NoError(t, err)
			assert.Equal(t, !struck, len(r.Items) == 1, fault.Name)
			require.ErrorContains(t, r.Err(), "more than 20 messages would have to be read")
			require.ErrorContains(t, r.Err(), "narrow the time")
			assert.Equal(t, 20, r.Examined)
		}
		w.ClearFaults()
		taken, err := w.service.Quarantine(t.Context(), target)
		require.NoError(t, err)
		assert.Equal(t, quarantine.Quarantined, taken.Outcome())
		require.ErrorContains(t, taken.Err(), "raise the limit examined")
		assert.Len(t, w.Mailbox(vault).Messages(), 1)
	})
}

// TestWhatIsMail: the owner's own items are not taken by criteria, but what was
// received is, whatever class its sender chose.
func TestWhatIsMail(t *testing.T) {
	t.Parallel()
	for class, mails := range map[string]bool{
		"IPM.Note": true, "IPM.Note.SMIME": true, "ipm.note.custom": true, "IPM.Schedule.Meeting.Request": true, "IPM.Schedule.Meeting.Resp.Pos": true,
		"REPORT.IPM.Note.NDR": true, "IPM.Post": true,
		"IPM.Appointment": false, "IPM.StickyNote": false, "IPM.Activity": false, "IPM.Contact": false, "IPM.DistList": false, "IPM.Task": false, "IPM.Notes": false,
	} {
		t.Run(class, func(t *testing.T) {
			t.Parallel()
			srv, strategy := criteriaWorld(t, true)
			box := srv.Mailbox(alice)
			from := "From: Mallory <mallory@evil.example>\r\nSubject: Weekly planning\r\n"
			box.DeliverWith([]byte(from+"\r\n1"), ewstest.Delivery{Received: criteriaDay, Class: class, Extended: unkept})
			box.DeliverWith([]byte(from+"\r\n2"), ewstest.Delivery{Received: criteriaDay, Class: class})
			box.DeliverWith([]byte(from+"Message-ID: <3@x>\r\n\r\n3"), ewstest.Delivery{Received: criteriaDay, Class: class, Extended: unkept})
			want := 2
			if mails {
				want = 3
			}
			for _, c := range []quarantine.Criteria{{Subject: "Weekly planning"}, {Sender: "mallory@evil.example"}, {Sender: "mallory@evil.example", Subject: "Weekly planning", ReceivedAfter: criteriaDay}} {
				ids, undecided, err := findBy(t, strategy, c, quarantine.Limits{})
				require.NoError(t, err)
				assert.Len(t, ids, want, c.String())
				assert.Empty(t, undecided)
			}
		})
	}
}

// Messages that the owner wrote have no received header, and are not read for one;
// messages that somebody else wrote are.
func TestOwnMailIsNotRead(t *testing.T) {
	t.Parallel()
	srv, strategy := criteriaWorld(t, true)
	box := srv.Mailbox(alice)
	for i := range 10 {
		box.DeliverWith(mail(fmt.Sprint(i, "@x"), "From: Alice <alice@example.test>\nTo: bob@example.test\nSubject: Minutes", "x"),
			ewstest.Delivery{Folder: box.Folder(ews.FolderSentItems), Received: criteriaDay, Extended: unkept})
	}
	box.DeliverWith(mail("other@x", "From: a@b.example, mallory@evil.example\nSubject: Minutes", "x"), ewstest.Delivery{Received: criteriaDay, Extended: unkept})
	opened := 0
	srv.OnRequest(func(_ int, r *ewstest.Request) {
		if strings.Contains(string(r.Body), "IncludeMimeContent>true") {
			opened++
		}
	})
	ids, undecided, err := findBy(t, strategy, quarantine.Criteria{Sender: "mallory@evil.example"}, quarantine.Limits{})
	require.NoError(t, err)
	assert.Equal(t, []string{"other@x"}, ids)
	assert.Empty(t, undecided)
	assert.Equal(t, 1, opened)
}
