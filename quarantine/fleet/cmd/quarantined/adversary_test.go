package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Secrets in unusable database addresses appear in no error.
func TestAddressesKeepTheirSecrets(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	for _, address := range []string{
		"postgres://u:hidden@127.0.0.1:port/d", "postgres://u:hidden@127.0.0.1:1/d?sslmode=perhaps", "postgres://u:hidden@127.0.0.1:1/d?sslrootcert=/none&sslmode=verify-full",
		"postgres://u:hid%zzden@127.0.0.1:1/d", "host=127.0.0.1 user=u password=hidden port=x", "host=127.0.0.1 user=u password='hidden", "user=u password=hidden nonsense", "hidden=",
		"postgres://u:hidden@127.0.0.1:1,127.0.0.1:x/d", "postgres://u:hidden@127.0.0.1:1/d",
		"postgres://u:hidden@/d?host=/none", "postgres://u:p@127.0.0.1:1/d?service=hidden", "postgres://u:p@127.0.0.1:1/d?passfile=/none/hidden&sslmode=perhaps",
		"postgres://u:hidden@127.0.0.1:1/d?pool_max_conns=many", "postgres://u:hidden@127.0.0.1:1/d?statement_cache_capacity=x", "postgres://u:hidden@127.0.0.1:1/d?default_query_exec_mode=x",
		"postgres://u:hidden@127.0.0.1:1/d?target_session_attrs=hidden", "mysql://u:hidden@127.0.0.1:1/d",
	} {
		l.env[envDatabase] = address
		out, status := l.run(t, "list", "-config", l.file(t, "address.json", `{"exchange": {}}`))
		assert.NotZero(t, status, address)
		assert.NotContains(t, out, "hidden", address)
		assert.Regexp(t, "databaseUrl|does not answer|sslmode", out, address)
	}
}

// A token appears in no log and no answer, wherever somebody writes it.
func TestTokenIsNotLogged(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	const token = "a-token-to-be-kept"
	l.env[envToken] = token
	w := l.work(t)
	for _, c := range [][]string{
		{"GET", "/alerts/x", "Authorization", "Bearer " + token}, {"GET", "/alerts/x", "Authorization", "Bearer " + token + "x"},
		{"GET", "/alerts/x", "Authorization", "bearer  " + token}, {"GET", "/metrics", "Authorization", token},
		{"POST", "/alerts", "Authorization", "Bearer " + token, "Content-Type", "application/json"},
		{"GET", "/alerts/x?token=" + token, "Cookie", "t=" + token},
	} {
		_, header, text := call(t, c[0], w.url+c[1], `{"mailboxes":["a@b.c"],"messageId":"x","criteria":{"subject":"`+"\x01"+`"}}`, c[2:]...)
		assert.NotContains(t, text, token)
		for _, values := range header {
			assert.NotContains(t, strings.Join(values, " "), token)
		}
	}
	w.stop()
	assert.NotContains(t, w.log.String(), token)
	assert.NotContains(t, w.log.String(), password)
}

// Bodies that are endless, compressed or deeply nested, and endless headers, are refused
// before they cost anything.
func TestEndlessRequests(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	w := l.work(t)
	post := func(body io.Reader, header ...string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), "POST", w.url+"/alerts", body)
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0, err.Error() // broken off
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(text)
	}
	for name, text := range map[string]string{"space": " ", "a name": `{"a`, "nested": `[[`, "mailboxes": `{"mailboxes":["x`} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
		require.NoError(t, err)
		defer conn.Close()
		go func() { // until the server breaks it off
			chunk := fmt.Sprintf("%x\r\n%s\r\n", 32<<10, strings.Repeat(text[len(text)-1:], 32<<10))
			_, err := fmt.Fprintf(conn, "POST /alerts HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(text), text)
			for err == nil {
				_, err = io.WriteString(conn, chunk)
			}
		}()
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(20*time.Second)))
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err, name)
		assert.Contains(t, []int{http.StatusRequestEntityTooLarge, http.StatusBadRequest}, resp.StatusCode, name)
	}
	var squeezed bytes.Buffer
	z := gzip.NewWriter(&squeezed)
	_, _ = z.Write(bytes.Repeat([]byte(" "), 64<<20))
	require.NoError(t, z.Close())
	status, _ := post(&squeezed, "Content-Encoding", "gzip")
	assert.Equal(t, http.StatusBadRequest, status)
	status, _ = post(strings.NewReader("{}"), "X-Long", strings.Repeat("x", 64<<10))
	assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, status)

	conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "POST /alerts HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /alerts/x HTTP/1.1\r\nHost: evil.example\r\n\r\n")
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(30*time.Second)))
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	assert.Equal(t, http.StatusBadRequest, resp.StatusCode)
	status, _, _ = call(t, "GET", w.url+"/readyz", "")
	assert.Equal(t, http.StatusOK, status, "it serves others")
}

