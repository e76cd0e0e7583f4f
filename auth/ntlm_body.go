package auth

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

var errBodyRetired = errors.New("auth: the request was sent again on another connection")

// requestBody provides the body of a request to one attempt after another: any
// number of times if the request can make new ones (GetBody), otherwise as long
// as nothing has been read.
type requestBody struct {
	req   *http.Request
	close func() error // of the original, once

	mu     sync.Mutex
	unread bool // nothing has been read from req.Body
	last   *attemptBody
}

func newRequestBody(req *http.Request) *requestBody {
	b := &requestBody{req: req, unread: true}
	if !b.empty() {
		b.close = sync.OnceValue(req.Body.Close)
	}
	return b
}

func (b *requestBody) empty() bool { return b.req.Body == nil || b.req.Body == http.NoBody }

// spent reports whether no body is left for another attempt.
func (b *requestBody) spent() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.empty() && !b.unread && b.req.GetBody == nil
}

// next returns the body for one more attempt, or false if none is left.
func (b *requestBody) next() (io.ReadCloser, bool) {
	if b.empty() {
		return b.req.Body, true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	retired := b.last
	if b.unread {
		if retired != nil {
			retired.retired = true
		}
		b.last = &attemptBody{from: b}
		return b.last, true
	}
	if b.req.GetBody == nil {
		return nil, false
	}
	fresh, err := b.req.GetBody()
	if err != nil {
		return nil, false
	}
	return fresh, true
}

// settle closes the original body, unless an attempt that is still running uses
// it and will close it.
func (b *requestBody) settle(failed bool) {
	if b.empty() {
		return
	}
	b.mu.Lock()
	last := b.last
	if last != nil && !failed && !last.closed {
		last.settled = true
		b.mu.Unlock()
		return
	}
	b.mu.Unlock()
	_ = b.close() // it was only read
}

// attemptBody is one attempt's view of the original body. Closing it does not
// close the original while another attempt might need it.
type attemptBody struct {
	from    *requestBody
	retired bool // guarded by from.mu, as are the others
	closed  bool
	settled bool
}

// Read implements [io.Reader].
func (a *attemptBody) Read(p []byte) (int, error) {
	a.from.mu.Lock()
	if a.retired || a.closed {
		a.from.mu.Unlock()
		return 0, errBodyRetired
	}
	a.from.unread = false
	a.from.mu.Unlock()
	return a.from.req.Body.Read(p)
}

// Close implements [io.Closer].
func (a *attemptBody) Close() error {
	a.from.mu.Lock()
	a.closed = true
	through := !a.retired && (a.settled || !a.from.unread)
	a.from.mu.Unlock()
	if through {
		return a.from.close()
	}
	return nil
}

const (
	// drainLimit and drainTime bound how much of an abandoned response is read,
	// and for how long, to keep the connection.
	drainLimit = 64 << 10
	drainTime  = time.Second
	// pageLimit bounds, in bytes, the page that comes with a response in the middle of
	// a handshake, which has to be read to keep the connection.
	pageLimit = 1 << 20
)

// drain reads the rest of a handshake response and reports whether the
// connection can still be used.
func drain(resp *http.Response) bool {
	_, err := io.CopyN(io.Discard, resp.Body, pageLimit)
	_ = resp.Body.Close() // what was needed has been read
	return errors.Is(err, io.EOF) && !resp.Close
}

// answerBody returns the session to the pool when the response has been read.
type answerBody struct {
	io.ReadCloser
	done func(reusable bool)

	mu     sync.Mutex
	closed bool
	over   bool
}

// Read implements [io.Reader].
func (b *answerBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	closed := b.closed
	b.mu.Unlock()
	if closed {
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.finish(errors.Is(err, io.EOF))
	}
	return n, err
}

func (b *answerBody) finish(reusable bool) {
	b.mu.Lock()
	first := !b.over
	b.over = true
	b.mu.Unlock()
	if first {
		b.done(reusable)
	}
}

// Close implements [io.Closer]. A small remainder, such as the end of a chunked
// body that an XML reader leaves unread, is read in the background.
func (b *answerBody) Close() error {
	b.mu.Lock()
	again, over := b.closed, b.over
	b.closed = true
	b.mu.Unlock()
	switch {
	case again:
		return nil
	case over:
		return b.ReadCloser.Close()
	}
	go func() {
		timer := time.AfterFunc(drainTime, func() { _ = b.ReadCloser.Close() })
		defer timer.Stop()
		_, err := io.CopyN(io.Discard, b.ReadCloser, drainLimit)
		_ = b.ReadCloser.Close()
		b.finish(errors.Is(err, io.EOF))
	}()
	return nil
}
