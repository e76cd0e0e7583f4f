package graph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/redact"
)

// answer is a successful answer whose body has not been read yet. It must be closed.
type answer struct {
	status int
	header http.Header
	body   *bodyReader

	client *Client
	call   call
	spent  Call
	// finish ends the call.
	finish func(throttled bool, backOff time.Duration, err error)
	failed error // why it could not be read, or the error of the only item in it
	closed bool
	// throttled and backOff are what parts of an answer say although the whole succeeded.
	throttled bool
	backOff   time.Duration
}

// errMisfit is the error of an answer to another request.
var errMisfit = errors.New("the answer is that to another request")

// errEarly is the error of an answer that cannot be the answer to the whole request.
var errEarly = errors.New("the answer came before the request was sent whole")

// send sends a request once. If it returns no error, the answer must be closed.
func (c *Client) send(ctx context.Context, k call) (*answer, error) {
	fail := &Error{Operation: k.op, read: k.read, imported: k.elsewhere}
	refuse := func(err error) (*answer, error) {
		fail.unsent, fail.stopped, fail.Err = true, ctx.Err() != nil, err
		return nil, fail
	}
	address, err := c.address(k)
	if err != nil {
		fail.final = true
		return refuse(err)
	}
	text, err := k.encoded()
	if err != nil {
		fail.final = true
		return refuse(err)
	}
	guid := newGUID()
	ctx, t := c.begin(ctx, k, address.Host, guid)
	defer t.cutShort()
	spent := &t.spent
	release, err := c.permission(ctx, k, max(int64(len(text)), k.size), &spent.Waited)
	if err != nil {
		spent.Unsent = true
		_, err = refuse(err)
		t.end(err)
		return nil, err
	}

	watched, secrets := redact.Watching(ctx)
	callCtx, cancel := context.WithCancelCause(watched)
	s := &sending{
		client: c, call: k, fail: fail, guid: guid, told: t, release: release, secrets: secrets,
		stall: newStall(c.stall, cancel), cancel: cancel, shown: k.watch(c.wire),
	}
	resp, err := s.roundTrip(callCtx, address, text)
	if err != nil {
		return nil, s.lost(err, ctx.Err() != nil, context.Cause(callCtx))
	}
	return s.answered(resp, func() error { return context.Cause(callCtx) })
}

// refused reads the answer to a request that failed, and returns its error.
func (a *answer) refused(fail *Error, secrets *redact.Watch) *Error {
	body, _ := io.ReadAll(io.LimitReader(a.body, 64<<10))
	fail.Status, fail.RequestID = a.status, a.spent.RequestID
	fail.fill(body)
	for _, text := range []*string{&fail.Code, &fail.Inner, &fail.RequestID, &fail.message} {
		*text = secrets.Strike(*text)
	}
	fail.RetryAfter = retryAfter(a.header, time.Now())
	if a.status < 300 {
		fail.Err = fmt.Errorf("unexpected status %d", a.status)
	}
	a.closed = true
	a.body.body.Close()
	throttled := errors.Is(fail, ErrThrottled)
	backOff := fail.RetryAfter
	if !throttled && a.status != http.StatusServiceUnavailable {
		backOff = 0
	}
	a.finish(throttled, backOff, fail)
	return fail
}

// close ends the call and gives up whatever has not been read of the answer.
func (a *answer) close() {
	if a.closed {
		return
	}
	a.closed = true
	a.body.body.Close()
	a.finish(a.throttled, a.backOff, a.failed)
}

// broken returns the error of an answer that could not be read.
func (a *answer) broken(err error) *Error {
	e := &Error{
		Operation: a.call.op, Status: a.status, RequestID: a.spent.RequestID, Err: err, read: a.call.read, imported: a.call.elsewhere,
		stopped: errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded),
	}
	a.failed = e
	return e
}

// permission waits until a request may be sent.
func (c *Client) permission(ctx context.Context, k call, bytes int64, waited *time.Duration) (func(bool, time.Duration), error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	began := time.Now()
	defer func() { *waited = time.Since(began) }()
	if c.budget != nil && k.payer != DirectoryPayer { // which has limits of its own, for the tenant
		if err := c.budget.Spend(ctx, k.payer, bytes); err != nil {
			return nil, err
		}
	}
	if c.limiter == nil {
		return func(bool, time.Duration) {}, nil
	}
	return c.limiter.Acquire(ctx, k.payer)
}

func (c *Client) headers(req *http.Request, k call, guid string) {
	h := req.Header
	h.Set("Accept", "application/json")
	h.Set("User-Agent", c.agent)
	if !k.elsewhere {
		h.Set("client-request-id", guid)
		h.Set("return-client-request-id", "true")
	}
	if k.body != nil || k.content != nil {
		h.Set("Content-Type", "application/json")
	}
	for name, value := range k.header {
		h.Set(name, value)
	}
}

// read reads part of the answer. Its errors are of type [*Error].
func (a *answer) read(p []byte) (int, error) {
	n, err := a.body.Read(p)
	if err != nil && err != io.EOF {
		err = a.broken(err)
	}
	return n, err
}
