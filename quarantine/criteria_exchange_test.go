package quarantine

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

const criteriaAlice = "alice@example.test"

var criteriaDay = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

// criteriaWorld is an Exchange with a client of a strategy on it.
func criteriaWorld(t *testing.T, impersonation bool) (*ewstest.Server, *exchangeMailbox) {
	t.Helper()
	srv := ewstest.NewServer(ewstest.Options{})
	t.Cleanup(srv.Close)
	client, err := ews.NewClient(srv.DirectURL(), &ews.Options{Transport: srv.As(srv.Direct(), "svc")})
	require.NoError(t, err)
	if impersonation {
		s, err := NewImpersonation(client, nil)
		require.NoError(t, err)
		return srv, s.x.mailbox(criteriaAlice)
	}
	s, err := NewFullAccess(client, nil)
	require.NoError(t, err)
	return srv, s.x.mailbox(criteriaAlice)
}

// by searches the Inbox.
func (m *exchangeMailbox) by(ctx context.Context, c Criteria, l Limits) (subjects []string, undecided []error, err error) {
	s, err := m.newSifter(c, l)
	if err != nil {
		return nil, nil, err
	}
	var found []ews.Item
	for it, err := range m.client.FindItems(ctx, ews.FindItemRequest{
		Folders: []ews.FolderRef{m.known(ews.FolderInbox)}, Shape: ews.ItemShape{Properties: searchProperties}, Restriction: c.restriction(),
	}) {
		if err != nil {
			return nil, nil, err
		}
		found = append(found, it)
	}
	hits, undecided, err := s.sift(ctx, found)
	for _, it := range hits {
		subjects = append(subjects, it.Subject)
	}
	return subjects, undecided, err
}

// mail makes a message of header lines and a body.
func mail(header, body string) []byte {
	return []byte(strings.ReplaceAll("MIME-Version: 1.0\n"+header+"\n\n"+body, "\n", "\r\n"))
}

