package graph

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/redact"
)

// stall ends a call in which nothing moves.
type stall struct {
	mu    sync.Mutex
	limit time.Duration
	timer *time.Timer
	ended bool
}

func newStall(limit time.Duration, cancel context.CancelCauseFunc) *stall {
	return &stall{limit: limit, timer: time.AfterFunc(limit, func() { cancel(stalled(limit)) })}
}

// moved records that something has moved.
func (s *stall) moved() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.timer.Reset(s.limit)
	}
}

func (s *stall) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.timer.Stop()
}

// stalled is the cause of a call that was given up.
type stalled time.Duration

func (s stalled) Error() string      { return fmt.Sprintf("nothing moved for %v", time.Duration(s)) }
func (stalled) Is(target error) bool { return target == os.ErrDeadlineExceeded }
func (stalled) Timeout() bool        { return true }

// countingReader counts the bytes that are read of a request.
type countingReader struct {
	r     io.Reader
	moved func()
	n     atomic.Int64
	ended atomic.Bool // it was read to its end
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	if err == io.EOF {
		c.ended.Store(true)
	}
	c.moved()
	return n, err
}

// errTooLong is the error of an answer that does not end.
var errTooLong = fmt.Errorf("the answer is longer than any that was expected")

// bodyReader reads an answer.
type bodyReader struct {
	body    io.ReadCloser
	left    int64
	n       atomic.Int64 // bytes read so far; a reader may outlive the call
	moved   func()
	cause   func() error // why the call was given up, nil if it was not
	secrets *redact.Watch
}

func (b *bodyReader) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.body.Read(p[:min(int64(len(p)), b.left)])
	b.n.Add(int64(n))
	b.left -= int64(n)
	b.moved()
	if err != nil && err != io.EOF {
		if cause := b.cause(); cause != nil {
			return n, cause
		}
		err = b.secrets.Error(err)
	}
	return n, err
}
