package auth

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// errSessionGone is the error that a session's transport gets when its connection has
// ended and it tries to open another.
var errSessionGone = errors.New("the connection has ended")

// session is one connection and its sign-in.
//
// Its transport makes one connection in its lifetime. So net/http keeps its many
// duties (streaming both ways, early responses, proxies, TLS, cancellation,
// expiry of idle connections), but it cannot move a request to a connection that is
// not signed in: a second dial fails before anything is written.
type session struct {
	owner     *NTLMTransport
	transport *http.Transport
	ready     bool // signed in, as far as is known

	mu   sync.Mutex
	used bool         // the only dial has been made
	conn *sessionConn // nil until it succeeds
}

func (t *NTLMTransport) newSession() *session {
	s := &session{owner: t, transport: t.template.Clone()}
	dial := t.template.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	s.transport.DialContext = s.dialOnce(dial)
	return s
}

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// dialOnce lets the session's transport dial only once.
func (s *session) dialOnce(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		s.mu.Lock()
		used := s.used
		s.used = true
		s.mu.Unlock()
		if used {
			return nil, errSessionGone
		}
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		conn := &sessionConn{Conn: c, session: s}
		s.mu.Lock()
		s.conn = conn
		s.mu.Unlock()
		s.owner.open.Add(1)
		return conn, nil
	}
}

// connection returns the session's connection, or nil if not yet connected.
func (s *session) connection() *sessionConn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn
}

func (s *session) closed() bool {
	c := s.connection()
	return c != nil && c.ended.Load()
}

// written returns how many bytes have been sent so far.
func (s *session) written() int64 {
	if c := s.connection(); c != nil {
		return c.written.Load()
	}
	return 0
}

// discard ends the session, which must not be in use.
func (s *session) discard() {
	s.transport.CloseIdleConnections()
	if c := s.connection(); c != nil {
		_ = c.Close() // nothing reads or writes any more
	}
}

// send makes one exchange on the session's connection. unsent reports whether no
// byte of req was sent.
func (s *session) send(req *http.Request) (resp *http.Response, unsent bool, err error) {
	s.owner.roundTrips.Add(1)
	before := s.written()
	resp, err = s.transport.RoundTrip(req)
	if err != nil {
		unsent = s.written() == before
		if unsent {
			s.owner.roundTrips.Add(-1)
		}
	}
	return resp, unsent, err
}

// sessionConn counts the bytes written and reports when it is closed.
type sessionConn struct {
	net.Conn
	session *session
	written atomic.Int64
	ended   atomic.Bool
}

// Write implements [net.Conn].
func (c *sessionConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n))
	return n, err
}

// Close implements [net.Conn].
func (c *sessionConn) Close() error {
	if c.ended.CompareAndSwap(false, true) {
		c.session.owner.open.Add(-1)
		c.session.owner.forget(c.session)
	}
	return c.Conn.Close()
}
