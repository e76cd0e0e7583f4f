package ews

import (
	"net/http"
	"strings"
	"time"
)

// cookies are the cookies of one mailbox at the endpoint. Front ends route by them
// (X-BackEndCookie), and a jar shared by all mailboxes would send requests to the wrong
// back end. They are sent nowhere else, because the client contacts no other address and
// follows no redirects.
type cookies []*http.Cookie

// Limits that guard against a server that keeps setting cookies. IIS refuses a request
// with more than 16 KiB of headers (MaxFieldLength and MaxRequestBytes of http.sys) and
// answers 400. A token or NTLM needs part of that, so cookies get half.
const (
	maxCookies     = 16
	maxCookieBytes = 4 << 10 // of one cookie, with its attributes
	maxCookieSum   = 8 << 10 // of all cookies in a request: names, values and separators
)

// take stores the cookies of a response.
func (cs *cookies) take(lines []string, now time.Time) {
	for _, line := range lines {
		if len(line) > maxCookieBytes {
			continue
		}
		c, err := http.ParseSetCookie(line)
		if err != nil {
			continue
		}
		cs.remove(c.Name, c.Path)
		if c.MaxAge > 0 {
			c.Expires = now.Add(time.Duration(min(c.MaxAge, 1<<30)) * time.Second)
		}
		if c.MaxAge < 0 || expired(c, now) {
			continue
		}
		*cs = append(*cs, c)
		for len(*cs) > maxCookies || cs.size() > maxCookieSum {
			*cs = append((*cs)[:0], (*cs)[1:]...) // the oldest
		}
	}
}

// size returns the length of the Cookie header that they make together.
func (cs cookies) size() int {
	n := 0
	for _, c := range cs {
		n += len(c.Name) + len("=") + len(c.Value) + len("; ")
	}
	return n
}

func (cs *cookies) remove(name, path string) {
	kept := (*cs)[:0]
	for _, c := range *cs {
		if c.Name != name || c.Path != path {
			kept = append(kept, c)
		}
	}
	*cs = kept
}

// header returns the Cookie header for a request to path.
func (cs cookies) header(path string, secure bool, now time.Time) string {
	var pairs []string
	for _, c := range cs {
		if expired(c, now) || c.Secure && !secure || !pathMatches(c.Path, path) {
			continue
		}
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return strings.Join(pairs, "; ")
}

func expired(c *http.Cookie, now time.Time) bool {
	return !c.Expires.IsZero() && !c.Expires.After(now)
}

// pathMatches implements RFC 6265, 5.1.4, but ignores case, as IIS does: cookies
// for /EWS are sent to /ews/exchange.asmx.
func pathMatches(cookie, request string) bool {
	if cookie == "" || cookie == "/" || cookie[0] != '/' {
		return true
	}
	if len(request) < len(cookie) || !strings.EqualFold(request[:len(cookie)], cookie) {
		return false
	}
	return len(request) == len(cookie) || cookie[len(cookie)-1] == '/' || request[len(cookie)] == '/'
}
