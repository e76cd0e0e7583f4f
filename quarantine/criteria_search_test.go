package quarantine_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

// criteriaWorld returns an Exchange and a strategy for it that searches by criteria.
func criteriaWorld(t *testing.T, impersonation bool) (*ewstest.Server, driver.Strategy) {
	t.Helper()
	srv := ewstest.NewServer(nil)
	t.Cleanup(srv.Close)
	client, err := ews.NewClient(srv.DirectURL(), &ews.Options{Transport: srv.As(srv.Direct(), "svc")})
	require.NoError(t, err)
	if impersonation {
		s, err := ewsmail.NewImpersonation(client, nil)
		require.NoError(t, err)
		return srv, s
	}
	s, err := ewsmail.NewFullAccess(client, nil)
	require.NoError(t, err)
	return srv, s
}

var criteriaDay = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

// findBy returns the Message-IDs, without brackets, of what criteria find in
// Alice's mailbox, and why other messages are undecided.
func findBy(t *testing.T, strategy driver.Strategy, c quarantine.Criteria, l quarantine.Limits) (ids, undecided []string, err error) {
	t.Helper()
	s, err := quarantine.New(strategy, vault, &quarantine.Options{CriteriaSearch: true, SearchLimits: l})
	require.NoError(t, err)
	r, err := s.Find(t.Context(), quarantine.Target{Mailbox: alice, Criteria: c})
	if err != nil {
		require.Nil(t, r, "nothing of it is handed out")
		return nil, nil, err
	}
	for _, it := range r.Items {
		ids = append(ids, strings.Trim(it.MessageID, "<>"))
	}
	for _, u := range r.Unsearched {
		require.Equal(t, quarantine.CauseUndecided, u.Cause, u.Reason)
		undecided = append(undecided, u.Reason)
	}
	return ids, undecided, nil
}

// mail makes a message of an id, header lines and a body.
func mail(id, header, body string) []byte {
	return []byte(strings.ReplaceAll("MIME-Version: 1.0\nMessage-ID: <"+id+">\n"+header+"\n\n"+body, "\n", "\r\n"))
}

