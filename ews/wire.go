package ews

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/wirehead"
)

// wire shows requests and responses to a person.
type wire struct {
	bodies bool // contents of messages as well

	mu  sync.Mutex
	out io.Writer
}

// wireCall is one request with its response, on their way to the wire's writer.
type wireCall struct {
	wire     *wire
	head     http.Header // of the request
	request  *wireText
	status   string
	header   http.Header // of the response
	response *wireText
}

// watch begins to record a call; it does nothing without a wire.
func (w *wire) watch(a *answer) {
	if w == nil {
		return
	}
	a.wire = &wireCall{wire: w, request: &wireText{bodies: w.bodies}, response: &wireText{bodies: w.bodies}}
	a.request.tap = a.wire.request
}

// sends keeps the header of the request.
func (w *wireCall) sends(h http.Header) {
	if w != nil {
		w.head = h.Clone()
	}
}

// gets keeps what a response begins with.
func (w *wireCall) gets(resp *http.Response) {
	if w == nil {
		return
	}
	w.status = fmt.Sprintf("%s %d %s", resp.Proto, resp.StatusCode, http.StatusText(resp.StatusCode))
	w.header = resp.Header.Clone()
}

// show writes the call, without the secrets that went with it.
func (w *wireCall) show(a *answer, err error) {
	if w == nil {
		return
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, ">>> %s %s, mailbox %q, attempt %d, %s\n", a.op, a.client.place(), a.client.mailbox, a.call.start.Attempt, a.started.UTC().Format(time.RFC3339Nano))
	wirehead.Write(&b, w.head)
	w.request.writeTo(&b)
	fmt.Fprintf(&b, "<<< %s, after %v\n", cmp.Or(w.status, "no response"), time.Since(a.started).Round(time.Microsecond))
	wirehead.Write(&b, w.header)
	w.response.writeTo(&b)
	if err != nil {
		fmt.Fprintf(&b, "!!! %s\n", strings.Map(wirehead.Printable, err.Error()))
	}
	b.WriteByte('\n')
	text := a.sent.StrikeLong(strings.ToValidUTF8(b.String(), "\uFFFD"))
	w.wire.mu.Lock()
	defer w.wire.mu.Unlock()
	// A log that cannot be written must not change what a call does.
	_, _ = io.WriteString(w.wire.out, text)
}
