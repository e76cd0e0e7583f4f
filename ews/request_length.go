package ews

import (
	"bytes"
	"errors"
	"io"
	"net/http"
)

// Some gateways refuse requests with a chunked body, which have no Content-Length, with
// 411 (RFC 9110, section 15.5.12), 501 (RFC 9112, section 6.1) or 400. Such a request is
// sent again with a length, and content of unknown size is read once to measure it. The
// client remembers, for all its requests, that the server wants a length.

// maxKept is how many bytes of content are kept while it is measured. Larger content is
// opened again.
const maxKept = 1 << 20

// maxMeasured is how often content is measured for one request: content that a server
// rebuilds each time can differ in length.
const maxMeasured = 3

// unmeasured reports whether a request has content of unknown size.
func (t *task) unmeasured() bool {
	for _, c := range t.contents {
		if c.Size < 0 {
			return true
		}
	}
	return false
}

// refusesChunks reports whether an error may mean that the request needs a
// length.
func refusesChunks(err error) bool {
	e, ok := errors.AsType[*HTTPError](err)
	if !ok {
		return false
	}
	switch e.Status {
	case http.StatusBadRequest, http.StatusLengthRequired, http.StatusNotImplemented:
		return true
	}
	return false
}

// withLength returns the task with the sizes of its contents filled in.
func (t *task) withLength() (*task, error) {
	sized := *t
	sized.contents = make([]Content, len(t.contents))
	for i, c := range t.contents {
		if c.Size < 0 {
			var err error
			if c, err = c.measured(); err != nil {
				return nil, &contentError{i, err}
			}
		}
		sized.contents[i] = c
	}
	return &sized, nil
}

// measured returns the content with its size, which it determines by reading the content
// once. Small content is kept, and not read again.
func (c Content) measured() (Content, error) {
	source, err := c.Open()
	if err != nil {
		return c, err
	}
	defer source.Close()
	var kept bytes.Buffer
	n, err := io.Copy(&kept, io.LimitReader(source, maxKept+1))
	if err != nil {
		return c, err
	}
	if n == 0 {
		return c, errors.New("it is empty")
	}
	if n <= maxKept {
		b := kept.Bytes()
		open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
		return Content{Open: open, Size: n, Base64: c.Base64}, nil
	}
	kept = bytes.Buffer{}
	rest, err := io.Copy(io.Discard, source)
	c.Size = n + rest
	return c, err
}

// anotherLength reports whether content did not have the length that was measured.
func anotherLength(err error) bool {
	_, ok := errors.AsType[*sizeError](err)
	return ok
}
