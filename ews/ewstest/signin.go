package ewstest

import (
	"net/http"
)

// scheme is a way to sign in. A scheme that authenticates connections keeps its
// state in the request's context.
type scheme interface {
	// handles reports whether the request is the scheme's business.
	handles(r *http.Request) bool
	// offers returns what an answer 401 says in WWW-Authenticate.
	offers() []string
	// signIn returns the account, by its address in lower case. If that is not
	// settled it answers and returns false.
	signIn(w http.ResponseWriter, r *http.Request) (account string, ok bool)
}

// schemes returns the ways to sign in.
func (s *Server) schemes() []scheme { return []scheme{basic{s}} }

// signIn finds out who sent a request, or answers 401.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) (account string, ok bool) {
	all := s.schemes()
	for _, c := range all {
		if c.handles(r) {
			return c.signIn(w, r)
		}
	}
	s.unauthorized(w)
	return "", false
}

func (s *Server) unauthorized(w http.ResponseWriter) {
	for _, c := range s.schemes() {
		for _, o := range c.offers() {
			w.Header().Add("WWW-Authenticate", o)
		}
	}
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = w.Write([]byte("<html><body>401 - Unauthorized: Access is denied due to invalid credentials.</body></html>"))
}

// basic is Basic authentication.
type basic struct{ server *Server }

func (b basic) handles(r *http.Request) bool {
	_, _, ok := r.BasicAuth()
	return ok
}

func (b basic) offers() []string { return []string{`Basic realm="` + b.server.opts.Domain + `"`} }

func (b basic) signIn(w http.ResponseWriter, r *http.Request) (string, bool) {
	name, password, _ := r.BasicAuth()
	b.server.mu.Lock()
	account, ok := b.server.directory.signsIn(name, password)
	b.server.mu.Unlock()
	if !ok {
		b.server.unauthorized(w)
	}
	return account, ok
}