// No answer, not even an error, a redirect or a file, may be framed, sniffed or stored, and
// other host names are not served.
func TestEveryAnswerIsGuarded(t *testing.T) {
	t.Parallel()
	_, w := campaignPages(t, nil)
	for _, path := range []string{"/", "/campaigns/case-1", "/campaigns/none", "/campaigns/case-1/release", "/campaigns/case-1/receipts.jsonl", "/reports", "/reports/none", "/style.css", "/nothing", "//", "/campaigns//release", "/campaigns/..%2f..%2fetc/release", "/healthz", "/readyz", "/metrics", "/alerts/case-1", "/alerts"} {
		status, header, text := call(t, "GET", w.url+path, "")
		assert.Equal(t, "DENY", header.Get("X-Frame-Options"), path)
		assert.Contains(t, header.Get("Content-Security-Policy"), "frame-ancestors 'none'", path)
		assert.Equal(t, "nosniff", header.Get("X-Content-Type-Options"), path)
		assert.Equal(t, "no-store", header.Get("Cache-Control"), path)
		assert.Empty(t, header.Get("Access-Control-Allow-Origin"), path)
		assert.NotContains(t, text, "<script", path)
		assert.Less(t, status, 500, path)
		for _, host := range []string{"evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "localhost:80@evil.example", ""} {
			if path == "/healthz" || path == "/readyz" || path == "/style.css" || host == "" {
				continue // they contain nothing of anybody's mail
			}
			status, _, text := call(t, "GET", w.url+path, "", "Host", host)
			assert.GreaterOrEqual(t, status, 300, "%s %s", host, path)
			assert.NotContains(t, text, alice, "%s %s", host, path)
		}
	}
}

// Names in files of targets are refused with their line if they cannot be used, and
// otherwise taken as they are: shown, but never executed.
func TestHostileTargets(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	w := l.work(t)
	for text, says := range map[string]string{
		"mailbox,message_id\na@example.test,<1\x00@evil.example>\n":              "line 2",
		"mailbox,message_id\na@example.test,<1@evil.example>\nb@example.test,\n": "line 3",
		"mailbox,message_id\n\"a@example.test,<1@evil.example>\n":                "line",
		"mailbox,message_id\na@example.test,<1@evil.example>,more\n":             "line 2",
		"mailbox,message_id\n\xff\xfe@example.test,<1@evil.example>\n":           "line 2",
		"mailbox\ta\n": "column",
		"{\"mailbox\":\"a@example.test\",\"message_id\":\"" + strings.Repeat("x", 2<<20) + "\"}\n": "too long",
		"{\"mailbox\":\"a@example.test\",\"message_id\":\"<1@evil.example>\"} {}\n":                "line 1",
	} {
		out, status := l.run(t, "enqueue", "-config", l.config, "-targets", l.file(t, "bad", text))
		assert.Equal(t, 2, status, "%.80q: %s", text, out)
		assert.Contains(t, out, says, "%.80q", text)
	}
	hostileID := `<1.<script>alert(1)</script>.=cmd|'/C calc'!A0@evil.example>`
	file := l.file(t, "good.csv", "message_id,mailbox,reason\n\""+hostileID+"\",nobody@example.test,\"=HYPERLINK(\"\"http://evil.example\"\") <img src=x onerror=alert(1)> \u202Egnp.exe\"\n")
	out, status := l.run(t, "enqueue", "-config", l.config, "-targets", file, "-campaign", "hostile", "-by", "</title><script>alert(2)</script>")
	require.Zero(t, status, out)
	l.done(t, "hostile", nil)
	_, _, page := call(t, "GET", w.url+"/campaigns/hostile", "")
	for _, bad := range []string{"<script", "<img", "</title><"} {
		assert.NotContains(t, page, bad)
	}
	assert.Contains(t, page, "&lt;script&gt;alert(1)")
	out, status = l.run(t, "enqueue", "-config", l.config, "-targets", file, "-campaign", "../etc")
	assert.Equal(t, 2, status, out)
	assert.Contains(t, out, "letters, digits")
}