func TestCriteriaSearch(t *testing.T) {
	t.Parallel()
	payload := "MZ\x00\x01payload"
	digest := sha256.Sum256([]byte(payload))
	sum := hex.EncodeToString(digest[:])
	file := "--b\nContent-Type: application/octet-stream; name=\"Rechnung ä.exe\"\nContent-Transfer-Encoding: base64\n\n" +
		base64.StdEncoding.EncodeToString([]byte(payload)) + "\n--b--\n"
	messages := map[string][]byte{
		"plain":   mail("plain", "From: Mallory <Mallory@Evil.example>\nTo: Alice <alice@example.test>\nSubject: plain", "See https://evil.example/login?x=1"),
		"html":    mail("html", "From: a@b.example\nTo: bob@example.test\nCc: Carol <carol@example.test>\nSubject: html\nContent-Type: text/html", "<a href='https&#58;//EVIL.example:443/login/?x=1&amp;y=2'>Bank</a>"),
		"wrapped": mail("wrapped", "From: a@b.example\nSubject: wrapped\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable", "<a href=3D\"https://eur02.safelinks.protection.outlook.com/?url=3Dhttps%3A%2F%2Fevil.exa=\nmple%2Flogin&amp;data=3D05\">Bank</a>"),
		"other":   mail("other", "From: a@b.example\nSubject: other", "See https://evil.example.org/login and https://notevil.example/login"),
		"file":    mail("file", "From: Mallory <mallory@evil.example>\nSubject: file\nContent-Type: multipart/mixed; boundary=b", file),
		"nested":  mail("nested", "From: a@b.example\nSender: mallory@evil.example\nSubject: nested\nContent-Type: multipart/mixed; boundary=c", "--c\nContent-Type: message/rfc822\n\nSubject: inner\nContent-Type: multipart/mixed; boundary=b\n\n"+file+"\n--c--\n"),
		"invoice": mail("invoice", "From: Mallory <x@b.example>\nSubject: Your  invoice  No. 7", "x"),
		"quoted":  mail("quoted", "From: Bank <\"John Doe\"@evil.example>\nSubject: quoted", "x"),
		"literal": mail("literal", "From: m@[IPv6:2001:db8::1]\nSubject: literal", "x"),
		"sealed":  mail("sealed", "From: a@b.example\nSubject: sealed\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\nContent-Transfer-Encoding: base64", "AAAA"),
	}
	tests := map[string]struct {
		c         quarantine.Criteria
		want      []string
		undecided int
	}{
		"sender":               {c: quarantine.Criteria{Sender: "mallory@evil.example"}, want: []string{"plain", "file", "nested"}},
		"sender in quotes":     {c: quarantine.Criteria{Sender: `"john doe"@evil.example`}, want: []string{"quoted"}},
		"sender at an address": {c: quarantine.Criteria{Sender: "m@[IPv6:2001:DB8::1]"}, want: []string{"literal"}},
		"sender by name":       {c: quarantine.Criteria{Sender: "Mallory@b.example"}},
		"recipient":            {c: quarantine.Criteria{Recipient: "CAROL@example.test"}, want: []string{"html"}},
		"subject":              {c: quarantine.Criteria{Subject: "your invoice no. 7 "}, want: []string{"invoice"}},
		"subject, part":        {c: quarantine.Criteria{Subject: "INVOICE No", SubjectMatch: quarantine.SubjectContains}, want: []string{"invoice"}},
		"subject, beginning":   {c: quarantine.Criteria{Subject: "Your inv", SubjectMatch: quarantine.SubjectPrefix}, want: []string{"invoice"}},
		"subject, exact":       {c: quarantine.Criteria{Subject: "Your invoice"}},
		"subject, other order": {c: quarantine.Criteria{Subject: "No. 7 invoice", SubjectMatch: quarantine.SubjectContains}},
		"url":                  {c: quarantine.Criteria{URL: "https://evil.example/login"}, want: []string{"plain", "html", "wrapped"}, undecided: 1},
		"url with query":       {c: quarantine.Criteria{URL: "http://evil.example/login?x=1"}, want: []string{"plain", "html"}, undecided: 1},
		"url and sender":       {c: quarantine.Criteria{URL: "https://evil.example", Sender: "mallory@evil.example"}, want: []string{"plain"}},
		"hash":                 {c: quarantine.Criteria{AttachmentSHA256: strings.ToUpper(sum)}, want: []string{"file", "nested"}, undecided: 1},
		"name":                 {c: quarantine.Criteria{AttachmentName: "RECHNUNG Ä.EXE"}, want: []string{"file", "nested"}, undecided: 1},
		"name and hash":        {c: quarantine.Criteria{AttachmentName: "Rechnung ä.exe", AttachmentSHA256: sum, Sender: "mallory@evil.example"}, want: []string{"file", "nested"}},
		"other hash":           {c: quarantine.Criteria{AttachmentName: "Rechnung ä.exe", AttachmentSHA256: strings.Repeat("0", 64), Sender: "mallory@evil.example"}},
	}
	for _, impersonation := range []bool{false, true} {
		srv, strategy := criteriaWorld(t, impersonation)
		for _, m := range messages {
			srv.Mailbox(alice).DeliverWith(m, ewstest.Delivery{Received: criteriaDay})
		}
		srv.Mailbox(alice).DeliverWith(messages["plain"], ewstest.Delivery{Received: criteriaDay.AddDate(0, 0, -3)})
		for name, tt := range tests {
			t.Run(fmt.Sprint(name, impersonation), func(t *testing.T) {
				t.Parallel()
				c := tt.c
				c.ReceivedAfter, c.ReceivedBefore = criteriaDay, criteriaDay.Add(time.Second)
				got, undecided, err := findBy(t, strategy, c, quarantine.Limits{})
				require.NoError(t, err)
				assert.ElementsMatch(t, tt.want, got)
				require.Len(t, undecided, tt.undecided)
				for _, reason := range undecided {
					assert.Contains(t, reason, "encrypted or wrapped")
				}
				c.ReceivedAfter, c.ReceivedBefore = criteriaDay.Add(time.Second), criteriaDay.Add(time.Minute)
				got, _, err = findBy(t, strategy, c, quarantine.Limits{})
				require.NoError(t, err)
				assert.Empty(t, got, "not received then")
			})
		}
	}
}

