package ewstest_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// BenchmarkDirect measures one small operation in process, which limits how many
// histories a test can run.
func BenchmarkDirect(b *testing.B) {
	srv := ewstest.NewServer(nil)
	m := srv.Mailbox(alice).Deliver([]byte(plain))
	rt := srv.As(srv.Direct(), "svc")
	body := `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Header><t:RequestServerVersion Version="Exchange2013_SP1"/></s:Header><s:Body>` + getItemXML(full, itemID(m)) + `</s:Body></s:Envelope>`
	b.ReportAllocs()
	for b.Loop() {
		req := posted(b.Context(), b, srv.DirectURL(), strings.NewReader(body))
		res, err := rt.RoundTrip(req)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkNewServer measures setting up the default scenario, as every history does.
func BenchmarkNewServer(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		ewstest.NewServer(nil).Close()
	}
}

// large fills the Inbox of alice with n small messages, one in a thousand of them
// from the same sender.
func large(srv *ewstest.Server, n int) {
	srv.Mailbox(alice).Fill(n, func(i int) ([]byte, ewstest.Delivery) {
		eml := fmt.Appendf(nil, "From: Sender %d <sender%d@news.example>\r\nTo: alice@example.test\r\nSubject: Number %d\r\nMessage-ID: <%d@news.example>\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\n\r\nText.\r\n", i%1000, i%1000, i, i)
		return eml, ewstest.Delivery{Received: time.Date(2026, 11, 24, 0, 0, i/10, 0, time.UTC)}
	})
}

// BenchmarkFill measures filling a folder with 100,000 messages.
func BenchmarkFill(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		srv := ewstest.NewServer(nil)
		large(srv, 100_000)
		srv.Close()
	}
}

// BenchmarkSearch measures a page of a search that looks at every item, in a folder
// of 100,000 messages.
func BenchmarkSearch(b *testing.B) {
	srv := ewstest.NewServer(nil)
	large(srv, 100_000)
	c := srv.Client("svc", nil)
	for name, r := range map[string]ews.Restriction{
		"sender": ews.Contains{Property: ews.PidTagSenderSMTPAddress, Value: "SENDER77@news.example", Mode: ews.ModeSubstring, Comparison: ews.ComparisonIgnoreCase},
		"time":   ews.Compare{Op: ews.IsGreaterThanOrEqualTo, Property: ews.FieldDateTimeReceived, Value: "2026-11-24T02:46:00Z"},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				pages, err := c.FindItem(b.Context(), ews.FindItemRequest{
					Folders: []ews.FolderRef{ews.DistinguishedFolder{Name: ews.FolderInbox, Mailbox: alice}}, Restriction: r,
				})
				if err != nil || pages[0].Err != nil || len(pages[0].Value.Items) == 0 {
					b.Fatal(err, pages)
				}
			}
		})
	}
}
