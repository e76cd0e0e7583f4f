package ews

import (
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// line is the connection of a call. Connections are used again; one whose answers
// may no longer belong to its requests must not be: what is left of this answer, or
// a second one, would become the answer to the next request. See RFC 9112, sections
// 6.3 and 9.3.
type line struct {
	conn  atomic.Pointer[net.Conn] // HTTP/1 only; nil: unknown
	wrong bool
}

// trace tells the line its connection.
func (l *line) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { l.conn.Store(&info.Conn) }}
}

// connected reports whether a connection was there. A RoundTripper that is not an
// http.Transport reports none.
func (l *line) connected() bool { return l.conn.Load() != nil }

// distrust says that the connection must not be used again.
func (l *line) distrust() { l.wrong = true }

func (l *line) distrusted() bool { return l.wrong }

// judge distrusts the connection after a status with which a server, or something in
// front of it, may have lost its place in the requests, and after an error that came
// before the request was sent whole: what is still to come of it may be taken for
// the next request.
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

// close closes the connection if it is not to be trusted. The transport may have put
// it back among those that are free when the end of the answer was read; it drops it
// when it sees that it is closed. If another call has taken it by then, that call
// fails with an unknown outcome, which is better than the answer to something else.
func (l *line) close() {
	conn := l.conn.Load()
	if !l.wrong || conn == nil || *conn == nil {
		return
	}
	c := *conn
	if inner, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = inner.NetConn() // a TLS connection would wait to take its leave
	}
	_ = c.Close()
}
