package ewstest_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// sending returns a function that sends one operation and reads its answer.
func sending(b *testing.B, srv *ewstest.Server, operation string) func() {
	rt := srv.As(srv.Direct(), "svc")
	body := `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Header><t:RequestServerVersion Version="Exchange2013_SP1"/></s:Header><s:Body>` + operation + `</s:Body></s:Envelope>`
	return func() {
		res, err := rt.RoundTrip(posted(b.Context(), b, srv.DirectURL(), strings.NewReader(body)))
		if err != nil {
			b.Fatal(err)
		}
		if answer, err := io.ReadAll(res.Body); err != nil || !strings.Contains(string(answer), "NoError") {
			b.Fatal(err, string(answer))
		}
	}
}

// BenchmarkContains measures the worst that a text can do to Contains: one that matches
// at each word of a long text and fails only at its end. The time grows with the sum of
// the lengths, not with their product: texts ten times as long take ten times as long.
func BenchmarkContains(b *testing.B) {
	for _, words := range []int{10_000, 100_000} {
		for _, mode := range []string{"FullString", "Prefixed", "Substring", "PrefixOnWords", "ExactPhrase"} {
			b.Run(fmt.Sprintf("%s/%d", mode, words), func(b *testing.B) {
				srv := ewstest.NewServer(nil)
				defer srv.Close()
				srv.Mailbox(alice).Deliver([]byte("Subject: long\r\n\r\n" + strings.Repeat("ab ", words)))
				send := sending(b, srv, findXML(folderOf("inbox", alice), `<m:Restriction><t:Contains ContainmentMode="`+mode+`" ContainmentComparison="IgnoreCase"><t:FieldURI FieldURI="item:Body"/><t:Constant Value="`+
					strings.Repeat("ab ", words/10)+`a."/></t:Contains></m:Restriction>`))
				b.ReportAllocs()
				for b.Loop() {
					send()
				}
			})
		}
	}
}

// BenchmarkGroupBy measures a page of ten rows of a grouped folder: by a value that is
// unique to each item, and by one that all items share.
func BenchmarkGroupBy(b *testing.B) {
	for _, items := range []int{1_000, 10_000} {
		for _, uri := range []string{"item:Subject", "item:Importance"} {
			b.Run(fmt.Sprintf("%s/%d", uri, items), func(b *testing.B) {
				srv := ewstest.NewServer(nil)
				defer srv.Close()
				large(srv, items)
				send := sending(b, srv, findXML(folderOf("inbox", alice), `<m:IndexedPageItemView MaxEntriesReturned="10" Offset="0" BasePoint="Beginning"/><m:GroupBy Order="Ascending"><t:FieldURI FieldURI="`+uri+
					`"/><t:AggregateOn Aggregate="Maximum"><t:FieldURI FieldURI="item:DateTimeReceived"/></t:AggregateOn></m:GroupBy>`))
				b.ReportAllocs()
				for b.Loop() {
					send()
				}
			})
		}
	}
}
