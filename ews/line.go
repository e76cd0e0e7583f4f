package ews

import (
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// line is the connection of a call. Connections are reused, but not if their answers may
// no longer belong to their requests: the rest of this answer, or a second one, would
// become the answer to the next request. See RFC 9112, sections 6.3 and 9.3.
type line struct {
	conn  atomic.Pointer[net.Conn] // HTTP/1 only; nil: unknown
	wrong bool
}

// trace records the connection that a request gets.
func (l *line) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { l.conn.Store(&info.Conn) }}
}

// connected reports whether the request got a connection. A RoundTripper that is not an
// http.Transport reports none.
func (l *line) connected() bool { return l.conn.Load() != nil }

// distrust marks the connection as not to be used again.
func (l *line) distrust() { l.wrong = true }

func (l *line) distrusted() bool { return l.wrong }

// judge distrusts the connection after a status with which a server, or something in
// front of it, may have lost its place among the requests, and after an error that
// arrived before the whole request was sent: the rest of it could be taken for the next
// request.
func (l *line) judge(status int, sent bool) {
	switch status {
	case http.StatusBadRequest, http.StatusRequestTimeout, http.StatusLengthRequired, http.StatusRequestEntityTooLarge,
		http.StatusRequestURITooLong, http.StatusExpectationFailed, http.StatusRequestHeaderFieldsTooLarge,
		http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		l.distrust()
	}
	if !sent {
		l.distrust()
	}
}

// close closes the connection if it is distrusted. The transport may have returned it to
// its idle connections when the end of the answer was read; it drops the connection on
// seeing that it is closed. If another call has taken it by then, that call fails with an
// unknown outcome, which is better than the answer to something else.
func (l *line) close() {
	conn := l.conn.Load()
	if !l.wrong || conn == nil || *conn == nil {
		return
	}
	c := *conn
	if inner, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = inner.NetConn() // closing a TLS connection would wait to send close_notify
	}
	_ = c.Close()
}
