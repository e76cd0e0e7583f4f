package linkunwrap

import (
	"errors"
	"slices"
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
//
// A link of a service that shows only the domain of its target matches a URL without
// a path, and may match one with a path: see [Matcher.Check].
type Matcher struct {
	meant string // how the URL was understood; see Meant
	want  address
	also  []address // links that match as they are: the URL as given, and those that it wraps
}

// Verdict tells whether a link leads to a URL.
type Verdict int

// Verdicts.
const (
	No Verdict = iota
	// Maybe means that the link leads to the domain of the URL and only its service
	// knows the path, or that it is wrapped too often.
	Maybe
	Yes
)

// NewMatcher returns a Matcher for a URL. If the URL itself is a readable link of a
// protection service, the Matcher is for its target; if it shows only the domain, the
// Matcher is for all links to that domain and for the link itself. The URL may be
// defanged (hxxps://evil[.]example).
func NewMatcher(url string) (*Matcher, error) {
	m := &Matcher{}
	m.asked(url)
	given := strings.TrimSpace(url)
	url = refanged(url)
	if url != given {
		m.meant = "it was taken as " + url
	}
	if service := tokenOnly(url); service != "" {
		m.meant = "it is a link of " + service + " that does not show where it leads, so only that link itself is found: it is another one in each mailbox"
	}
	for range maxWraps {
		target, ok := Unwrap(url)
		if !ok {
			break
		}
		m.meant = "it is a link of " + target.Service + ", so links to " + target.URL + " were looked for, too"
		if target.DomainOnly {
			m.meant = "it is a link of " + target.Service + " that shows only the domain of its target, so all links to " + target.URL + " were looked for, too"
		}
		m.asked(url)
		url = target.URL
	}
	p, ok := split(url)
	if !ok {
		return nil, errors.New("is not an absolute http, https or ftp URL with a host; give it as https://host/path")
	}
	if err := checkHost(p); err != nil {
		return nil, err
	}
	m.want, ok = normal(url)
	switch {
	case !ok:
		return nil, errors.New("has a host that no link can have; give it as https://host/path")
	case !strings.Contains(m.want.host, ".") && !strings.HasPrefix(m.want.host, "["):
		return nil, errors.New("has a host without a dot, which would match too much; give the full host name")
	}
	return m, nil
}

// Meant returns how the URL was understood if it was not taken literally; the text
// completes "the URL was given as …". Otherwise it is empty.
func (m *Matcher) Meant() string { return m.meant }

// asked notes a link that matches as it is.
func (m *Matcher) asked(link string) {
	if a, ok := normal(link); ok {
		m.also = append(m.also, a)
	}
}

// Match reports whether a link, or one that it wraps, leads to the URL.
func (m *Matcher) Match(link string) bool { return m.Check(link) == Yes }

// Check reports whether a link, or one that it wraps, leads to the URL.
func (m *Matcher) Check(link string) Verdict {
	for range maxWraps {
		if got, ok := normal(link); ok && (m.matches(got) || slices.Contains(m.also, got)) {
			return Yes
		}
		target, ok := Unwrap(link)
		if !ok {
			return No
		}
		if target.DomainOnly {
			got, ok := normal(target.URL)
			switch {
			case ok && m.matches(got):
				return Yes
			case ok && (got.host == m.want.host || strings.HasSuffix(m.want.host, "."+got.host)):
				return Maybe // some services show only the registered domain
			}
			return No
		}
		if got, ok := normal(target.Longer); ok && m.matches(got) {
			return Yes
		}
		link = target.URL
	}
	return Maybe // it is wrapped more often than any chain of gateways does
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
