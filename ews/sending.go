package ews

import (
	"net/http/httptrace"
	"sync"
	"time"
)

// sending bounds how long the other side may take none of a request, or less than 1 KiB a
// second, from when there is a connection until the request is written. Before a request
// is sent on a connection, a proxy may have to answer (CONNECT, RFC 9110, section 9.3.6),
// and a server to complete the TLS handshake. A sign-in may take several requests, whose
// answers are not waited for here. The methods of sending may be called concurrently.
type sending struct {
	mu      sync.Mutex
	left    *allowance
	running bool
	looking bool // for a connection
	ended   bool
}

func newSending(limit time.Duration, expired func()) *sending {
	return &sending{left: newAllowance(limit, expired)}
}

// look records that a request needs a connection. Waiting for a connection that others
// are using does not count.
func (p *sending) look() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.looking = true
}

// dialed restarts the time if a request still needs a connection. A transport continues
// dialing when another connection becomes free.
func (p *sending) dialed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.looking {
		p.begin()
	}
}

// connected restarts the time.
func (p *sending) connected() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.looking = false
	p.begin()
}

// begin is called with mu held.
func (p *sending) begin() {
	if p.ended {
		return
	}
	p.left.stop()
	p.left.renew()
	p.left.wait()
	p.running = true
}

// pause stops the time while the caller's source is read.
func (p *sending) pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running {
		p.left.used()
	}
}

// taken gives back the time for n bytes and continues.
func (p *sending) taken(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running {
		p.left.moved(n)
		p.left.wait()
	}
}

// written stops the time: a request has been written.
func (p *sending) written() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left.stop()
	p.running = false
}

// end stops the time permanently.
func (p *sending) end() {
	p.written()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
}

// trace connects it to the events of a request.
func (p *sending) trace(t *httptrace.ClientTrace) *httptrace.ClientTrace {
	gotConn := t.GotConn
	t.GetConn = func(string) { p.look() }
	t.GotConn = func(info httptrace.GotConnInfo) { gotConn(info); p.connected() }
	t.ConnectDone = func(_, _ string, err error) {
		if err == nil {
			p.dialed()
		}
	}
	t.TLSHandshakeStart = p.dialed
	t.WroteRequest = func(httptrace.WroteRequestInfo) { p.written() }
	return t
}
