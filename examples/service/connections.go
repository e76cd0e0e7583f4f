package main

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// connections is a listener with a bounded number of connections. When all are taken,
// the one that has been idle longest is closed; if none is idle, callers wait in the
// queue of the operating system. The timeouts of the server bound how long a caller can
// hold one.
type connections struct {
	net.Listener
	slots  chan struct{}
	closed chan struct{}
	close  func()

	mu      sync.Mutex
	idle    map[net.Conn]time.Time
	waiting bool // for a connection to end
}

func newConnections(l net.Listener, most int) *connections {
	closed := make(chan struct{})
	return &connections{
		Listener: l, slots: make(chan struct{}, most), closed: closed, close: sync.OnceFunc(func() { close(closed) }),
		idle: make(map[net.Conn]time.Time),
	}
}

// Accept waits until there is room for a connection, and then for the next one.
func (c *connections) Accept() (net.Conn, error) {
	select {
	case c.slots <- struct{}{}:
	default:
		c.makeRoom()
		select {
		case c.slots <- struct{}{}:
		case <-c.closed:
			return nil, net.ErrClosed
		}
		c.mu.Lock()
		c.waiting = false
		c.mu.Unlock()
	}
	conn, err := c.Listener.Accept()
	if err != nil {
		<-c.slots
		return nil, err
	}
	return &connection{conn, sync.OnceFunc(func() { <-c.slots })}, nil
}

// Close stops listening.
func (c *connections) Close() error {
	c.close()
	return c.Listener.Close()
}

// makeRoom closes the connection that has been idle longest, or else the next one that
// becomes idle.
func (c *connections) makeRoom() {
	c.mu.Lock()
	c.waiting = true
	var oldest net.Conn
	for conn, since := range c.idle {
		if oldest == nil || since.Before(c.idle[oldest]) {
			oldest = conn
		}
	}
	c.mu.Unlock()
	if oldest != nil {
		_ = oldest.Close()
	}
}

// note is called by the server when the state of a connection changes.
func (c *connections) note(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	delete(c.idle, conn)
	unwanted := state == http.StateIdle && c.waiting
	if state == http.StateIdle && !unwanted {
		c.idle[conn] = time.Now()
	}
	c.mu.Unlock()
	if unwanted {
		_ = conn.Close()
	}
}

// connection gives its place back when it is closed.
type connection struct {
	net.Conn
	release func()
}

// Close closes the connection.
func (c *connection) Close() error {
	defer c.release()
	return c.Conn.Close()
}
