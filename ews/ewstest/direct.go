package ewstest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptrace"
)

// Direct returns a RoundTripper that calls the server in process, without a
// socket, so that it works inside a testing/synctest bubble. It streams request
// and response bodies, and honours cut connections of faults: the error then is
// io.ErrUnexpectedEOF. It looks only at the path of the URL, which is that of
// [Server.DirectURL].
func (s *Server) Direct() http.RoundTripper { return direct{s} }

// DirectURL returns an address for [Server.Direct]. No socket is opened for it.
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
	w := &refusalWriter{header: make(http.Header)}
	account, ok := d.server.signIn(w, in)
	if !ok {
		return (&answer{status: w.status, header: w.header, body: []piece{{raw: w.body.Bytes()}}}).response(r)
	}
	a := d.server.handle(in, account)
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.WroteRequest != nil {
		trace.WroteRequest(httptrace.WroteRequestInfo{Err: a.cause})
	}
	// What the server did not read is sent all the same.
	if !a.drop {
		if _, err := io.Copy(io.Discard, in.Body); err != nil {
			return nil, err
		}
	}
	return a.response(r)
}

// refusalWriter keeps the answer of a sign-in that failed.
type refusalWriter struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func (w *refusalWriter) Header() http.Header         { return w.header }
func (w *refusalWriter) WriteHeader(status int)      { w.status = status }
func (w *refusalWriter) Write(b []byte) (int, error) { return w.body.Write(b) }

// As wraps a RoundTripper with pre-emptive Basic credentials of a user whose
// password follows the scenario (NAME-password), or was set by
// [MailboxOptions] or [Server.AddUser]; e.g. As(s.Direct(), "svc").
func (s *Server) As(rt http.RoundTripper, user string) http.RoundTripper {
	s.mu.Lock()
	account := s.directory.account(user)
	password, ok := s.directory.accounts[account]
	s.mu.Unlock()
	if !ok {
		password = localPart(account) + "-password"
	}
	return signed{rt, account, password}
}

type signed struct {
	next           http.RoundTripper
	user, password string
}

// RoundTrip adds the credentials.
func (t signed) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.SetBasicAuth(t.user, t.password)
	return t.next.RoundTrip(r)
}
