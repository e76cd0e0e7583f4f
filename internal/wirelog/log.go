// Package wirelog shows requests and their answers to a person, without credentials. What
// to show of a body is up to the client, which knows its format.
package wirelog

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Body collects what may be shown of a body as it passes through.
type Body interface {
	// Show writes what was collected, and ends the line.
	Show(b *bytes.Buffer)
}

// Log writes exchanges one after another. A nil Log shows nothing.
type Log[B Body] struct {
	body func() B

	mu  sync.Mutex
	out io.Writer
}

// New returns a log that writes to out. It asks body for each body of an exchange.
func New[B Body](out io.Writer, body func() B) *Log[B] {
	return &Log[B]{body: body, out: out}
}

// Exchange is one request with its answer. The methods of a nil Exchange do nothing.
type Exchange[B Body] struct {
	Request, Response B

	log    *Log[B]
	began  time.Time
	head   http.Header // header of the request
	status string
	header http.Header // header of the response
}

// Begin begins recording an exchange; it returns nil if there is no log.
func (l *Log[B]) Begin() *Exchange[B] {
	if l == nil {
		return nil
	}
	return &Exchange[B]{Request: l.body(), Response: l.body(), log: l, began: time.Now()}
}

// Sends keeps the header of the request.
func (x *Exchange[B]) Sends(h http.Header) {
	if x != nil {
		x.head = h.Clone()
	}
}

// Gets keeps the status and header of a response.
func (x *Exchange[B]) Gets(resp *http.Response) {
	if x != nil {
		x.status = fmt.Sprintf("%s %d %s", resp.Proto, resp.StatusCode, http.StatusText(resp.StatusCode))
		x.header = resp.Header.Clone()
	}
}

// Write writes the exchange under a title, with the error that ended it. The function
// strike removes what must not be seen from the whole text.
func (x *Exchange[B]) Write(title string, err error, strike func(string) string) {
	if x == nil {
		return
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, ">>> %s, %s\n", title, x.began.UTC().Format(time.RFC3339Nano))
	WriteHeader(&b, x.head)
	x.Request.Show(&b)
	fmt.Fprintf(&b, "<<< %s, after %v\n", cmp.Or(x.status, "no response"), time.Since(x.began).Round(time.Microsecond))
	WriteHeader(&b, x.header)
	x.Response.Show(&b)
	if err != nil {
		fmt.Fprintf(&b, "!!! %s\n", strings.Map(Printable, err.Error()))
	}
	b.WriteByte('\n')
	text := strike(strings.ToValidUTF8(b.String(), "\uFFFD"))
	x.log.mu.Lock()
	defer x.log.mu.Unlock()
	// A log that cannot be written to must not change what a call does.
	_, _ = io.WriteString(x.log.out, text)
}
