package ewstest

import (
	"context"
	"io"
	"sync"
	"time"
)

// stalled waits in the middle of an answer, forever if d is 0. It reports whether the
// wait has ended; otherwise the client gave up or closed the body.
func stalled(ctx context.Context, d time.Duration, closed <-chan struct{}) bool {
	var over <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		over = t.C
	}
	select {
	case <-over:
		return true
	case <-ctx.Done():
	case <-closed:
	}
	return false
}

// stalling is a body that stalls in the middle.
type stalling struct {
	from   io.Reader
	left   int64        // bytes to read before it stalls; negative: it has stalled
	wait   func() error // waits
	closed func()
}

func newStalling(ctx context.Context, body io.Reader, left int64, d time.Duration) *stalling {
	closed := make(chan struct{})
	s := &stalling{from: body, left: left, closed: sync.OnceFunc(func() { close(closed) })}
	s.wait = func() error {
		if stalled(ctx, d, closed) {
			return nil
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
		return io.ErrClosedPipe
	}
	return s
}

// Read reads up to the middle, waits once, and reads the rest.
func (s *stalling) Read(p []byte) (int, error) {
	if s.left == 0 {
		if err := s.wait(); err != nil {
			return 0, err
		}
		s.left = -1
	}
	if s.left > 0 {
		p = p[:min(int64(len(p)), s.left)]
	}
	n, err := s.from.Read(p)
	if s.left > 0 {
		s.left -= int64(n)
	}
	return n, err
}

// Close ends the wait.
func (s *stalling) Close() error {
	s.closed()
	return nil
}
