package ntlmserver

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Protection determines how Extended Protection treats channel bindings.
type Protection int

// The modes, named as in IIS.
const (
	ProtectionOff     Protection = iota // bindings are ignored
	ProtectionAccept                    // a wrong binding is refused, a missing one accepted
	ProtectionRequire                   // only the correct binding is accepted
)

// Options are the settings of a [Server].
type Options struct {
	// Password returns an account's password. A user principal name is passed as
	// user with an empty domain. Required.
	Password func(domain, user string) (password string, ok bool)

	// Domain and Computer are the NetBIOS names in challenges. Default: EXAMPLE
	// and EXCHANGE.
	Domain, Computer string

	// Schemes are the schemes offered, NTLM and Negotiate, in order. Default:
	// both, Negotiate first.
	Schemes []string

	// Protection is the mode of Extended Protection; without TLS no binding is correct.
	// It needs Certificate, the TLS server's certificate.
	Protection  Protection
	Certificate *x509.Certificate

	// OneHandshake refuses a second handshake on a connection, as
	// mod_auth_gssapi does. Default: a second one replaces the first, as in IIS.
	OneHandshake bool

	// OnRefusal is called with the reason why a handshake failed, which clients
	// do not learn. Default: none.
	OnRefusal func(User, error)
}

// User is the account that signed in on a connection.
type User struct{ Domain, Name string }

