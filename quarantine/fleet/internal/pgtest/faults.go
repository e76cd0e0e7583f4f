package pgtest

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Faults disturb what a pool sends and receives, as networks, databases and machines do.
type Faults struct {
	mu      sync.Mutex
	conns   map[*faultyConn]bool
	down    bool
	cut     []byte
	sends   func()
	waiting chan struct{} // not nil while everything hangs
}

// Install returns a configuration whose connections have these faults.
func (f *Faults) Install(config *pgxpool.Config) *pgxpool.Config {
	config = config.Copy()
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		f.mu.Lock()
		down := f.down
		f.mu.Unlock()
		if down {
			return nil, &net.OpError{Op: "dial", Net: network, Err: errDown}
		}
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		c := &faultyConn{Conn: conn, faults: f}
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.conns == nil {
			f.conns = make(map[*faultyConn]bool)
		}
		f.conns[c] = true
		return c, nil
	}
	return config
}

// errDown is what a caller gets instead of a connection.
var errDown = errors.New("the database was made unreachable by the test")

// SetDown makes the database unreachable, and cuts all connections, or ends that.
func (f *Faults) SetDown(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
	if down {
		for c := range f.conns {
			_ = c.Conn.Close()
		}
	}
}

// CutAfter loses the next answer that contains a tag, such as "INSERT", and its connection:
// the statement has been committed, but the caller does not know.
func (f *Faults) CutAfter(tag string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cut = []byte(tag)
}

// Cut reports whether the answer that CutAfter waits for has come.
func (f *Faults) Cut() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cut == nil
}

// OnSend has a function called before anything is sent; it may block.
func (f *Faults) OnSend(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sends = do
}

// Hang holds back all answers until resume is called.
func (f *Faults) Hang() (resume func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	waiting := make(chan struct{})
	f.waiting = waiting
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.waiting = nil
		close(waiting)
	}
}

// faultyConn is a connection with faults.
type faultyConn struct {
	net.Conn
	faults *Faults
}

func (c *faultyConn) Write(b []byte) (int, error) {
	c.faults.mu.Lock()
	sends := c.faults.sends
	c.faults.mu.Unlock()
	if sends != nil {
		sends()
	}
	return c.Conn.Write(b)
}

func (c *faultyConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	f := c.faults
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.waiting != nil && err == nil { // what was received is lost; the next Read ends with the deadline
		f.mu.Unlock()
		n, err = c.Conn.Read(b)
		f.mu.Lock()
	}
	if f.cut != nil && bytes.Contains(b[:n], f.cut) {
		f.cut = nil
		_ = c.Conn.Close()
		return 0, net.ErrClosed
	}
	return n, err
}

func (c *faultyConn) Close() error {
	c.faults.mu.Lock()
	delete(c.faults.conns, c)
	c.faults.mu.Unlock()
	return c.Conn.Close()
}
