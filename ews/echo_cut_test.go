package ews_test

import (
	"bufio"
	"context"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/redact"
)

// announcing is a RoundTripper that reports what it sends, as those of package auth do.
type announcing struct {
	next http.RoundTripper
	sent redact.Secrets
}

func (a *announcing) RoundTrip(r *http.Request) (*http.Response, error) {
	a.sent.Announce(r.Context())
	return a.next.RoundTrip(r)
}

// No error contains half a password, wherever a text is taken apart or shortened.
func TestEchoIsCutInTwo(t *testing.T) {
	t.Parallel()
	const secret = "S3cr3t@Passw0rd/of?many#parts:and;more"
	long := strings.Repeat("x", 180)
	message := func(text string) string {
		return strings.ReplaceAll(soap(response(ews.OpGetFolder, refusal(ews.OpGetFolder, "ErrorAccessDenied"))), ">refused<", ">"+html.EscapeString(text)+"<")
	}
	for name, answer := range map[string]answerFunc{
		"redirect":         respondWith(302, "", http.Header{"Location": {"https://" + secret}}),
		"redirect, inside": respondWith(302, "", http.Header{"Location": {"https://mail.example.test/" + secret + "@evil.test/"}}),
		"title":            respondWith(500, "<html><head><title>"+strings.Repeat("x", 100)+secret+"</title>", nil),
		"request id":       respondWith(500, "", http.Header{"Request-Id": {long + secret}, "X-Caserrorcode": {long + secret}}),
		"message":          respondWith(200, message(long+secret), nil),
		"long element":     respondWith(200, soap("<m:GetFolderResponse><m:"+strings.Repeat("x", 40)+"S3cr3t.Passw0rd-of-many.parts>"), nil),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rt := &announcing{next: serve(answer)}
			rt.sent.Add("svc", secret)
			rt.sent.Add("svc", "S3cr3t.Passw0rd-of-many.parts")
			results, err := newClient(t, rt, &ews.Options{ReadAttempts: 1}).GetFolder(t.Context(), ews.GetFolderRequest{Folders: []ews.FolderRef{inbox()}})
			if err == nil {
				err = results[0].Err
			}
			require.Error(t, err)
			text := shown(err)
			for i := 0; i+6 <= len(secret); i++ {
				require.NotContains(t, text, secret[i:i+6])
			}
			require.NotContains(t, text, "S3cr3t")
		})
	}
}

// A session identifier is as good as a password, even that of a session that begins with
// this answer.
func TestEchoOfACookie(t *testing.T) {
	t.Parallel()
	const old, fresh = "k5x2w1q0v9u8t7s6r5p4n3m2", "a1b2c3d4e5f6g7h8i9j0k1l2"
	req := ews.GetFolderRequest{Folders: []ews.FolderRef{inbox()}}
	set := func(id string) http.Header {
		return http.Header{"Set-Cookie": {"ASP.NET_SessionId=" + id + "; path=/", "theme=the-server-is-busy"}}
	}
	srv := serve(respondWith(200, soap(response(ews.OpGetFolder)), set(old)),
		respondWith(500, "<html><head><title>Session "+old+" ended, go on with /(S("+fresh+"))/</title>", set(fresh)))
	c := newClient(t, srv, &ews.Options{ReadAttempts: 1})
	_, _ = c.GetFolder(t.Context(), req)
	_, err := c.GetFolder(t.Context(), req)
	require.ErrorContains(t, err, "Session [redacted] ended")
	assert.NotContains(t, shown(err), fresh)
	assert.NotContains(t, shown(err), old)
}

// A proxy may echo its own password, which a plain transport does not report.
func TestEchoOfAProxy(t *testing.T) {
	t.Parallel()
	proxy, err := url.Parse("http://u:pr0xyPW@proxy.example.test/")
	require.NoError(t, err)
	rt := &http.Transport{Proxy: http.ProxyURL(proxy), DialContext: func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go func() {
			req, err := http.ReadRequest(bufio.NewReader(there))
			if assert.NoError(t, err) {
				_, _ = io.Copy(io.Discard, req.Body)
			}
			_, _ = there.Write([]byte("HTTP/1.1 pr0xyPW\r\n\r\n"))
			_ = there.Close()
		}()
		return here, nil
	}}
	c, err := ews.NewClient("http://mail.example.test/EWS/Exchange.asmx", &ews.Options{Transport: rt, ReadAttempts: 1})
	require.NoError(t, err)
	_, err = c.GetFolder(t.Context(), ews.GetFolderRequest{Folders: []ews.FolderRef{inbox()}})
	require.ErrorContains(t, err, "[redacted]")
	assert.NotContains(t, shown(err), "pr0xyPW")
}
