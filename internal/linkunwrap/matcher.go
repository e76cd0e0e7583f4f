package linkunwrap

import (
	"errors"
	"strings"
)

// Matcher compares links with one URL.
//
// A link matches if it leads to the same host and to the same path or one below
// it: https://a.example/x matches https://a.example/x, /x/, /x?y and /x/y, not
// /xy. If the URL has a query, the path must be the same, and the link's query
// the same or begin with it and go on behind an ampersand. A URL without path
// so matches every link to its host; a host below it is another host.
//
// Not told apart are: http and https; upper and lower case of the host; a host
// in Unicode and in Punycode; an IPv4 address in dotted, octal, hexadecimal or
// single-number form; the port of the scheme and none; characters and their
// percent-encoding (a plus sign and a blank in the query); a slash at the end
// and none; any fragment and none; any user information and none.
type Matcher struct{ want address }

// NewMatcher returns a Matcher for a URL. If the URL itself is the link of a
// protection service that can be read, what it leads to is meant.
func NewMatcher(url string) (*Matcher, error) {
	for range maxWraps {
		target, ok := Unwrap(url)
		if !ok || target.DomainOnly {
			break // a domain alone would be more than was asked for
		}
		url = target.URL
	}
	want, ok := normal(url)
	switch {
	case !ok:
		return nil, errors.New("is no absolute http, https or ftp URL with a host; give it as https://host/path")
	case !strings.Contains(want.host, ".") && !strings.HasPrefix(want.host, "["):
		return nil, errors.New("has a host without a dot, which would match too much; give the whole host name")
	}
	return &Matcher{want}, nil
}

// Match reports whether a link, or what it hides, leads to the URL.
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

// maxWraps is how many services one inside another are undone. Each takes at
// least as many bytes as its own address has, so this ends the work early only
// for what no chain of gateways writes.
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

// begins reports whether s is the prefix, or goes on behind it with a separator.
func begins(s, prefix string, separator byte) bool {
	rest, ok := strings.CutPrefix(s, prefix)
	return ok && (rest == "" || rest[0] == separator)
}
