package linkunwrap

import "strings"

// parts are the parts of a URL as written.
type parts struct {
	scheme   string // lower case; empty if the URL begins with www.
	host     string // without user information, as written
	port     string
	path     string
	query    string
	hasQuery bool
}

// maxURL is how many bytes of a URL are read, about as many as in browsers.
const maxURL = 64 << 10

// longUserInfo is the length of a link, in bytes, beyond which its user information is
// left out.
const longUserInfo = 4 << 10

// isLink reports whether links of a scheme are followed.
func isLink(scheme string) bool { return scheme == "http" || scheme == "https" || scheme == "ftp" }

// Tidy removes what browsers remove from a URL before they read it: tabs and line
// ends, and blanks and control characters around it. From a link that is longer than
// 4 KiB, it also removes the user information and superfluous slashes, behind which
// attackers hide the host.
// See https://url.spec.whatwg.org/#url-parsing.
func Tidy(link string) string {
	link = strings.TrimFunc(link, func(r rune) bool { return r <= ' ' || r == '\u00a0' || r == '\ufeff' })
	if strings.ContainsAny(link, "\t\r\n") {
		link = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(link)
	}
	if len(link) <= longUserInfo {
		return link
	}
	scheme, rest, ok := cutScheme(link)
	if !ok {
		return link
	}
	after := strings.TrimLeft(rest, `/\`)
	end := strings.IndexAny(after, `/\?#`)
	if end < 0 {
		end = len(after)
	}
	if at := strings.LastIndexByte(after[:end], '@'); at >= 0 {
		after = after[at+1:]
	} else if len(rest)-len(after) <= len("//") {
		return link
	}
	return scheme + "://" + after
}

// cutScheme cuts off the scheme of a link and returns it in lower case.
func cutScheme(link string) (scheme, rest string, ok bool) {
	scheme, _, ok = strings.Cut(link[:min(len(link), len("https:"))], ":")
	if lower := strings.ToLower(scheme); ok && isLink(lower) {
		return lower, link[len(scheme)+1:], true
	}
	return "", link, false
}

// split splits a URL as browsers do, which accept much that RFC 3986 does not:
// blanks around it, line ends within, any number of slashes or backslashes after
// the scheme, or none. It reports whether it is a link with a host.
// See https://url.spec.whatwg.org/#url-parsing.
func split(link string) (parts, bool) {
	link = Tidy(link)
	if len(link) > maxURL {
		link = link[:maxURL]
	}
	var p parts
	scheme, rest, ok := cutScheme(link)
	if ok {
		p.scheme = scheme
		rest = strings.TrimLeft(rest, `/\`)
	} else if len(link) < 4 || !strings.EqualFold(link[:4], "www.") {
		return p, false
	}
	rest, _, _ = strings.Cut(rest, "#")
	rest, p.query, p.hasQuery = strings.Cut(rest, "?")
	end := strings.IndexAny(rest, `/\`)
	if end < 0 {
		end = len(rest)
	}
	authority := rest[:end]
	p.path = strings.ReplaceAll(rest[end:], `\`, "/")
	// Text before the last @ is a user, however much it looks like a host.
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		authority = authority[at+1:]
	}
	p.host = authority
	if colon := strings.LastIndexByte(authority, ':'); colon > strings.LastIndexByte(authority, ']') {
		p.host, p.port = authority[:colon], authority[colon+1:]
	}
	return p, p.host != ""
}

// Resolve resolves a relative link against a base, as browsers do. It reports false if
// the base is not a link.
// See https://url.spec.whatwg.org/#relative-state.
func Resolve(base, link string) (string, bool) {
	from, ok := split(base)
	if !ok {
		return "", false
	}
	if from.scheme == "" {
		from.scheme = "http"
	}
	link = Tidy(link)
	if scheme, after, ok := cutScheme(link); ok {
		if scheme != from.scheme {
			return link, true
		}
		link = after // without two slashes, a link of the same scheme is relative
	}
	root := from.scheme + "://" + from.host
	if from.port != "" {
		root += ":" + from.port
	}
	folder := from.path[:strings.LastIndexByte(from.path, '/')+1]
	if folder == "" {
		folder = "/"
	}
	begin := strings.ReplaceAll(link[:min(len(link), 2)], `\`, "/")
	switch {
	case begin == "//":
		return from.scheme + ":" + link, true
	case strings.HasPrefix(begin, "/"):
		return root + link, true
	case strings.HasPrefix(link, "?"):
		return root + from.path + link, true
	case link == "" || strings.HasPrefix(link, "#"):
		if from.hasQuery {
			link = "?" + from.query + link
		}
		return root + from.path + link, true
	}
	return root + folder + link, true
}
