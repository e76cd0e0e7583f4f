package ews

import (
	"net/http/httptrace"
	"sync"
	"time"
)

// sending is how long the other side may take none of a request, or less than 1 KiB a
// second: from a connection on until the request is written. Before a request on a
// connection, a proxy may have to answer (CONNECT, RFC 9110, section 9.3.6), and a server
// to greet (TLS); a sign-in may take several requests, whose answers are not waited for
// here. Its methods may be called concurrently.
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

// look says that a request needs a connection. Waiting for one that others have does
// not count.
func (p *sending) look() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.looking = true
}

// dialed lets it run anew if a request still needs a connection. A transport goes on
// dialing when another connection becomes free.
func (p *sending) dialed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.looking {
		p.begin()
	}
}

// connected lets it run anew.
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

// pause stops it while the caller's source is read.
func (p *sending) pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running {
		p.left.used()
	}
}

// taken gives back the time for n bytes, and lets it run again.
func (p *sending) taken(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running {
		p.left.moved(n)
		p.left.wait()
	}
}

// written stops it: a request is written.
func (p *sending) written() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left.stop()
	p.running = false
}

// end stops it for good.
func (p *sending) end() {
	p.written()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
}

// trace tells it of what happens to a request.
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
