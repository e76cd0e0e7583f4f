package graph

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Delays before a request is sent again when Graph does not say how long to wait.
const (
	busyDelay   = 10 * time.Second
	brokenDelay = time.Second
	maxDelay    = time.Minute
	// longestWait is the longest time that a call waits for one repetition: with a longer
	// hint it fails, so that the caller can do something else.
	longestWait = 10 * time.Minute
)

// do sends a request, and repeats it as often as that is safe and useful. If it returns
// no error, the answer must be closed.
func (c *Client) do(ctx context.Context, k call) (*answer, error) {
	if k.sends == nil {
		k.sends = new(int)
	}
	for attempt := 1; ; attempt++ {
		a, err := c.send(ctx, k)
		if err == nil {
			return a, nil
		}
		delay, again := c.again(err, k, attempt)
		if !again || ctx.Err() != nil {
			return nil, err
		}
		if delay > 0 {
			if stopped := sleep(ctx, delay); stopped != nil {
				return nil, &waitError{err, stopped}
			}
		}
	}
}

// again reports whether to send a request again, and how long to wait first.
func (c *Client) again(err error, k call, attempt int) (time.Duration, bool) {
	e, ok := errors.AsType[*Error](err)
	if !ok || attempt >= c.attempts || k.content != nil || !e.Temporary() {
		return 0, false
	}
	busy := e.Status == http.StatusTooManyRequests
	if !k.read && !busy && !(e.unsent && e.Err != nil) {
		return 0, false
	}
	if e.Status == http.StatusInternalServerError && attempt > 1 {
		return 0, false // the item is probably to blame, not the server
	}
	if e.RetryAfter > longestWait {
		return 0, false
	}
	if busy && c.limiter != nil {
		return 0, true // the limiter knows, and Acquire waits
	}
	if e.RetryAfter > 0 {
		// Exactly at that time is often too early.
		return e.RetryAfter + time.Duration(c.jitter()*float64(time.Second)), true
	}
	delay := brokenDelay
	if busy || e.Status == http.StatusServiceUnavailable {
		delay = busyDelay
	}
	delay = min(delay<<(attempt-1), maxDelay)
	return delay/2 + time.Duration(c.jitter()*float64(delay)), true
}

// waitError is the last error of a call whose context ended while it waited. It means the
// same as that error.
type waitError struct{ err, cause error }

func (e *waitError) Error() string {
	return e.err.Error() + " (gave up waiting: " + e.cause.Error() + ")"
}
func (e *waitError) Unwrap() []error { return []error{e.err, e.cause} }

// document sends a request and decodes the answer. If the answer to a read cannot be
// decoded, the request is sent once more.
func (c *Client) document(ctx context.Context, k call, into any) error {
	k.sends = new(int)
	for attempt := 1; ; attempt++ {
		a, err := c.do(ctx, k)
		if err != nil {
			return err
		}
		err = a.decode(into)
		if err == nil || !k.read || attempt >= 2 || ctx.Err() != nil {
			return err
		}
	}
}

// decode reads the answer to its end and closes it.
func (a *answer) decode(into any) error {
	defer a.close()
	body, err := io.ReadAll(a.body)
	if err == nil && into != nil {
		err = json.Unmarshal(body, into)
		if err != nil {
			err = errors.New("the answer is not the JSON that was expected") // its text may quote the message
		}
	}
	if err != nil {
		return a.broken(err)
	}
	if parts, ok := into.(*batchAnswer); ok {
		a.throttled, a.backOff = parts.throttled()
	}
	return nil
}

// follow returns a read of a link from Graph, unchanged. It refuses a link to another
// host.
func (c *Client) follow(k call, link string) (call, error) {
	u, err := url.Parse(link)
	if err == nil && !c.own(u) {
		err = errors.New("the link leads to another host")
	}
	if err != nil {
		if _, syntax := errors.AsType[*url.Error](err); syntax {
			err = errors.New("the link is not a URL")
		}
		return k, &Error{Operation: k.op, Err: err, read: k.read, unsent: true, final: true}
	}
	k.link = u
	return k, nil
}
