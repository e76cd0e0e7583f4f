package ews

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// requestBody is the body of one request: encoded text with streamed content in
// between. It can be sent several times.
type requestBody struct {
	parts []bodyPart
	text  *xmlwire.Encoder // the encoder of the parts, to be put back into the pool
	gate  func() error     // called before the body is read; nil: always allowed

	mu       sync.Mutex
	time     *allowance // for sending the body, and for the answer; nil: not watched
	sending  *sending   // for what the other side takes of the body; nil: not watched
	stopped  bool
	touched  bool      // reading has started
	complete bool      // the body has been read completely at least once
	out      int64     // bytes read in total
	tap      *wireText // copy of what was read last, for Options.Wire; nil: not wanted
	err      error     // the first failure of the content
}

// bodyPart is text or content.
type bodyPart struct {
	text    []byte
	content *Content
	index   int // of the content
}

func newRequestBody(e *xmlwire.Encoder, contents []Content, gate func() error) *requestBody {
	text, splices := e.Bytes(), e.Splices()
	b := &requestBody{text: e, gate: gate}
	b.parts = append(make([]bodyPart, 0, 2+2*len(splices)), bodyPart{text: []byte(declaration)})
	begin := 0
	for i, end := range splices {
		b.parts = append(b.parts, bodyPart{text: text[begin:end]}, bodyPart{content: &contents[i], index: i})
		begin = end
	}
	b.parts = append(b.parts, bodyPart{text: text[begin:]})
	return b
}

// length returns the length of the body, or -1 if it is not known in advance.
func (b *requestBody) length() int64 {
	var n int64
	for _, p := range b.parts {
		switch c := p.content; {
		case c == nil:
			n += int64(len(p.text))
		case c.Size < 0:
			return -1
		case c.Base64:
			n += c.Size
		default:
			n += (c.Size + 2) / 3 * 4
		}
	}
	return n
}

// open returns the body from its start.
func (b *requestBody) open() io.ReadCloser {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tap.reset()
	return &bodyReader{body: b}
}

// reopen has the signature of http.Request.GetBody.
func (b *requestBody) reopen() (io.ReadCloser, error) { return b.open(), nil }

// watch starts the time that the other side has to take the request and to answer. Time
// spent waiting for the caller's content does not count, and once everything is sent, the
// answer gets the whole time.
func (b *requestBody) watch(time *allowance, sending *sending) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.time, b.sending = time, sending
	time.wait()
}

// unwatch stops the time.
func (b *requestBody) unwatch() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.time.stop()
	b.sending.end()
	b.time, b.sending = nil, nil
}

// stop makes all further reads fail. Once it returns, content is no longer read:
// a transport may still be sending after it has returned a response.
func (b *requestBody) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.stopped && b.text.Cap() <= maxTextKept {
		texts.Put(b.text)
	}
	b.stopped, b.parts, b.text = true, nil, nil
}

// texts are encoders with room for the text of a request. An encoder is put back when its
// request is stopped: nothing reads it from then on.
var texts = sync.Pool{New: func() any {
	var e xmlwire.Encoder
	e.Grow(4 << 10) // more than most requests have
	return &e
}}

// maxTextKept is the largest capacity, in bytes, with which an encoder is kept. Few
// requests are that long.
const maxTextKept = 64 << 10

// bytes returns how many bytes of the body have been read, counting every time it was
// read.
func (b *requestBody) bytes() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.out
}

func (b *requestBody) state() (touched, complete bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.touched, b.complete, b.err
}

// contentError reports content that cannot be sent as declared. The server never
// gets the whole request.
type contentError struct {
	index int
	err   error
}

func (e *contentError) Error() string {
	return fmt.Sprintf("content %d: %v", e.index, e.err)
}

func (e *contentError) Unwrap() error { return e.err }

// sizeError reports content that is not as long as its Size.
type sizeError struct{ text string }

func (e *sizeError) Error() string { return e.text }

var errStopped = errors.New("the call has ended")

// bodyReader reads a requestBody once.
type bodyReader struct {
	body    *requestBody
	begun   bool
	part    int
	offset  int // into the text of the part
	content *contentReader
	err     error
}

func (r *bodyReader) Read(p []byte) (n int, err error) {
	b := r.body
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped {
		if r.delivered() {
			// A transport tries to read on even after everything it was promised. An
			// error would close the connection.
			return 0, io.EOF
		}
		return 0, errStopped
	}
	if !r.begun && b.gate != nil && r.err == nil {
		if err := b.gate(); err != nil {
			r.err = &heldBackError{err}
			if b.err == nil {
				b.err = r.err
			}
		}
	}
	r.begun = true
	if r.err != nil {
		return 0, r.err
	}
	b.touched = true
	defer func() {
		b.out += int64(n)
		b.tap.write(p[:n])
	}()
	if b.sending != nil {
		b.sending.pause()
		defer func(s *sending) { s.taken(n) }(b.sending)
	}
	for r.err == nil {
		if r.part == len(b.parts) {
			b.complete = true
			return 0, io.EOF
		}
		part := &b.parts[r.part]
		if part.content == nil {
			if n := copy(p, part.text[r.offset:]); n > 0 || len(p) == 0 {
				r.offset += n
				if r.delivered() {
					// A transport that knows the length does not read again.
					b.complete = true
					if b.time != nil {
						b.time.used()
						b.time.renew()
						b.time.wait()
					}
				}
				return n, nil
			}
			r.part, r.offset = r.part+1, 0
			continue
		}
		n, err := r.timed(part, p)
		if err == io.EOF {
			r.part++
		} else if err != nil {
			r.err = &contentError{part.index, err}
			if b.err == nil {
				b.err = r.err
			}
		}
		if n > 0 && r.err == nil {
			return n, nil
		}
	}
	return 0, r.err
}