// A server that does not keep SMTP addresses for its own senders does not rule
// them out, and returns too little to decide.
func TestCriteriaSenderWithoutSMTP(t *testing.T) {
	t.Parallel()
	srv, strategy := criteriaWorld(t, true)
	// PidTagSenderAddressType and …EmailAddress, and those of SentRepresenting.
	text := func(tag uint16) ews.ExtendedField { return ews.ExtendedField{Tag: tag, Type: ews.TypeString} }
	internal := []ews.ExtendedProperty{
		{Field: text(0x0C1E), Value: "EX"}, {Field: text(0x0C1F), Value: "/o=Example/cn=mallory"},
		{Field: text(0x0064), Value: "EX"}, {Field: text(0x0065), Value: "/o=Example/cn=mallory"},
	}
	srv.Mailbox(alice).DeliverWith(mail("1@x", "Subject: internal", "x"), ewstest.Delivery{Extended: internal})
	srv.Mailbox(alice).Deliver(mail("2@x", "From: bob@example.test\nSubject: smtp", "x"))
	got, undecided, err := findBy(t, strategy, quarantine.Criteria{Sender: "mallory@example.test"}, quarantine.Limits{})
	require.NoError(t, err)
	assert.Empty(t, got)
	require.Len(t, undecided, 1)
	assert.Contains(t, undecided[0], "the server returns no SMTP address for its sender or recipients")
}

func TestCriteriaLongSubject(t *testing.T) {
	t.Parallel()
	srv, strategy := criteriaWorld(t, false)
	long := strings.Repeat("very ", 60) + "long"
	srv.Mailbox(alice).Deliver(mail("1@x", "From: a@b.example\nSubject: "+long, "x"))
	got, _, err := findBy(t, strategy, quarantine.Criteria{Subject: long}, quarantine.Limits{})
	require.NoError(t, err)
	assert.Len(t, got, 1)
	got, _, err = findBy(t, strategy, quarantine.Criteria{Subject: "long " + long}, quarantine.Limits{})
	require.NoError(t, err)
	assert.Empty(t, got)
}

// Senders put blanks before what distinguishes a subject from others: what a search
// cuts off is read.
func TestCriteriaPaddedSubject(t *testing.T) {
	t.Parallel()
	for _, header := range []bool{true, false} {
		srv, strategy := criteriaWorld(t, false)
		d := ewstest.Delivery{Received: criteriaDay}
		if !header {
			d.Extended = unkept
		}
		for id, subject := range map[string]string{"lure": "invoice 4711", "neighbour": "minutes 12", "prefix": "invoice"} {
			srv.Mailbox(alice).DeliverWith(mail(id, "From: a@b.example\nSubject: Your"+strings.Repeat(" ", 260)+"=?utf-8?Q?"+strings.ReplaceAll(subject, " ", "_")+"?=", "x"), d)
		}
		for _, tt := range []struct {
			c    quarantine.Criteria
			want []string
		}{
			{quarantine.Criteria{Subject: "your invoice 4711"}, []string{"lure"}},
			{quarantine.Criteria{Subject: "your invoice", SubjectMatch: quarantine.SubjectPrefix}, []string{"lure", "prefix"}},
			{quarantine.Criteria{Subject: "invoice 47", SubjectMatch: quarantine.SubjectContains}, []string{"lure"}},
			{quarantine.Criteria{Subject: "your invoice 4711", Sender: "a@b.example"}, []string{"lure"}},
			{quarantine.Criteria{Subject: "invoice 12", SubjectMatch: quarantine.SubjectContains}, nil},
		} {
			got, undecided, err := findBy(t, strategy, tt.c, quarantine.Limits{})
			require.NoError(t, err)
			assert.ElementsMatch(t, tt.want, got, tt.c.String())
			assert.Empty(t, undecided, tt.c.String())
		}
	}
	// Here the server keeps no more of it.
	srv, strategy := criteriaWorld(t, false)
	srv.Mailbox(alice).DeliverWith(mail("cut", "From: a@b.example\nSubject: "+strings.Repeat("abcdefghij ", 30)[:255], "x"), ewstest.Delivery{Received: criteriaDay})
	got, undecided, err := findBy(t, strategy, quarantine.Criteria{Subject: "jihgf", SubjectMatch: quarantine.SubjectContains}, quarantine.Limits{})
	require.NoError(t, err)
	assert.Empty(t, got)
	assert.Len(t, undecided, 1)
	assert.Contains(t, strings.Join(undecided, ""), "only the beginning of its subject")
}

