package graphmail_test

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/mimescan"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

const reportID = "<report@example.test>"

// nested is a report with an attached message, which itself has an attached message, a
// file, and text.
const nested = "From: Bob <bob@example.test>\r\nTo: alice@example.test\r\nSubject: =?utf-8?q?Bitte_pr=C3=BCfen?=\r\nMessage-ID: " + reportID +
	"\r\nX-Reporter: bob@example.test\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n" +
	"--o\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>gr\u00fc\u00df <a href=\"https://own.example/\">x</a></p>\r\n" +
	"--o\r\nContent-Type: message/rfc822\r\n\r\nFrom: mallory@evil.example\r\nSubject: outer\r\nMessage-ID: <outer@evil.example>\r\nAuthentication-Results: mx; spf=fail\r\n" +
	"Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\nsee https://evil.example/one\r\n" +
	"--i\r\nContent-Type: message/rfc822\r\n\r\nFrom: m@evil.example\r\nSubject: inner\r\nMessage-ID: <inner@evil.example>\r\n\r\nhttps://evil.example/two\r\n--i--\r\n" +
	"--o\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--o--\r\n"

// seen is what a reader of a message finds in it.
type seen struct{ heads, links, files []string }

func scan(t *testing.T, r io.Reader) seen {
	t.Helper()
	var s seen
	_, err := mimescan.Scan(r, mimescan.Handler{
		Begin: func(head []byte) error {
			for line := range strings.SplitSeq(string(head), "\r\n") {
				if name, _, _ := strings.Cut(line, ":"); name == "Message-ID" || name == "X-Reporter" || name == "Subject" {
					s.heads = append(s.heads, line)
				}
			}
			return nil
		},
		Link: func(link string) error { s.links = append(s.links, link); return nil },
		Attachment: func(a mimescan.Attachment) error {
			if a.Type == "message/rfc822" {
				s.files = append(s.files, a.Type) // Graph writes each anew and gives it a name
				return nil
			}
			s.files = append(s.files, fmt.Sprintf("%s %s %d %x", a.Type, a.Name, a.Size, a.SHA256[:4]))
			return nil
		},
	})
	require.NoError(t, err)
	return s
}

// reportIn returns the report in alice's Inbox, and the mailbox that assembles its MIME
// form.
func reportIn(t *testing.T, s *graphmail.Strategy) (driver.Item, driver.Assembling) {
	t.Helper()
	w := box(t, s, alice)
	a, ok := driver.As[driver.Assembling](s.Mailbox(alice))
	require.True(t, ok)
	it := one(t, s.Mailbox(alice), driver.Query{MessageID: reportID})
	it, _, err := w.Noted(t.Context(), it.ID)
	require.NoError(t, err)
	return it, a
}

func opened(t *testing.T, a driver.Assembling, it driver.Item) string {
	t.Helper()
	r, err := a.Assemble(t.Context(), it)
	require.NoError(t, err)
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	_, err = r.Read(make([]byte, 1))
	require.Error(t, err)
	return string(text)
}

// TestAssembleFromParts: a message assembled from its parts has the same content as one
// that Graph returns in one piece.
func TestAssembleFromParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.Mailbox(alice).Deliver([]byte(nested))
	it, a := reportIn(t, w.strategy(t))
	whole := opened(t, a, it)
	it.Size = 25 << 20 // as for a large message
	w.ResetRequests()
	parts := opened(t, a, it)
	assert.Equal(t, scan(t, strings.NewReader(whole)), scan(t, strings.NewReader(parts)))
	assert.NotEqual(t, whole, parts)
	var asked []graphtest.Operation
	for _, r := range w.Requests() {
		asked = append(asked, r.Operation)
	}
	assert.Equal(t, []graphtest.Operation{graphtest.OpListAttachments, graphtest.OpGetMessage, graphtest.OpGetAttachmentContent, graphtest.OpGetAttachmentContent}, asked)
}

// TestAssembleTellsReferences: a file that is kept elsewhere is reported, although there
// is nothing to read.
func TestAssembleTellsReferences(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	link := "--o\r\nContent-Type: message/external-body; access-type=x-reference\r\nContent-Disposition: attachment; filename*=utf-8''Rechnung%20%C3%BC.html\r\n\r\n" +
		"X-Reference-AttachLongPathName: https://files.example/x\r\n\r\n--o--\r\n"
	w.Mailbox(alice).Deliver([]byte(strings.Replace(nested, "--o--\r\n", link, 1)))
	it, a := reportIn(t, w.strategy(t))
	got := scan(t, strings.NewReader(opened(t, a, it)))
	assert.Contains(t, strings.Join(got.files, "\n"), "message/external-body Rechnung \u00fc.html")
	assert.Len(t, got.files, 4)
}

// TestAssembleFails: a part that cannot be read is reported, whichever part it is.
func TestAssembleFails(t *testing.T) {
	t.Parallel()
	for _, op := range []graphtest.Operation{graphtest.OpListAttachments, graphtest.OpGetAttachmentContent} {
		for _, fault := range []graphtest.Fault{graphtest.Status(404, "ErrorItemNotFound"), graphtest.CutAnswer, graphtest.Status(500, "ErrorCorruptData")} {
			w := newWorld(t, nil)
			w.Mailbox(alice).Deliver([]byte(nested))
			it, a := reportIn(t, w.strategy(t, func(o *graphmail.Options) { o.Attempts = 1 }))
			it.Size = 25 << 20
			w.Fail(graphtest.When{Operation: op}, fault)
			r, err := a.Assemble(t.Context(), it)
			if err == nil {
				_, err = io.Copy(io.Discard, r)
				require.NoError(t, r.Close())
			}
			require.Error(t, err, "%s, %s", op, fault.Name)
			assert.Equal(t, strings.Contains(fault.Name, "404"), strings.Contains(err.Error(), driver.ErrGone.Error()), err)
		}
	}
}

// TestAssembleLarge: 40 MB in one attached message are streamed. The test is not
// parallel, so that nothing else is on the heap.
func TestAssembleLarge(t *testing.T) {
	w := newWorld(t, nil)
	w.Mailbox(alice).Deliver([]byte(nested))
	const size = 40 << 20
	s, err := graphmail.New(largeContent{w.As(w.Direct(), "app"), size}, &graphmail.Options{Root: w.DirectURL()})
	require.NoError(t, err)
	it, a := reportIn(t, s)
	it.Size = size
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := a.Assemble(t.Context(), it)
	require.NoError(t, err)
	var n, most int64
	buffer := make([]byte, 64<<10)
	for next := int64(0); ; {
		m, err := r.Read(buffer)
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
	require.NoError(t, r.Close())
	assert.Greater(t, n, int64(size))
	assert.Less(t, most, int64(16<<20))
	t.Logf("%d MB read with at most %.1f MB more on the heap", n>>20, float64(most)/(1<<20))
}

// largeContent answers requests for the content of an attachment with a large content.
type largeContent struct {
	next http.RoundTripper
	size int
}

func (l largeContent) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(r)
	if err == nil && strings.Contains(r.URL.Path, "/attachments/") {
		line := strings.Repeat("x", 1022) + "\r\n"
		resp.Body.Close()
		resp.Body = io.NopCloser(io.LimitReader(repeat(line), int64(l.size/2)))
		resp.ContentLength = -1
	}
	return resp, err
}

// repeat is an endless repetition of a text.
type repeat string

func (r repeat) Read(p []byte) (int, error) {
	n := 0
	for n+len(r) <= len(p) {
		n += copy(p[n:], r)
	}
	return max(n, copy(p[n:], r[:min(len(r), len(p)-n)])), nil
}
