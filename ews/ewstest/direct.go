package ewstest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptrace"

	"github.com/ewsquarantine/ewsquarantine/internal/redact"
)

// Direct returns a RoundTripper that calls the server in process, without a socket, so it
// works inside a testing/synctest bubble. It streams request and response bodies. Faults
// that break the connection produce io.ErrUnexpectedEOF, and a closed server
// http.ErrServerClosed. Only the path of the URL matters, which must be that of
// [Server.DirectURL].
func (s *Server) Direct() http.RoundTripper { return direct{s} }

// DirectURL returns an address for [Server.Direct]. No socket is opened for it. Its
// scheme is http, even with Options.TLS; for a client that sends no password over plain
// HTTP, the same address with https works too.
func (s *Server) DirectURL() string { return "http://exchange." + s.opts.Domain + endpoint }

type direct struct{ server *Server }

// RoundTrip calls the server.
func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	if in.Host == "" {
		in.Host = in.URL.Host
	}
	defer in.Body.Close()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.WroteHeaders != nil {
		trace.WroteHeaders()
	}
	if a := d.server.refusedAtGate(in); a != nil {
		return a.response(r)
	}
	w := &refusalWriter{header: make(http.Header)}
	account, ok := d.server.signIn(w, in)
	if !ok {
		return (&answer{status: w.status, header: w.header, body: []piece{{raw: w.body.Bytes()}}}).response(r)
	}
	a := d.server.handle(in, account)
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.WroteRequest != nil {
		trace.WroteRequest(httptrace.WroteRequestInfo{Err: a.cause})
	}
	// A client also sends the part of its request that the server does not read.
	if !a.drop {
		if _, err := io.Copy(io.Discard, in.Body); err != nil {
			return nil, err
		}
	}
	return a.response(r)
}

// refusalWriter records an answer, such as that to a failed sign-in.
type refusalWriter struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func (w *refusalWriter) Header() http.Header         { return w.header }
func (w *refusalWriter) WriteHeader(status int)      { w.status = status }
func (w *refusalWriter) Write(b []byte) (int, error) { return w.body.Write(b) }

// As wraps a RoundTripper so that every request carries the Basic credentials of
// a user, e.g. As(s.Direct(), "svc"). The password is the one set by
// [MailboxOptions] or [Server.AddUser], or else NAME-password.
func (s *Server) As(rt http.RoundTripper, user string) http.RoundTripper {
	s.mu.Lock()
	account := s.directory.account(user)
	password, ok := s.directory.accounts[account]
	s.mu.Unlock()
	if !ok {
		password = localPart(account) + "-password"
	}
	t := signed{next: rt, user: account, password: password, sent: new(redact.Secrets)}
	t.sent.Add(account, password)
	return t
}

type signed struct {
	next           http.RoundTripper
	user, password string
	sent           *redact.Secrets // how a client knows the secrets of all its requests
}

// RoundTrip adds the credentials.
func (t signed) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.SetBasicAuth(t.user, t.password)
	t.sent.Announce(r.Context())
	return t.next.RoundTrip(r)
}
