package graphmail_test

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
)

// TestMadeAnewLarge: 100 MB of attachments are carried in pieces. The test is not
// parallel, so that nothing else is on the heap.
func TestMadeAnewLarge(t *testing.T) {
	for _, c := range []struct{ files, size int }{{1, 100 << 20}, {33, 3<<20 - 1}, {700, 150_000}} {
		g := &large{files: c.files, size: c.size}
		s, err := graphmail.New(g, &graphmail.Options{ImportTransport: g, Ways: []driver.Way{driver.WayRecreate}})
		require.NoError(t, err)
		at := time.Date(2026, 11, 20, 8, 30, 0, 0, time.UTC)
		it := driver.Item{ID: "m", Version: "1", Class: "IPM.Note", MessageID: theID, Received: at, Sent: at, Stamp: &driver.Stamp{
			Operation: driver.NewOperation(), Attempt: driver.NewOperation(), Lease: at, Mailbox: alice, Direction: driver.ToQuarantine, At: at}}
		g.stamp = *it.Stamp
		g.stamp.Rebuilt, g.stamp.Direction = true, driver.Surplus
		old := debug.SetGCPercent(100)
		runtime.GC()
		var before runtime.MemStats
		runtime.ReadMemStats(&before)
		g.base = int64(before.HeapAlloc)
		carried, err := s.Carry(t.Context(), driver.Carriage{From: s.Mailbox(alice), Item: it, To: s.Mailbox(vault), Folder: driver.Folder{ID: "f"}})
		debug.SetGCPercent(old)
		require.NoError(t, err)
		assert.Equal(t, "new", carried.ItemID)
		assert.GreaterOrEqual(t, g.sent, int64(c.files)*int64(c.size))
		assert.Less(t, g.most, int64(16<<20))
		t.Logf("%d files of %d bytes made anew with at most %.1f MB more on the heap", c.files, c.size, float64(g.most)/(1<<20))
	}
}

// large is a Graph with one large message, which is generated as it is read.
type large struct {
	files, size      int
	base, most, sent int64
	stamp            driver.Stamp // stamp that the message is made with
}

// measure measures the size of the heap.
func (g *large) measure() {
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	g.most = max(g.most, int64(now.HeapAlloc)-g.base)
}

// measured measures while something is read.
type measured struct {
	io.Reader
	g *large
	n int
}

func (m *measured) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	if m.n += n; m.n >= 1<<20 {
		m.n = 0
		m.g.measure()
	}
	return n, err
}

func (g *large) RoundTrip(r *http.Request) (*http.Response, error) {
	g.measure()
	if r.Body != nil {
		n, err := io.Copy(io.Discard, &measured{r.Body, g, 0})
		if err != nil {
			return nil, err
		}
		g.sent += n
	}
	status, path := http.StatusOK, r.URL.Path
	var body io.Reader
	says := func(code int, text string) { status, body = code, strings.NewReader(text) }
	switch {
	case path == "/v1.0/users":
		address := alice
		if strings.Contains(r.URL.RawQuery, "quarantine") {
			address = vault
		}
		says(200, `{"value":[{"id":"`+address+`","mail":"`+address+`","proxyAddresses":["SMTP:`+address+`"]}]}`)
	case strings.HasSuffix(path, "/messages/m/$value"):
		in, out := io.Pipe()
		go g.mime(out)
		body = in
	case r.Method == http.MethodGet && strings.HasSuffix(path, "/messages/new"):
		var values []string
		for name, value := range g.stamp.Values() {
			values = append(values, fmt.Sprintf(`{"id":"String {%s} Name %s","value":%q}`, driver.StampSet, name, value))
		}
		says(200, `{"id":"new","singleValueExtendedProperties":[`+strings.Join(values, ",")+`]}`)
	case strings.HasSuffix(path, "/$value"):
		body = io.LimitReader(repeat(strings.Repeat("x", 1024)), int64(g.size))
	case r.Method == http.MethodGet && strings.HasSuffix(path, "/attachments"):
		var all []string
		for i := range g.files {
			all = append(all, fmt.Sprintf(`{"@odata.type":"#microsoft.graph.fileAttachment","id":"a%d","name":"a%d.bin","size":%d}`, i, i, g.size))
		}
		says(200, `{"value":[`+strings.Join(all, ",")+`]}`)
	case r.Method == http.MethodGet && strings.HasSuffix(path, "/messages/m"):
		says(200, `{"id":"m","subject":"x","body":{"contentType":"text","content":"x"},"isRead":false,"isDraft":false}`)
	case strings.HasSuffix(path, "/createUploadSession"):
		says(201, `{"uploadUrl":"https://upload.example/?authtoken=secret"}`)
	case r.Method == http.MethodPut:
		var from, to, whole int
		_, _ = fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &whole)
		if to+1 == whole {
			says(201, "")
		} else {
			says(200, fmt.Sprintf(`{"nextExpectedRanges":["%d-"]}`, to+1))
		}
	case r.Method == http.MethodPatch:
		says(200, `{"id":"new","changeKey":"2"}`)
	case strings.HasSuffix(path, "/attachments"):
		says(201, `{"id":"a"}`)
	case strings.HasSuffix(path, "/messages"):
		says(201, `{"id":"new","changeKey":"1"}`)
	default:
		says(501, `{"error":{"code":"`+r.Method+" "+path+`"}}`)
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(&measured{body, g, 0}), Request: r, ProtoMajor: 1}, nil
}

// mime writes the MIME form.
func (g *large) mime(pipe *io.PipeWriter) {
	out := bufio.NewWriterSize(pipe, 16<<10)
	fmt.Fprint(out, "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nx\r\n")
	line := []byte(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 57))) + "\r\n")
	for i := range g.files {
		fmt.Fprintf(out, "--b\r\nContent-Type: application/octet-stream; name=a%d.bin\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=a%d.bin\r\n\r\n", i, i)
		for range g.size / 57 {
			if _, err := out.Write(line); err != nil {
				return
			}
		}
	}
	fmt.Fprint(out, "--b--\r\n")
	pipe.CloseWithError(out.Flush())
}
