package ewstest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// BenchmarkDirect is one small operation in process, which bounds how many
// histories a test can run.
func BenchmarkDirect(b *testing.B) {
	srv := ewstest.NewServer(ewstest.Options{})
	m := srv.Mailbox(alice).Deliver([]byte(plain))
	rt := srv.As(srv.Direct(), "svc")
	body := `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Header><t:RequestServerVersion Version="Exchange2013_SP1"/></s:Header><s:Body>` + getItemXML(full, itemID(m)) + `</s:Body></s:Envelope>`
	b.ReportAllocs()
	for b.Loop() {
		req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, srv.DirectURL(), strings.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		res, err := rt.RoundTrip(req)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkNewServer is the default scenario, made anew for each history.
func BenchmarkNewServer(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		ewstest.NewServer(ewstest.Options{}).Close()
	}
}
