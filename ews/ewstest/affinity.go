package ewstest

import (
	"net/http"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// overrideCookie is the cookie that routes a client that asks for it to the mailbox
// server that holds its subscriptions. It exists in Exchange 2013 and later. See
// https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-maintain-affinity-between-group-of-subscriptions-and-mailbox-server.
const overrideCookie = "X-BackEndOverrideCookie"

// cookieEnd follows the server's name in the cookie.
const cookieEnd = "~1941996295"

// affinity returns the cookie for a client, or an empty string if the client does not ask
// for one.
func (s *Server) affinity(r *http.Request) string {
	if s.opts.Version < Exchange2013 || !prefersAffinity(r.Header) {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return overrideCookie + "=" + s.backEnd(r.Header, nil) + "." + s.opts.Domain + cookieEnd + "; path=/; HttpOnly"
}

func prefersAffinity(h http.Header) bool {
	return strings.EqualFold(h.Get("X-PreferServerAffinity"), "true")
}

// backEnd returns the name of the mailbox server that a request reaches: the server of
// the cookie, of the anchor, or of the caller's own mailbox. It matters only to
// subscriptions, each of which is known to one server.
func (s *Server) backEnd(h http.Header, own *mailstore.Mailbox) string {
	if s.opts.Version < Exchange2013 {
		return defaultBackEnd
	}
	if cookies, err := http.ParseCookie(h.Get("Cookie")); err == nil && prefersAffinity(h) {
		for _, c := range cookies {
			host, ok := strings.CutSuffix(c.Value, "."+s.opts.Domain+cookieEnd)
			if ok && c.Name == overrideCookie {
				return host
			}
		}
	}
	if box := s.org.ByAddress(h.Get("X-AnchorMailbox")); box != nil {
		own = box
	}
	if m := s.wrappers[own]; m != nil && m.backEnd != "" {
		return m.backEnd
	}
	return defaultBackEnd
}

// defaultBackEnd is the mailbox server of mailboxes that name none.
const defaultBackEnd = "ewstest"
