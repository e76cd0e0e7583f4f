package auth

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"

	"github.com/ewsquarantine/ewsquarantine/internal/redact"
)

// assertionWatch remembers secrets, so that they are removed from errors: the signed
// assertions of token requests (RFC 7523), with which others could get a token for some
// minutes, because they may be echoed; and the tokens in the responses, because MSAL's
// errors show responses that it cannot read.
type assertionWatch struct {
	next http.RoundTripper
	sent *redact.Secrets
}

// Bounds on a token request and its response, in bytes. A response contains a token of a
// few KiB, or a list of Microsoft's authorities; MSAL would read without limit.
const (
	maxForm        = 64 << 10
	maxTokenAnswer = 1 << 20
)

var errTokenAnswer = errors.New("the answer is larger than 1 MiB")

// boundedBody is the body of a response from the authority.
type boundedBody struct {
	io.ReadCloser
	left int
	seen bytes.Buffer
	sent *redact.Secrets
}

// issued matches a token in a response, even if the response is otherwise malformed.
var issued = regexp.MustCompile(`(?i)(?:access|refresh|id)_token\W{1,16}([\w.~+/=-]+)`)

// Read implements [io.Reader].
func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		n, err = 0, errTokenAnswer
	}
	b.seen.Write(p[:n])
	if err != nil {
		for _, m := range issued.FindAllSubmatch(b.seen.Bytes(), maxIssued) {
			b.sent.AddToken(string(m[1]))
		}
		b.seen.Reset()
	}
	return n, err
}

// maxIssued is the largest number of tokens that are remembered from a response.
const maxIssued = 8

// RoundTrip implements [http.RoundTripper].
func (w assertionWatch) RoundTrip(req *http.Request) (*http.Response, error) {
	w.sent.AddProxy(w.next, req)
	w.sent.Announce(req.Context())
	if req.GetBody != nil {
		if body, err := req.GetBody(); err == nil {
			text, _ := io.ReadAll(io.LimitReader(body, maxForm)) // it is in memory
			_ = body.Close()
			form, _ := url.ParseQuery(string(text)) // as far as it can be parsed
			w.sent.AddToken(form.Get("client_assertion"))
		}
	}
	resp, err := w.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	resp.Body = &boundedBody{ReadCloser: resp.Body, left: maxTokenAnswer, sent: w.sent}
	return resp, nil
}

// CloseIdleConnections closes the connections that are not in use.
func (w assertionWatch) CloseIdleConnections() { closeIdle(w.next) }
