package ewstest

import (
	"crypto/x509"
	"net/http"
)

// Scheme is an authentication scheme.
type Scheme string

// Schemes.
const (
	Basic     Scheme = "Basic"
	NTLM      Scheme = "NTLM"      // per connection, so not available through [Server.Direct]
	Negotiate Scheme = "Negotiate" // with plain NTLM messages
	Bearer    Scheme = "Bearer"    // with tokens of the server's own Azure AD, see [Azure]
)

// Protection is how NTLM treats channel bindings, named as in IIS.
type Protection int

// Protections.
const (
	ProtectionOff     Protection = iota // bindings are ignored
	ProtectionAccept                    // a wrong binding is refused, a missing one accepted
	ProtectionRequire                   // only the right binding is accepted
)

// Azure is a tenant of Azure AD whose applications can sign in with a certificate. They
// can act only by impersonation, of any mailbox.
type Azure struct {
	TenantID     string   // GUID
	TenantNames  []string // domain names
	Applications []Application
}

// Application is an application that can sign in.
type Application struct {
	ID           string
	Certificates []*x509.Certificate
}

// scheme implements a [Scheme].
type scheme interface {
	// handles reports whether the scheme is responsible for the request.
	handles(r *http.Request) bool
	// offers returns the WWW-Authenticate values of a 401 answer.
	offers() []string
	// signIn returns the account, by its address in lower case. If the account is not yet
	// known, it answers the request and returns false.
	signIn(w http.ResponseWriter, r *http.Request) (account string, ok bool)
}

// initSchemes sets up the authentication schemes in the options.
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
			panic("ewstest: Options.Authentication: unknown scheme " + string(way))
		}
	}
}

// signIn determines who sent a request, or answers 401.
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
