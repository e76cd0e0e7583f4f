package ewsmail

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// source is the content of an item on its way into a request. It is opened again when the
// request is sent again, and only once at a time.
type source struct {
	get     func(context.Context) (io.ReadCloser, error)
	content io.ReadCloser // nil: none is open
	failed  error         // why the content could not be read completely
}

// open opens the content from its beginning. What it returns is valid until the
// next open, or until the source is closed.
func (s *source) open(ctx context.Context) (io.ReadCloser, error) {
	s.close()
	s.content, s.failed = s.get(ctx)
	if s.failed != nil {
		return nil, s.failed
	}
	return io.NopCloser(s), nil
}

// Read reads from the content and remembers why it failed.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.content.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.failed = err
	}
	return n, err
}

func (s *source) close() {
	if s.content != nil {
		s.content.Close()
		s.content = nil
	}
}

// sourceFailed is the error of a request that was cut off because its source
// failed.
type sourceFailed struct{ error }

// Unwrap returns why the source failed.
func (e sourceFailed) Unwrap() error { return e.error }

// Error returns the reason.
func (e sourceFailed) Error() string {
	return fmt.Sprintf("the item could not be read to its end, so no copy was made: %v", e.error)
}

// NotExecuted reports that the server cannot have created an item: it discards an
// incomplete request.
func (sourceFailed) NotExecuted() bool { return true }

// Temporary reports whether another attempt may succeed.
func (e sourceFailed) Temporary() bool {
	return errors.Is(e.error, ews.ErrTruncated) || transient(e.error)
}
