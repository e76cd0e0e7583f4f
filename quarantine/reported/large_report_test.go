package reported_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported"
)

// TestLargeReport: a report of 40 MB is streamed. It is not parallel, so nothing else is on
// the heap.
func TestLargeReport(t *testing.T) {
	w := newWorld(t, ewstest.Options{})
	w.report(1)
	const size = 40 << 20
	client, err := ews.NewClient(w.DirectURL(), &ews.Options{Transport: &largeMIME{next: w.As(w.Direct(), "svc"), size: size}})
	require.NoError(t, err)
	driver, err := ewsmail.NewImpersonation(client, nil)
	require.NoError(t, err)
	watcher, err := reported.New(driver.Mailbox(abuse), nil)
	require.NoError(t, err)
	for report, err := range watcher.Watch(t.Context()) {
		require.NoError(t, err)
		defer debug.SetGCPercent(debug.SetGCPercent(100))
		runtime.GC()
		var before, now runtime.MemStats
		runtime.ReadMemStats(&before)
		message, err := report.Open(t.Context())
		require.NoError(t, err)
		buffer := make([]byte, 64<<10)
		var n, most int64
		for next := int64(0); ; {
			m, err := message.Read(buffer)
			if n += int64(m); n >= next {
				next += 1 << 20
				runtime.ReadMemStats(&now)
				most = max(most, int64(now.HeapAlloc)-int64(before.HeapAlloc))
			}
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
		}
		require.NoError(t, message.Close())
		require.NoError(t, report.Acknowledge(t.Context()))
		assert.EqualValues(t, size, n)
		assert.Less(t, most, int64(16<<20))
		t.Logf("%d MB read with at most %.1f MB more on the heap", n>>20, float64(most)/(1<<20))
		break
	}
}

// largeMIME answers requests for the MIME form of an item with a large one, generated on
// the fly.
type largeMIME struct {
	next http.RoundTripper
	size int
}

func (l *largeMIME) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if !strings.Contains(string(body), "IncludeMimeContent") {
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		return l.next.RoundTrip(r)
	}
	const before = `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ` +
		`xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Body>` +
		`<m:GetItemResponse><m:ResponseMessages><m:GetItemResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>` +
		`<m:Items><t:Message><t:MimeContent CharacterSet="UTF-8">`
	const after = `</t:MimeContent></t:Message></m:Items></m:GetItemResponseMessage></m:ResponseMessages></m:GetItemResponse></s:Body></s:Envelope>`
	in, out := io.Pipe()
	go func() {
		fmt.Fprint(out, before)
		encoder := base64.NewEncoder(base64.StdEncoding, out)
		line := []byte(strings.Repeat("x", 1022) + "\r\n")
		for range l.size / len(line) {
			if _, err := encoder.Write(line); err != nil {
				return
			}
		}
		encoder.Close()
		fmt.Fprint(out, after)
		out.Close()
	}()
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/xml"}}, Body: in, Request: r, ProtoMajor: 1}, nil
}
