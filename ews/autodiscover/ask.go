package autodiscover

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Paths of the service.
const (
	soapPath  = "/autodiscover/autodiscover.svc"
	plainPath = "/autodiscover/autodiscover.xml"
)

// Maximum sizes of answers, in bytes.
const (
	maxSOAP = 1 << 20
	maxJSON = 64 << 10
)

// reply is the answer to a request.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// call makes one request and reads the answer, which must not exceed limit bytes. With a
// limit of 0 the body is not read.
func (l *lookup) call(ctx context.Context, rt http.RoundTripper, method, target string, body []byte, limit int64) (*reply, error) {
	ctx, cancel := context.WithTimeout(ctx, l.opts.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", l.opts.UserAgent)
	if body != nil {
		req.Header.Set("Content-Type", "text/xml; charset=utf-8")
		req.Header.Set("Accept", "text/xml")
	}
	l.sent.Sends(req)
	l.sent.SawTransport(rt, req)
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return nil, silence{l.sent.Error(err)}
	}
	defer resp.Body.Close()
	l.sent.SawRequest(resp.Request)
	l.sent.SawResponse(resp)
	r := &reply{status: resp.StatusCode, header: resp.Header}
	if limit == 0 {
		return r, nil
	}
	if r.body, err = io.ReadAll(io.LimitReader(resp.Body, limit+1)); err != nil {
		return nil, silence{l.sent.Error(err)}
	}
	if int64(len(r.body)) > limit {
		return nil, fmt.Errorf("the answer is larger than %d KiB", limit>>10)
	}
	return r, nil
}

// redirection returns the URL that an answer redirects to, or nil if it is not a
// redirect.
func (l *lookup) redirection(r *reply, from string) (*url.URL, error) {
	switch r.status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil, nil
	}
	location := r.header.Get("Location")
	base, err := url.Parse(from)
	if err != nil {
		return nil, err
	}
	u, err := base.Parse(location)
	if location == "" || len(location) > maxURL || err != nil {
		return nil, fmt.Errorf("it redirects to %s, which is %w", l.quoteURL(location), errUnsafe)
	}
	return u, nil
}

// refused returns the error for an answer with an unexpected status.
func (r *reply) refused() error {
	return &refusal{
		text:      strings.TrimSpace(fmt.Sprintf("HTTP %d %s", r.status, http.StatusText(r.status))),
		temporary: r.status == http.StatusTooManyRequests || r.status >= 500,
	}
}

// wantsCredentials reports whether the server asks for credentials.
func (r *reply) wantsCredentials() bool {
	return r.status == http.StatusUnauthorized && len(r.header.Values("WWW-Authenticate")) > 0
}
