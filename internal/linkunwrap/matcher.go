package linkunwrap

import (
	"errors"
	"strings"
)

// Matcher compares links with one URL.
//
// A link matches if it leads to the same host and to the same path or one below
// it: https://a.example/x matches https://a.example/x, /x/, /x?y and /x/y, but
// not /xy. If the URL has a query, the path must be the same, and the link's
// query must be the same or continue it after an ampersand. So a URL without a
// path matches every link to its host, but not to a subdomain.
//
// The following differences are ignored: http or https; upper or lower case of
// the host; a host in Unicode or Punycode; an IPv4 address in dotted, octal,
// hexadecimal or single-number form; the scheme's default port; characters or
// their percent-encoding (a plus sign or a space in the query); a trailing slash;
// a fragment; user information.
type Matcher struct{ want address }

// NewMatcher returns a Matcher for a URL. If the URL itself is a readable link of
// a protection service, the Matcher is for its target.
func NewMatcher(url string) (*Matcher, error) {
	for range maxWraps {
		target, ok := Unwrap(url)
		if !ok || target.DomainOnly {
			break // the whole domain would match too much
		}
		url = target.URL
	}
	want, ok := normal(url)
	switch {
	case !ok:
		return nil, errors.New("is not an absolute http, https or ftp URL with a host; give it as https://host/path")
	case !strings.Contains(want.host, ".") && !strings.HasPrefix(want.host, "["):
		return nil, errors.New("has a host without a dot, which would match too much; give the full host name")
	}
	return &Matcher{want: want}, nil
}

// Match reports whether a link, or one that it wraps, leads to the URL.
func (m *Matcher) Match(link string) bool {
	for range maxWraps {
		if got, ok := normal(link); ok && m.matches(got) {
			return true
		}
		target, ok := Unwrap(link)
		if !ok {
			return false
		}
		link = target.URL
	}
	return false
}

// maxWraps is how many layers of services are unwrapped, more than any chain of
// gateways produces.
const maxWraps = 10

func (m *Matcher) matches(got address) bool {
	if got.host != m.want.host {
		return false
	}
	if m.want.query != "" {
		return got.path == m.want.path && begins(got.query, m.want.query, '&')
	}
	return begins(got.path, m.want.path, '/')
}

// begins reports whether s is the prefix, or continues it with the separator.
func begins(s, prefix string, separator byte) bool {
	rest, ok := strings.CutPrefix(s, prefix)
	return ok && (rest == "" || rest[0] == separator)
}