func TestCriteriaGuardRails(t *testing.T) {
	t.Parallel()
	srv, strategy := criteriaWorld(t, false)
	for i := range 12 {
		srv.Mailbox(alice).DeliverWith(mail(fmt.Sprint(i, "@x"), fmt.Sprintf("From: mallory@evil.example\nSubject: lure %d", i%2), "https://evil.example/"), ewstest.Delivery{Received: criteriaDay})
	}
	within := quarantine.Criteria{URL: "https://evil.example", ReceivedAfter: criteriaDay, ReceivedBefore: criteriaDay.AddDate(0, 0, 1)}
	for name, c := range map[string]quarantine.Criteria{"subject": {Subject: "lure 0"}, "sender": {Sender: "mallory@evil.example"}, "url": within} {
		got, _, err := findBy(t, strategy, c, quarantine.Limits{PerMailbox: 5})
		require.ErrorIs(t, err, quarantine.ErrTooManyHits, name)
		assert.ErrorContains(t, err, "perMailbox", name)
		assert.Empty(t, got, "nothing of it is handed out")
		got, _, err = findBy(t, strategy, c, quarantine.Limits{PerMailbox: 12})
		require.NoError(t, err)
		assert.NotEmpty(t, got)
	}
	got, undecided, err := findBy(t, strategy, within, quarantine.Limits{Examined: 11})
	require.NoError(t, err)
	assert.Len(t, got, 11, "what was found is handed out")
	require.Len(t, undecided, 1)
	assert.Contains(t, undecided[0], "narrow the time, add a subject, or raise the limit examined")
	_, _, err = findBy(t, strategy, within, quarantine.Limits{Protected: []string{"ALICE@example.test"}})
	require.ErrorIs(t, err, quarantine.ErrProtected)
	_, _, err = findBy(t, strategy, quarantine.Criteria{ReceivedAfter: criteriaDay}, quarantine.Limits{})
	require.ErrorIs(t, err, quarantine.ErrInvalid)
}

// A failure on the way to a message is reported for that message, and the
// others are still examined; messages that are gone are left out.
func TestCriteriaFaults(t *testing.T) {
	t.Parallel()
	srv, strategy := criteriaWorld(t, false)
	var ids []ews.ItemID
	for i := range 3 {
		m := srv.Mailbox(alice).DeliverWith(mail(fmt.Sprint("lure ", i), fmt.Sprintf("From: mallory@evil.example\nSubject: lure %d", i), "https://evil.example/"), ewstest.Delivery{Received: criteriaDay})
		ids = append(ids, m.ID)
	}
	c := quarantine.Criteria{URL: "https://evil.example", Sender: "mallory@evil.example"}
	gets := 0
	srv.OnRequest(func(_ int, r *ewstest.Request) {
		if r.Operation == ews.OpGetItem {
			if gets++; gets == 2 { // before the first message is opened
				srv.Mailbox(alice).DeleteMessage(ids[0])
			}
		}
	})
	got, undecided, err := findBy(t, strategy, c, quarantine.Limits{})
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"lure 1", "lure 2"}, got)
	assert.Empty(t, undecided)
}

// A message that its owner files while it is sifted is found at its new place,
// whichever call that happens before.
func TestCriteriaFiledMeanwhile(t *testing.T) {
	t.Parallel()
	c := quarantine.Criteria{URL: "https://evil.example", Sender: "mallory@evil.example"}
	for call := 0; ; call++ {
		srv, strategy := criteriaWorld(t, false)
		box := srv.Mailbox(alice)
		elsewhere := box.AddFolder(box.Folder(ews.FolderInbox), "Elsewhere")
		for i := range 2 {
			box.DeliverWith(mail(fmt.Sprint("lure ", i), "From: mallory@evil.example\nSubject: lure", "https://evil.example/"), ewstest.Delivery{Received: criteriaDay})
		}
		requests := 0
		srv.OnRequest(func(_ int, _ *ewstest.Request) {
			if requests++; requests == call+1 {
				for _, m := range box.Messages() {
					if m.MessageID == "<lure 1>" {
						box.MoveMessage(m.ID, elsewhere)
					}
				}
			}
		})
		got, undecided, err := findBy(t, strategy, c, quarantine.Limits{})
		require.NoError(t, err)
		assert.ElementsMatch(t, []string{"lure 0", "lure 1"}, got, "moved before call %d", call)
		assert.Empty(t, undecided)
		if requests <= call {
			break
		}
	}
}
