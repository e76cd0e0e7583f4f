package ewstest

import (
	"crypto/x509"
	"net/http"
)

// Scheme is a way to sign in.
type Scheme string

// Schemes.
const (
	Basic     Scheme = "Basic"
	NTLM      Scheme = "NTLM"      // of connections, so not through [Server.Direct]
	Negotiate Scheme = "Negotiate" // with plain NTLM messages
	Bearer    Scheme = "Bearer"    // with tokens of the server's own Azure AD, see [Azure]
)

// Protection is what NTLM asks of channel bindings, named as IIS does.
type Protection int

// Protections.
const (
	ProtectionOff     Protection = iota // bindings are not looked at
	ProtectionAccept                    // a wrong binding is refused, none is not
	ProtectionRequire                   // only the right binding passes
)

// Azure is a tenant of Azure AD whose applications may sign in with a
// certificate. They act as any mailbox by impersonation, and only so.
type Azure struct {
	TenantID     string   // GUID
	TenantNames  []string // domain names
	Applications []Application
}

// Application is an application that may sign in.
type Application struct {
	ID           string
	Certificates []*x509.Certificate
}

// scheme is a way to sign in at work.
type scheme interface {
	// handles reports whether the request is the scheme's business.
	handles(r *http.Request) bool
	// offers returns what an answer 401 says in WWW-Authenticate.
	offers() []string
	// signIn returns the account, by its address in lower case. If that is not
	// settled it answers and returns false.
	signIn(w http.ResponseWriter, r *http.Request) (account string, ok bool)
}

// initSchemes makes the ways to sign in that the options ask for.
func (s *Server) initSchemes() {
	ways := s.opts.Authentication
	if len(ways) == 0 {
		ways = []Scheme{Basic}
	}
	var windows *windowsScheme
	for _, way := range ways {
		switch way {
		case Basic:
			s.schemes = append(s.schemes, basicScheme{s})
		case NTLM, Negotiate:
			if windows == nil {
				windows = &windowsScheme{server: s}
				s.schemes = append(s.schemes, windows)
				s.windows = windows
			}
			windows.names = append(windows.names, string(way))
		case Bearer:
			s.schemes = append(s.schemes, newBearer(s))
		default:
			panic("ewstest: Options.Authentication: there is no scheme " + string(way))
		}
	}
}

// signIn finds out who sent a request, or answers 401.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) (account string, ok bool) {
	for _, c := range s.schemes {
		if c.handles(r) {
			return c.signIn(w, r)
		}
	}
	s.unauthorized(w)
	return "", false
}

func (s *Server) unauthorized(w http.ResponseWriter) {
	for _, c := range s.schemes {
		for _, o := range c.offers() {
			w.Header().Add("WWW-Authenticate", o)
		}
	}
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = w.Write([]byte("<html><body>401 - Unauthorized: Access is denied due to invalid credentials.</body></html>"))
}

// basicScheme is Basic authentication.
type basicScheme struct{ server *Server }

func (b basicScheme) handles(r *http.Request) bool {
	_, _, ok := r.BasicAuth()
	return ok
}

func (b basicScheme) offers() []string { return []string{`Basic realm="` + b.server.opts.Domain + `"`} }

func (b basicScheme) signIn(w http.ResponseWriter, r *http.Request) (string, bool) {
	name, password, _ := r.BasicAuth()
	b.server.mu.Lock()
	account, ok := b.server.directory.signsIn(name, password)
	b.server.mu.Unlock()
	if !ok {
		b.server.unauthorized(w)
	}
	return account, ok
}
