package graph

import (
	"context"
	"errors"
	"time"
)

// errPanicked is the error of a request that a panic ended before it was sent.
var errPanicked = errors.New("a panic ended the request")

// told is a request that is reported to OnStart and OnCall.
type told struct {
	tell  func(Call) // with the context of the request
	began time.Time
	spent Call
	over  bool // its end has been reported
}

// begin reports a request, and returns its context.
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

// end reports its outcome.
func (t *told) end(err error) {
	t.over = true
	t.spent.Duration, t.spent.Err = time.Since(t.began), err
	t.tell(t.spent)
}

// cutShort reports the end of a request that was ended by a panic, perhaps of the
// limiter: callers may survive it. A request that was answered is reported when its
// answer is closed.
func (t *told) cutShort() {
	if !t.over && t.spent.Status == 0 {
		t.spent.Unsent = true
		t.end(errPanicked)
	}
}

// Verdict returns the code of the error of a request, whether Graph asked to slow down,
// and whether Graph itself answered that the request was not carried out.
func Verdict(err error) (code string, throttled, refused bool) {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return "", false, false
	}
	throttled = errors.Is(e, ErrThrottled)
	return e.Code, throttled, e.Status != 0 && e.Err == nil && !e.unsent && !throttled && (e.part || e.Status < 500)
}
