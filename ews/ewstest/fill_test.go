package ewstest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// Fill yields the same messages as delivering them one by one.
func TestFill(t *testing.T) {
	t.Parallel()
	message := func(i int) ([]byte, ewstest.Delivery) {
		d := ewstest.Delivery{Received: time.Date(2026, 11, 24, 10, i, 0, 0, time.UTC), Read: i%2 == 0}
		if i == 3 {
			d.Importance, d.Flag.Status, d.Categories = "High", "Flagged", []string{"Red"}
		}
		return fmt.Appendf(nil, "From: A%d <a%d@x.example>\r\nSubject: =?utf-8?q?=C3=A9%d?=\r\nMessage-ID: <%d@x.example>\r\nDisposition-Notification-To: a@x.example\r\n\r\nText\r\n", i, i, i, i), d
	}
	now := func() time.Time { return time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC) }
	filled, delivered := ewstest.NewServer(&ewstest.Options{Now: now}), ewstest.NewServer(&ewstest.Options{Now: now})
	t.Cleanup(filled.Close)
	t.Cleanup(delivered.Close)
	filled.Mailbox(alice).Fill(5, message)
	for i := range 5 {
		eml, d := message(i)
		delivered.Mailbox(alice).DeliverWith(eml, d)
	}
	inbox := filled.Mailbox(alice).Folder(ews.FolderInbox)
	assert.Equal(t, 5, inbox.Count())
	assert.Equal(t, delivered.Mailbox(alice).Messages(), filled.Mailbox(alice).Messages())
	assert.Equal(t, delivered.Mailbox(alice).Size(), filled.Mailbox(alice).Size())
}

// A search gives the same result for messages that have not been inspected before.
func TestSearchOfFilled(t *testing.T) {
	t.Parallel()
	equal := func(p ews.PropertyPath, v string) ews.Restriction {
		return ews.Compare{Op: ews.IsEqualTo, Property: p, Value: v}
	}
	text := func(tag uint16) ews.ExtendedField { return ews.ExtendedField{Tag: tag, Type: ews.TypeString} }
	own := ews.ExtendedField{GUID: "11111111-2222-3333-4444-555555555555", Name: "Mine", Type: ews.TypeString}
	for name, tt := range map[string]struct {
		restriction ews.Restriction
		want        int
	}{
		"Message-ID":         {equal(ews.FieldInternetMessageID, "<2@x.example>"), 1},
		"no Message-ID":      {ews.Not{Restriction: ews.Exists{Property: ews.FieldInternetMessageID}}, 1},
		"subject":            {equal(ews.FieldSubject, "É 1"), 1},
		"received":           {equal(ews.FieldDateTimeReceived, "2026-11-24T10:02:00Z"), 1},
		"sender's address":   {equal(text(0x0C1F), "s@x.example"), 3},
		"sender's type":      {equal(text(0x0C1E), "SMTP"), 3},
		"sender's SMTP":      {equal(ews.PidTagSenderSMTPAddress, "s@x.example"), 3},
		"author's address":   {equal(text(0x0065), "a1@x.example"), 1},
		"author's type":      {equal(text(0x0064), "SMTP"), 3},
		"author's SMTP":      {equal(text(0x5D02), "a2@x.example"), 1},
		"nobody's SMTP":      {ews.Not{Restriction: ews.Exists{Property: text(0x5D02)}}, 1},
		"one's own":          {ews.Exists{Property: own}, 0},
		"not one's own":      {ews.Not{Restriction: ews.Exists{Property: own}}, 4},
		"read":               {equal(ews.FieldIsRead, "true"), 2},
		"what is not simple": {equal(ews.FieldHasAttachments, "false"), 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := ewstest.NewServer(nil)
			t.Cleanup(srv.Close)
			srv.Mailbox(alice).Fill(4, func(i int) ([]byte, ewstest.Delivery) {
				eml := fmt.Sprintf("From: A%d <a%d@x.example>\r\nSender: s@x.example\r\nSubject: =?utf-8?q?=C3=A9_%d?=\r\nMessage-ID: <%d@x.example>\r\n\r\nText\r\n", i, i, i, i)
				if i == 3 {
					eml = "Subject: nothing else\r\n\r\n"
				}
				return []byte(eml), ewstest.Delivery{Received: time.Date(2026, 11, 24, 10, i, 0, 0, time.UTC), Read: i%2 == 0}
			})
			for range 2 { // the second time, some have been inspected
				pages, err := srv.Client("svc", nil).FindItem(t.Context(), ews.FindItemRequest{
					Folders:     []ews.FolderRef{ews.DistinguishedFolder{Name: ews.FolderInbox, Mailbox: alice}},
					Restriction: tt.restriction,
				})
				require.NoError(t, err)
				require.NoError(t, pages[0].Err)
				assert.Len(t, pages[0].Value.Items, tt.want)
				srv.Mailbox(alice).Messages()
			}
		})
	}
}
