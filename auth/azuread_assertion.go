package auth

import (
	"io"
	"net/http"
	"net/url"

	"github.com/ewsquarantine/ewsquarantine/internal/redact"
)

// assertionWatch remembers the signed assertions of token requests (RFC 7523), with
// which others could get a token for some minutes, so that an echo is struck out.
type assertionWatch struct {
	next http.RoundTripper
	sent *redact.Secrets
}

// maxForm bounds a token request, in bytes.
const maxForm = 64 << 10

// RoundTrip implements [http.RoundTripper].
func (w assertionWatch) RoundTrip(req *http.Request) (*http.Response, error) {
	w.sent.AddProxy(w.next, req)
	w.sent.Announce(req.Context())
	if req.GetBody != nil {
		if body, err := req.GetBody(); err == nil {
			text, _ := io.ReadAll(io.LimitReader(body, maxForm)) // it is in memory
			_ = body.Close()
			form, _ := url.ParseQuery(string(text)) // as far as it is one
			w.sent.AddToken(form.Get("client_assertion"))
		}
	}
	return w.next.RoundTrip(req)
}

// CloseIdleConnections closes the connections that are not in use.
func (w assertionWatch) CloseIdleConnections() { closeIdle(w.next) }
