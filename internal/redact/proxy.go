package redact

import "net/http"

// AddProxy remembers the password of the proxy that a transport uses for a request, if
// there is one.
func (s *Secrets) AddProxy(rt http.RoundTripper, req *http.Request) {
	t, ok := rt.(*http.Transport)
	if !ok || t.Proxy == nil {
		return
	}
	u, err := t.Proxy(req)
	if err != nil || u == nil || u.User == nil {
		return
	}
	secret, _ := u.User.Password()
	s.Add(u.User.Username(), secret)
}
