package ewstest

import (
	"net/http"
	"strings"
)

// affinity returns the cookie by which a client that asks for it is led to the mailbox
// server that has its subscriptions, empty if it does not ask. Exchange 2013 and later
// have it; here there is one server, which minds no cookie.
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-maintain-affinity-between-group-of-subscriptions-and-mailbox-server.
func (s *Server) affinity(r *http.Request) string {
	if s.opts.Version < Exchange2013 || !strings.EqualFold(r.Header.Get("X-PreferServerAffinity"), "true") {
		return ""
	}
	return "X-BackEndOverrideCookie=ewstest." + s.opts.Domain + "~1941996295; path=/; HttpOnly"
}
