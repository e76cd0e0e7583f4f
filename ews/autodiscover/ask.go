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

// Sizes of the largest answers that are read.
const (
	maxSOAP = 1 << 20
	maxJSON = 64 << 10
)

// reply is what a request gave.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// call makes one request and reads the answer, of which more than limit bytes
// are an error.
func (c *Client) call(ctx context.Context, rt http.RoundTripper, method, target string, body []byte, limit int64) (*reply, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opts.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", c.opts.UserAgent)
	if body != nil {
		req.Header.Set("Content-Type", "text/xml; charset=utf-8")
		req.Header.Set("Accept", "text/xml")
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return nil, silence{err}
	}
	defer resp.Body.Close()
	r := &reply{status: resp.StatusCode, header: resp.Header}
	if limit == 0 {
		return r, nil
	}
	if r.body, err = io.ReadAll(io.LimitReader(resp.Body, limit+1)); err != nil {
		return nil, silence{err}
	}
	if int64(len(r.body)) > limit {
		return nil, fmt.Errorf("the answer is larger than %d KiB", limit>>10)
	}
	return r, nil
}

// redirection returns where an answer redirects to, nil if it does not.
func (r *reply) redirection(from string) (*url.URL, error) {
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
		return nil, fmt.Errorf("it redirects to %s, which is %w", quote(location), errUnsafe)
	}
	return u, nil
}

// refused returns the error of an answer whose status says no.
func (r *reply) refused() error {
	return &refusal{
		text:      strings.TrimSpace(fmt.Sprintf("HTTP %d %s", r.status, http.StatusText(r.status))),
		temporary: r.status == http.StatusTooManyRequests || r.status >= 500,
	}
}

// wantsCredentials reports whether an Exchange is there and asks for
// credentials.
func (r *reply) wantsCredentials() bool {
	return r.status == http.StatusUnauthorized && len(r.header.Values("WWW-Authenticate")) > 0
}