func TestCriteriaSearch(t *testing.T) {
	t.Parallel()
	payload := "MZ\x00\x01payload"
	digest := sha256.Sum256([]byte(payload))
	sum := hex.EncodeToString(digest[:])
	file := "--b\nContent-Type: application/octet-stream; name=\"Rechnung ä.exe\"\nContent-Transfer-Encoding: base64\n\n" +
		base64.StdEncoding.EncodeToString([]byte(payload)) + "\n--b--\n"
	messages := map[string][]byte{
		"plain":                mail("From: Mallory <Mallory@Evil.example>\nTo: Alice <alice@example.test>\nSubject: plain", "See https://evil.example/login?x=1"),
		"html":                 mail("From: a@b.example\nTo: bob@example.test\nCc: Carol <carol@example.test>\nSubject: html\nContent-Type: text/html", "<a href='https&#58;//EVIL.example:443/login/?x=1&amp;y=2'>Bank</a>"),
		"wrapped":              mail("From: a@b.example\nSubject: wrapped\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable", "<a href=3D\"https://eur02.safelinks.protection.outlook.com/?url=3Dhttps%3A%2F%2Fevil.exa=\nmple%2Flogin&amp;data=3D05\">Bank</a>"),
		"other":                mail("From: a@b.example\nSubject: other", "See https://evil.example.org/login and https://notevil.example/login"),
		"file":                 mail("From: Mallory <mallory@evil.example>\nSubject: file\nContent-Type: multipart/mixed; boundary=b", file),
		"nested":               mail("From: a@b.example\nSender: mallory@evil.example\nSubject: nested\nContent-Type: multipart/mixed; boundary=c", "--c\nContent-Type: message/rfc822\n\nSubject: inner\nContent-Type: multipart/mixed; boundary=b\n\n"+file+"\n--c--\n"),
		"Your  invoice  No. 7": mail("From: Mallory <x@b.example>\nSubject: Your  invoice  No. 7", "x"),
		"sealed":               mail("From: a@b.example\nSubject: sealed\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\nContent-Transfer-Encoding: base64", "AAAA"),
	}
	tests := map[string]struct {
		c         Criteria
		want      []string
		undecided int
	}{
		"sender":               {c: Criteria{Sender: "mallory@evil.example"}, want: []string{"plain", "file", "nested"}},
		"sender by name":       {c: Criteria{Sender: "Mallory@b.example"}},
		"recipient":            {c: Criteria{Recipient: "CAROL@example.test"}, want: []string{"html"}},
		"subject":              {c: Criteria{Subject: "your invoice no. 7 "}, want: []string{"Your  invoice  No. 7"}},
		"subject, part":        {c: Criteria{Subject: "INVOICE No", SubjectMatch: SubjectContains}, want: []string{"Your  invoice  No. 7"}},
		"subject, beginning":   {c: Criteria{Subject: "Your inv", SubjectMatch: SubjectPrefix}, want: []string{"Your  invoice  No. 7"}},
		"subject, exact":       {c: Criteria{Subject: "Your invoice"}},
		"subject, other order": {c: Criteria{Subject: "No. 7 invoice", SubjectMatch: SubjectContains}},
		"url":                  {c: Criteria{URL: "https://evil.example/login"}, want: []string{"plain", "html", "wrapped"}, undecided: 1},
		"url with query":       {c: Criteria{URL: "http://evil.example/login?x=1"}, want: []string{"plain", "html"}, undecided: 1},
		"url and sender":       {c: Criteria{URL: "https://evil.example", Sender: "mallory@evil.example"}, want: []string{"plain"}},
		"hash":                 {c: Criteria{AttachmentSHA256: strings.ToUpper(sum)}, want: []string{"file", "nested"}, undecided: 1},
		"name":                 {c: Criteria{AttachmentName: "RECHNUNG Ä.EXE"}, want: []string{"file", "nested"}, undecided: 1},
		"name and hash":        {c: Criteria{AttachmentName: "Rechnung ä.exe", AttachmentSHA256: sum, Sender: "mallory@evil.example"}, want: []string{"file", "nested"}},
		"other hash":           {c: Criteria{AttachmentName: "Rechnung ä.exe", AttachmentSHA256: strings.Repeat("0", 64), Sender: "mallory@evil.example"}},
	}
	for _, impersonation := range []bool{false, true} {
		srv, alice := criteriaWorld(t, impersonation)
		for _, m := range messages {
			srv.Mailbox(criteriaAlice).DeliverWith(m, ewstest.Delivery{Received: criteriaDay})
		}
		srv.Mailbox(criteriaAlice).DeliverWith(messages["plain"], ewstest.Delivery{Received: criteriaDay.AddDate(0, 0, -3)})
		for name, tt := range tests {
			t.Run(fmt.Sprint(name, impersonation), func(t *testing.T) {
				t.Parallel()
				c := tt.c
				c.ReceivedAfter, c.ReceivedBefore = criteriaDay, criteriaDay.Add(time.Second)
				got, undecided, err := alice.by(t.Context(), c, Limits{})
				require.NoError(t, err)
				assert.ElementsMatch(t, tt.want, got)
				require.Len(t, undecided, tt.undecided)
				for _, err := range undecided {
					assert.ErrorIs(t, err, errOpaque)
				}
				c.ReceivedAfter, c.ReceivedBefore = criteriaDay.Add(time.Second), criteriaDay.Add(time.Minute)
				got, _, err = alice.by(t.Context(), c, Limits{})
				require.NoError(t, err)
				assert.Empty(t, got, "not received then")
			})
		}
	}
}

// A server that does not keep SMTP addresses of its own senders lets them
// through, and says too little to tell.
func TestCriteriaSenderWithoutSMTP(t *testing.T) {
	t.Parallel()
	srv, alice := criteriaWorld(t, true)
	internal := []ews.ExtendedProperty{
		{Field: pidTagSenderAddressType, Value: "EX"}, {Field: pidTagSenderEmailAddress, Value: "/o=Example/cn=mallory"},
		{Field: pidTagSentRepresentingAddressType, Value: "EX"}, {Field: pidTagSentRepresentingEmailAddress, Value: "/o=Example/cn=mallory"},
	}
	srv.Mailbox(criteriaAlice).DeliverWith(mail("Subject: internal", "x"), ewstest.Delivery{Extended: internal})
	srv.Mailbox(criteriaAlice).Deliver(mail("From: bob@example.test\nSubject: smtp", "x"))
	got, undecided, err := alice.by(t.Context(), Criteria{Sender: "mallory@example.test"}, Limits{})
	require.NoError(t, err)
	assert.Empty(t, got)
	require.Len(t, undecided, 1)
	assert.ErrorIs(t, undecided[0], errUnresolved)
}

func TestCriteriaLongSubject(t *testing.T) {
	t.Parallel()
	srv, alice := criteriaWorld(t, false)
	long := strings.Repeat("very ", 60) + "long"
	srv.Mailbox(criteriaAlice).Deliver(mail("From: a@b.example\nSubject: "+long, "x"))
	got, _, err := alice.by(t.Context(), Criteria{Subject: long}, Limits{})
	require.NoError(t, err)
	assert.Len(t, got, 1)
	got, _, err = alice.by(t.Context(), Criteria{Subject: "long " + long}, Limits{})
	require.NoError(t, err)
	assert.Empty(t, got)
}