// String returns DOMAIN\name, or only the name if there is no domain.
func (u User) String() string {
	if u.Domain == "" {
		return u.Name
	}
	return u.Domain + `\` + u.Name
}

// Stats counts what a server has seen.
type Stats struct {
	Connections int64
	Requests    int64 // including those of handshakes
	Challenges  int64 // issued
	Handshakes  int64 // successful
	Refusals    int64 // failed handshakes
}

// Server authenticates connections. Set the ConnContext of the http.Server to
// its ConnContext, and wrap the handler.
type Server struct {
	opts    Options
	binding []byte

	connections, requests, challenges, handshakes, refusals atomic.Int64
}

// New returns a server.
func New(opts Options) (*Server, error) {
	if opts.Password == nil {
		return nil, errors.New("ntlmserver: Options.Password is missing")
	}
	if opts.Domain == "" {
		opts.Domain = "EXAMPLE"
	}
	if opts.Computer == "" {
		opts.Computer = "EXCHANGE"
	}
	if opts.Schemes == nil {
		opts.Schemes = []string{"Negotiate", "NTLM"}
	}
	opts.Schemes = slices.Clone(opts.Schemes)
	s := &Server{opts: opts}
	switch {
	case opts.Certificate != nil:
		// If the certificate has no defined binding, no binding is correct.
		s.binding, _ = ChannelBinding(opts.Certificate)
	case opts.Protection != ProtectionOff:
		return nil, errors.New("ntlmserver: Options.Protection needs Certificate")
	}
	return s, nil
}

// maxDrained is how much of a request's body is read before it is answered with a
// challenge. Some clients send the whole body with their NEGOTIATE message; leaving it
// unread would end the connection, and the handshake with it.
const maxDrained = 1 << 30

type connKey struct{ *Server }

type userKey struct{}

// conn is the state of one connection.
type conn struct {
	mu      sync.Mutex
	begun   bool
	pending *handshake
	user    *User
}

// ConnContext attaches the state of a connection; it is the ConnContext of an
// [http.Server].
func (s *Server) ConnContext(ctx context.Context, _ net.Conn) context.Context {
	s.connections.Add(1)
	return context.WithValue(ctx, connKey{s}, new(conn))
}

// Stats returns the counters.
func (s *Server) Stats() Stats {
	return Stats{
		Connections: s.connections.Load(),
		Requests:    s.requests.Load(),
		Challenges:  s.challenges.Load(),
		Handshakes:  s.handshakes.Load(),
		Refusals:    s.refusals.Load(),
	}
}

// Wrap passes only authenticated requests to next; [UserFrom] returns their user.
func (s *Server) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, ok := s.Authenticate(w, r)
		if !ok {
			return
		}
		r = r.WithContext(context.WithValue(r.Context(), userKey{}, user))
		r.Header.Del("Authorization")
		next.ServeHTTP(w, r)
	})
}

// UserFrom returns the user of a request that passed [Server.Wrap].
func UserFrom(ctx context.Context) (User, bool) {
	u, ok := ctx.Value(userKey{}).(User)
	return u, ok
}

// Handles reports whether a request is for this package: it has NTLM or Negotiate
// credentials, or has none and comes on an authenticated connection.
func (s *Server) Handles(r *http.Request) bool {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, _, _ := strings.Cut(header, " ")
		return s.offered(scheme) != ""
	}
	c, ok := r.Context().Value(connKey{s}).(*conn)
	if !ok {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.user != nil
}

// Schemes returns the schemes that a 401 answer should offer.
func (s *Server) Schemes() []string { return slices.Clone(s.opts.Schemes) }

func (s *Server) offered(scheme string) string {
	for _, o := range s.opts.Schemes {
		if strings.EqualFold(o, scheme) {
			return o
		}
	}
	return ""
}

// Authenticate returns the user of a request. If the user is not yet known, it answers
// 401, with the next challenge or the schemes offered, and returns false.
func (s *Server) Authenticate(w http.ResponseWriter, r *http.Request) (User, bool) {
	s.requests.Add(1)
	c, ok := r.Context().Value(connKey{s}).(*conn)
	if !ok {
		http.Error(w, "ntlmserver: set http.Server.ConnContext to Server.ConnContext", http.StatusInternalServerError)
		return User{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	header := r.Header.Get("Authorization")
	if header == "" && c.user != nil {
		return *c.user, true
	}
	scheme, token, _ := strings.Cut(header, " ")
	scheme = s.offered(scheme)
	msg, err := base64.StdEncoding.DecodeString(strings.TrimSpace(token))
	if r.ProtoMajor != 1 || header == "" || scheme == "" || err != nil {
		s.refuse(w)
		return User{}, false
	}
	switch messageType(msg) {
	case typeNegotiate:
		_, _ = io.CopyN(io.Discard, r.Body, maxDrained)
		s.challenge(w, c, scheme, msg)
		return User{}, false
	case typeAuthenticate:
		return s.conclude(w, r, c, msg)
	default:
		s.refuse(w)
		return User{}, false
	}
}

func (s *Server) challenge(w http.ResponseWriter, c *conn, scheme string, msg []byte) {
	again := c.begun
	c.begun, c.pending, c.user = true, nil, nil
	h, err := s.newHandshake(msg)
	if err != nil || again && s.opts.OneHandshake {
		s.refuse(w)
		return
	}
	c.pending = h
	s.challenges.Add(1)
	w.Header().Set("WWW-Authenticate", scheme+" "+base64.StdEncoding.EncodeToString(h.challenge))
	w.WriteHeader(http.StatusUnauthorized)
}

func (s *Server) conclude(w http.ResponseWriter, r *http.Request, c *conn, msg []byte) (User, bool) {
	h := c.pending
	c.pending, c.user = nil, nil
	var user User
	err := errors.New("no challenge was issued on this connection")
	if h != nil {
		var binding []byte
		if r.TLS != nil {
			binding = s.binding
		}
		user, err = s.verify(h, msg, binding)
	}
	if err != nil {
		s.refusals.Add(1)
		if s.opts.OnRefusal != nil {
			s.opts.OnRefusal(user, err)
		}
		s.refuse(w)
		return User{}, false
	}
	s.handshakes.Add(1)
	c.user = &user
	return user, true
}

// refuse answers 401 and offers the schemes.
func (s *Server) refuse(w http.ResponseWriter) {
	for _, scheme := range s.opts.Schemes {
		w.Header().Add("WWW-Authenticate", scheme)
	}
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusUnauthorized)
	fmt.Fprint(w, "<html><body>401 - Unauthorized: Access is denied due to invalid credentials.</body></html>")
}