// delivered reports whether everything has been read.
func (r *bodyReader) delivered() bool {
	last := len(r.body.parts) - 1
	return r.part > last || r.part == last && r.offset == len(r.body.parts[last].text)
}

// timed reads content, whose source takes its own time.
func (r *bodyReader) timed(part *bodyPart, p []byte) (int, error) {
	left := r.body.time
	if left == nil {
		return r.read(part, p)
	}
	left.used()
	left.elsewhere()
	n, err := r.read(part, p)
	left.stop()
	left.moved(n)
	left.wait()
	return n, err
}

func (r *bodyReader) read(part *bodyPart, p []byte) (int, error) {
	if r.content == nil {
		c, err := openContent(part.content)
		if err != nil {
			return 0, err
		}
		r.content = c
	}
	n, err := r.content.Read(p)
	if err == io.EOF {
		err = r.closeContent()
		if err == nil {
			err = io.EOF
		}
	}
	return n, err
}

func (r *bodyReader) closeContent() error {
	if r.content == nil {
		return nil
	}
	err := r.content.source.Close()
	r.content = nil
	return err
}

// Close ends reading.
func (r *bodyReader) Close() error {
	r.body.mu.Lock()
	defer r.body.mu.Unlock()
	if r.err == nil {
		r.err = errStopped
	}
	return r.closeContent()
}

// contentReader returns content as base64 text and checks its size.
type contentReader struct {
	source io.ReadCloser
	size   int64 // -1: unknown
	read   int64
	text   *base64Checker // for content that is already base64
	raw    []byte         // bytes to encode
	begin  int            // of the data in raw
	end    int
	eof    bool
	rest   []byte // encoded, for reads of less than four bytes
}

// rawBlock is a multiple of 3, so that blocks are encoded without padding.
const rawBlock = 48 << 10

func openContent(c *Content) (*contentReader, error) {
	source, err := c.Open()
	if err != nil {
		return nil, err
	}
	r := &contentReader{source: source, size: c.Size}
	if c.Base64 {
		r.text = new(base64Checker)
	} else {
		r.raw = make([]byte, rawBlock)
	}
	return r, nil
}

func (r *contentReader) Read(p []byte) (int, error) {
	if r.text != nil {
		n, err := r.fill(p)
		if checkErr := r.text.check(p[:n]); checkErr != nil {
			return 0, checkErr
		}
		if err == io.EOF {
			if endErr := r.text.end(); endErr != nil {
				return 0, endErr
			}
		}
		return n, err
	}
	if len(r.rest) > 0 {
		n := copy(p, r.rest)
		r.rest = r.rest[n:]
		return n, nil
	}
	for r.end-r.begin < 3 && !r.eof {
		r.end = copy(r.raw, r.raw[r.begin:r.end])
		r.begin = 0
		n, err := r.fill(r.raw[r.end:])
		r.end += n
		if err == io.EOF {
			r.eof = true
		} else if err != nil {
			return 0, err
		}
	}
	if r.begin == r.end {
		return 0, io.EOF
	}
	if len(p) < 4 {
		n := min(r.end-r.begin, 3)
		r.rest = base64.StdEncoding.AppendEncode(nil, r.raw[r.begin:r.begin+n])
		r.begin += n
		n = copy(p, r.rest)
		r.rest = r.rest[n:]
		return n, nil
	}
	n := min(r.end-r.begin, len(p)/4*3)
	if !r.eof || n < r.end-r.begin {
		n -= n % 3
	}
	base64.StdEncoding.Encode(p, r.raw[r.begin:r.begin+n])
	r.begin += n
	return base64.StdEncoding.EncodedLen(n), nil
}

// fill reads from the source, and checks the size when the source ends.
func (r *contentReader) fill(p []byte) (int, error) {
	for range 100 {
		n, err := r.source.Read(p)
		r.read += int64(n)
		if r.size >= 0 && r.read > r.size {
			return 0, &sizeError{fmt.Sprintf("it is longer than its Size of %d bytes", r.size)}
		}
		if err == io.EOF {
			if r.size >= 0 && r.read < r.size {
				return 0, &sizeError{fmt.Sprintf("it ends after %d of %d bytes", r.read, r.size)}
			}
			if r.read == 0 {
				return 0, errors.New("it is empty")
			}
			return n, io.EOF
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}
