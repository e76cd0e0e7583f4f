package autodiscover

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// reach makes a request and follows redirects to other paths of the same host. It returns
// the URL that answered.
func (l *lookup) reach(ctx context.Context, rt http.RoundTripper, method, target string, body []byte, limit int64) (*reply, string, error) {
	asked := map[string]bool{}
	for {
		asked[target] = true
		r, err := l.call(ctx, rt, method, target, body, limit)
		if err != nil {
			return nil, target, err
		}
		to, err := l.redirection(r, target)
		if err != nil || to == nil || !sameHost(to, target) || asked[to.String()] {
			return r, target, nil // the caller sees the redirect again
		}
		if !l.hop(target) {
			return nil, target, errTooOften
		}
		target = to.String()
	}
}

// besides returns the URL of the SOAP service next to the autodiscover.xml that answered,
// which a redirect may have moved to another folder.
func besides(source, host string) string {
	u, err := url.Parse(source)
	if err != nil || !strings.EqualFold(path.Base(u.Path), path.Base(plainPath)) {
		return "https://" + host + soapPath
	}
	return "https://" + host + path.Join(path.Dir(u.Path), path.Base(soapPath))
}

// redirected reports whether an answer is a redirect, and returns the host that it leads
// to, or an empty string if it must not be followed.
func (l *lookup) redirected(r *reply, source string) (host string, ok bool) {
	to, err := l.redirection(r, source)
	if err == nil && to == nil {
		return "", false
	}
	if err == nil {
		if host, err = secureHost(to); err != nil {
			err = fmt.Errorf("it redirects to %s: %w", l.quoteURL(to.String()), err)
		}
	}
	if err != nil {
		l.failed(source, err)
		return "", true
	}
	if !l.hop(source) {
		return "", true
	}
	return host, true
}