func TestCriteriaGuardRails(t *testing.T) {
	t.Parallel()
	srv, alice := criteriaWorld(t, false)
	for i := range 12 {
		srv.Mailbox(criteriaAlice).DeliverWith(mail(fmt.Sprintf("From: mallory@evil.example\nSubject: lure %d", i%2), "https://evil.example/"), ewstest.Delivery{Received: criteriaDay})
	}
	within := Criteria{URL: "https://evil.example", ReceivedAfter: criteriaDay, ReceivedBefore: criteriaDay.AddDate(0, 0, 1)}
	for name, c := range map[string]Criteria{"subject": {Subject: "lure 0"}, "sender": {Sender: "mallory@evil.example"}, "url": within} {
		got, _, err := alice.by(t.Context(), c, Limits{PerMailbox: 5})
		require.ErrorIs(t, err, ErrTooManyHits, name)
		assert.ErrorContains(t, err, "perMailbox", name)
		assert.Empty(t, got, "nothing of it is handed out")
		got, _, err = alice.by(t.Context(), c, Limits{PerMailbox: 12})
		require.NoError(t, err)
		assert.NotEmpty(t, got)
	}
	_, _, err := alice.by(t.Context(), within, Limits{Examined: 11})
	require.ErrorIs(t, err, ErrTooManyHits)
	assert.ErrorContains(t, err, "examined")
	_, _, err = alice.by(t.Context(), within, Limits{Protected: []string{"ALICE@example.test"}})
	require.ErrorIs(t, err, ErrProtected)
	_, _, err = alice.by(t.Context(), Criteria{ReceivedAfter: criteriaDay}, Limits{})
	require.ErrorIs(t, err, ErrInvalid)

	tally := Limits{Total: 5}.newTally()
	require.NoError(t, tally.add(3))
	require.NoError(t, tally.add(2))
	require.ErrorIs(t, tally.add(1), ErrTooManyHits)
	require.NoError(t, Limits{}.newTally().add(5_000))
}

// What fails on the way to a message is said of it, and the others are still
// looked at; what is gone is left out.
func TestCriteriaFaults(t *testing.T) {
	t.Parallel()
	srv, alice := criteriaWorld(t, false)
	var ids []ews.ItemID
	for i := range 3 {
		m := srv.Mailbox(criteriaAlice).DeliverWith(mail(fmt.Sprintf("From: mallory@evil.example\nSubject: lure %d", i), "https://evil.example/"), ewstest.Delivery{Received: criteriaDay})
		ids = append(ids, m.ID)
	}
	c := Criteria{URL: "https://evil.example", Sender: "mallory@evil.example"}
	gets := 0
	srv.OnRequest(func(_ int, r *ewstest.Request) {
		if r.Operation == ews.OpGetItem {
			if gets++; gets == 2 { // before the first message is opened
				srv.Mailbox(criteriaAlice).DeleteMessage(ids[0])
			}
		}
	})
	got, undecided, err := alice.by(t.Context(), c, Limits{})
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"lure 1", "lure 2"}, got)
	assert.Empty(t, undecided)
}

func FuzzMatchMIME(f *testing.F) {
	f.Add([]byte("Content-Type: text/html\r\n\r\n<a href='https&#58;//evil.example/a'>x</a>"))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: a/b; name=x.exe\nContent-Transfer-Encoding: base64\n\nQUJD\n--b\nContent-Type: message/rfc822\n\nContent-Type: application/pkcs7-mime\n\nx\n--b--\n"))
	f.Add([]byte("\r\nhttps://urldefense.com/v3/__https://evil.example/**A__;YWI!!x!y$"))
	digest := sha256.Sum256([]byte("ABC"))
	c := Criteria{URL: "https://evil.example/a", AttachmentName: "x.exe", AttachmentSHA256: hex.EncodeToString(digest[:])}
	f.Fuzz(func(t *testing.T, message []byte) {
		all, err := c.matchMIME(strings.NewReader(string(message)))
		if all && err != nil {
			t.Fatal("a match with an error")
		}
		for _, part := range []Criteria{{URL: c.URL}, {AttachmentName: c.AttachmentName}, {AttachmentSHA256: c.AttachmentSHA256}} {
			one, _ := part.matchMIME(strings.NewReader(string(message)))
			if all && !one {
				t.Fatalf("all match, not %+v", part)
			}
		}
		// What was cut off is never taken for the end.
		broken := errors.New("cut")
		if one, err := c.matchMIME(io.MultiReader(strings.NewReader(string(message)), iotest.ErrReader(broken))); !one && !errors.Is(err, broken) {
			t.Fatalf("the error became %v", err)
		}
	})
}
