package ews

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// maxAnswer bounds the decompressed size, in bytes, of an answer that is not
// streamed.
const maxAnswer = 256 << 20

var errTooLarge = errors.New("the response is larger than 256 MiB")

// answerBody is the body of an answer, converted to UTF-8 and bounded. Its last bytes are
// kept so that a marker after the document can be found.
type answerBody struct {
	ended  func() error // why the call has ended; nil while it continues
	raw    io.ReadCloser
	in     int64 // bytes read from raw
	src    io.Reader
	prefix []byte     // read ahead
	time   *allowance // for waiting
	left   int64      // bytes still accepted; negative: unlimited
	most   error      // the error if there are more
	keeps  bool       // bytes handed on are added to kept
	kept   []byte
	tap    *wireText // copy for Options.Wire; nil: not wanted
	err    error
	tail   []byte
}

// maxTail is the number of trailing bytes kept.
const maxTail = 256

// openBody takes over the body of resp, which can be read until ctx ends.
func (a *answer) openBody(ctx context.Context, resp *http.Response, t *task) {
	b := &answerBody{
		ended: func() error { return context.Cause(ctx) },
		raw:   resp.Body,
		left:  maxAnswer,
		most:  errTooLarge,
		time:  newAllowance(a.client.stall, func() { a.cancel(timeoutError{after: a.client.stall, option: stallOption}) }),
	}
	if resp.Body == nil {
		b.raw = http.NoBody
	}
	if a.wire != nil {
		b.tap = a.wire.Response
	}
	if t.stream {
		b.left = -1
	}
	if t.keep > 0 {
		b.left, b.most, b.keeps = t.keep, tooLargeError(t.keep), true
	}
	a.body = b
	if t.live > 0 {
		a.stayOpen(t.live)
	}
	coding := ""
	if !resp.Uncompressed {
		coding = resp.Header.Get("Content-Encoding")
	}
	b.src = &decoded{src: countingReader{b}, coding: a.sent.Strike(coding)}
}

// countingReader reads the body as it is transferred.
type countingReader struct{ body *answerBody }

func (c countingReader) Read(p []byte) (int, error) {
	n, err := c.body.raw.Read(p)
	c.body.in += int64(n)
	return n, err
}

// bytesIn returns how many bytes of the body have arrived.
func (a *answer) bytesIn() int64 {
	if a.body == nil {
		return 0
	}
	return a.body.in
}

// Read reads decompressed bytes.
func (b *answerBody) Read(p []byte) (n int, err error) {
	if len(b.prefix) > 0 {
		n = copy(p, b.prefix)
		b.prefix = b.prefix[n:]
	} else {
		n, err = b.read(p)
	}
	if b.keeps {
		b.kept = append(b.kept, p[:n]...)
	}
	return n, err
}

func (b *answerBody) read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.err = b.ended(); b.err != nil {
		return 0, b.err
	}
	b.time.wait()
	n, err := b.src.Read(p)
	b.time.used()
	b.time.moved(n)
	if b.left >= 0 {
		if b.left -= int64(n); b.left < 0 {
			n, err = 0, b.most
		}
	}
	b.err = err
	b.keepTail(p[:n])
	b.tap.write(p[:n])
	return n, err
}

func (b *answerBody) keepTail(p []byte) {
	if len(p) >= maxTail {
		b.tail = append(b.tail[:0], p[len(p)-maxTail:]...)
		return
	}
	if over := len(b.tail) + len(p) - maxTail; over > 0 {
		b.tail = b.tail[:copy(b.tail, b.tail[over:])]
	}
	b.tail = append(b.tail, p...)
}

// failure returns the error that ended reading, or nil for io.EOF.
func (b *answerBody) failure() error {
	if b.err == io.EOF {
		return nil
	}
	return b.err
}

// looksLikeXML reports whether the body is XML rather than HTML or empty.
func (b *answerBody) looksLikeXML() (bool, error) {
	for len(b.prefix) < 512 {
		start := bytes.TrimLeft(bytes.TrimPrefix(b.prefix, []byte("\xEF\xBB\xBF")), " \t\r\n")
		if len(start) >= len("<!DOCTYPE html") {
			break
		}
		piece := make([]byte, 512)
		n, err := b.read(piece)
		if b.prefix == nil {
			b.prefix = piece[:n]
		} else {
			b.prefix = append(b.prefix, piece[:n]...)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return false, err
		}
	}
	start := bytes.TrimLeft(bytes.TrimPrefix(b.prefix, []byte("\xEF\xBB\xBF")), " \t\r\n")
	start = bytes.ToLower(start[:min(len(start), len("<!doctype"))])
	switch {
	case len(start) == 0, start[0] != '<', bytes.HasPrefix(start, []byte("<!doctype")), bytes.HasPrefix(start, []byte("<html")):
		return false, nil
	}
	return true, nil
}

// drainLimit and drainTime bound how much of an unread answer is read, and for how long,
// to keep the connection, which may have been expensive to authenticate.
const (
	drainLimit = 64 << 10
	drainTime  = time.Second
)

func (b *answerBody) drain() {
	if b.err == nil && b.ended() == nil {
		// If this fails, the connection is simply not reused.
		_, _ = io.CopyN(io.Discard, b, drainLimit)
	}
}
