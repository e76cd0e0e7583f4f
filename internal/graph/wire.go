package graph

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/redact"
	"github.com/ewsquarantine/ewsquarantine/internal/wirehead"
)

// wire shows requests and answers to a person. All methods do nothing for nil.
type wire struct {
	bodies bool // contents of messages as well

	mu  sync.Mutex
	out io.Writer
}

// wireCall is one request with its answer, on the way to the wire's writer.
type wireCall struct {
	wire    *wire
	call    Call
	method  string
	link    *url.URL
	secret  bool // the query of the link is one
	began   time.Time
	head    http.Header
	asked   *wireBody
	status  string
	header  http.Header
	replied *wireBody
}

// watch begins to record a request.
func (w *wire) watch(k call, link *url.URL, c Call) *wireCall {
	if w == nil {
		return nil
	}
	return &wireCall{
		wire: w, call: c, method: k.method, link: link, secret: k.elsewhere, began: time.Now(),
		asked: &wireBody{bodies: w.bodies, message: k.message && k.body != nil}, replied: &wireBody{bodies: w.bodies, message: k.message && k.body == nil},
	}
}

// sends keeps the header of the request.
func (w *wireCall) sends(h http.Header) {
	if w != nil {
		w.head = h.Clone()
	}
}

// gets keeps what an answer begins with.
func (w *wireCall) gets(resp *http.Response) {
	if w != nil {
		w.status = fmt.Sprintf("%s %d %s", resp.Proto, resp.StatusCode, http.StatusText(resp.StatusCode))
		w.header = resp.Header.Clone()
		w.replied.message = w.replied.message && resp.StatusCode < 300
	}
}

// request returns a reader of the body of the request that shows what passes.
func (w *wireCall) request(r io.Reader) io.Reader {
	if w == nil {
		return r
	}
	return io.TeeReader(r, w.asked)
}

// response returns a reader of the body of the answer that shows what passes.
func (w *wireCall) response(body io.ReadCloser) io.ReadCloser {
	if w == nil {
		return body
	}
	return struct {
		io.Reader
		io.Closer
	}{io.TeeReader(body, w.replied), body}
}

// place returns where the request went, without what is a secret there.
func (w *wireCall) place() string {
	if !w.secret {
		return w.link.String()
	}
	return w.link.Scheme + "://" + w.link.Host + w.link.EscapedPath() + "?" + wirehead.Hidden
}

// show writes the request and its answer.
func (w *wireCall) show(secrets *redact.Watch, err error) {
	if w == nil {
		return
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, ">>> %s, %s %s, payer %q, attempt %d, %s\n", w.call.Operation, w.method, w.place(), w.call.Payer, w.call.Attempt, w.began.UTC().Format(time.RFC3339Nano))
	wirehead.Write(&b, w.head)
	w.asked.writeTo(&b)
	fmt.Fprintf(&b, "<<< %s, after %v\n", cmp.Or(w.status, "no response"), time.Since(w.began).Round(time.Microsecond))
	wirehead.Write(&b, w.header)
	w.replied.writeTo(&b)
	if err != nil {
		fmt.Fprintf(&b, "!!! %s\n", strings.Map(wirehead.Printable, err.Error()))
	}
	b.WriteByte('\n')
	text := secrets.StrikeLong(strings.ToValidUTF8(b.String(), "\uFFFD"))
	if w.secret {
		text = strikeQuery(text, w.link)
	}
	w.wire.mu.Lock()
	defer w.wire.mu.Unlock()
	// A log that cannot be written must not change what a call does.
	_, _ = io.WriteString(w.wire.out, text)
}
