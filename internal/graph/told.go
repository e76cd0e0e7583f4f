package graph

import (
	"context"
	"errors"
	"time"
)

// errPanicked is the error of a request that a panic has ended before it was sent.
var errPanicked = errors.New("a panic ended the request")

// told is a request of which somebody is told.
type told struct {
	tell  func(Call) // with the context of the request
	began time.Time
	spent Call
	over  bool // its end has been told
}

// begin tells of a request, and returns its context.
func (c *Client) begin(ctx context.Context, k call, host, guid string) (context.Context, *told) {
	if k.sends == nil {
		k.sends = new(int)
	}
	*k.sends++
	t := &told{began: time.Now(), spent: Call{Operation: k.op, Payer: k.payer, Host: host, Attempt: *k.sends}}
	if !k.elsewhere {
		t.spent.ClientRequestID = guid
	}
	if own := c.onStart(ctx, t.spent); own != nil {
		ctx = own
	}
	t.tell = func(spent Call) { c.onCall(ctx, spent) }
	return ctx, t
}

// end tells what became of it.
func (t *told) end(err error) {
	t.over = true
	t.spent.Duration, t.spent.Err = time.Since(t.began), err
	t.tell(t.spent)
}

// cutShort tells of the end of a request that a panic, of the limiter perhaps, has ended:
// callers may survive it. One that was answered is told of when its answer is closed.
func (t *told) cutShort() {
	if !t.over && t.spent.Status == 0 {
		t.spent.Unsent = true
		t.end(errPanicked)
	}
}

// Verdict returns the code of an error of a request, whether it asked to slow down, and
// whether Graph itself has answered that it was not done, in a way that says so.
func Verdict(err error) (code string, throttled, refused bool) {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return "", false, false
	}
	throttled = errors.Is(e, ErrThrottled)
	return e.Code, throttled, e.Status != 0 && e.Err == nil && !e.unsent && !throttled && (e.part || e.Status < 500)
}
