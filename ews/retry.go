package ews

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Delays between attempts when the server gives no hint.
const (
	busyDelay   = 10 * time.Second // after "not now"
	brokenDelay = 500 * time.Millisecond
	maxDelay    = time.Minute
	// maxHint is the longest hint that a call waits for. With a longer one it fails, so
	// that the caller can do something else meanwhile.
	maxHint = 10 * time.Minute
)

// patience decides whether and when a call is repeated.
type patience struct {
	client *Client
	left   int // attempts left
	failed int
	ended  error // what ended the waiting
}

func (c *Client) patience(op Operation) *patience {
	p := &patience{client: c, left: 1}
	if op.reads() {
		p.left = max(c.attempts, 1)
	}
	return p
}

// again waits as long as err requires and reports whether to try again.
func (p *patience) again(ctx context.Context, err error) bool {
	p.left--
	if p.left <= 0 || !IsTransient(err) || hopeless(err) {
		return false
	}
	hint, hinted := BackOff(err)
	if hint > maxHint {
		return false
	}
	p.failed++
	throttled := IsThrottled(err)
	if throttled && p.client.limiter != nil {
		return true // the limiter knows, and Acquire waits
	}
	delay := hint
	if !hinted {
		delay = brokenDelay
		if throttled {
			delay = busyDelay
		}
		delay = min(delay<<(p.failed-1), maxDelay)
		delay += rand.N(delay)
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		p.ended = context.Cause(ctx)
		return false
	}
}

// hopeless reports whether a transient error will last too long for a call to wait.
func hopeless(err error) bool {
	e, ok := errors.AsType[*ResponseError](err)
	return ok && Class(e.Code) == ClassMailboxLater
}

// outcome returns the error of the call.
func (p *patience) outcome(err error) error {
	if p.ended == nil {
		return err
	}
	return &waitError{err: err, cause: p.ended}
}

// waitError is the last error of a call whose context ended while it waited to
// retry. It means the same as that error.
type waitError struct {
	err, cause error
}

func (e *waitError) Error() string {
	return fmt.Sprintf("%v (gave up waiting to retry: %v)", e.err, e.cause)
}

func (e *waitError) Unwrap() []error { return []error{e.err, e.cause} }
