package ews

import (
	"context"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/callinfo"
)

// Limiter decides when a call may be sent. Package throttle provides the one
// this module uses; a nil Limiter lets every call through. Its methods may be
// called concurrently.
//
// A call that is streamed keeps its permission until the stream is closed, and an
// export that is streamed into an upload is two calls at once: a limiter that has
// only one permission left would let the upload wait for ever for the export that
// waits for it. So a limiter should be a [Reserver] as well. One that is not is
// asked once for both: see [Client.Reserve].
type Limiter interface {
	// Acquire waits until a call charged to payer may be sent. If ctx ends
	// first, it returns the cause. release must be called exactly once, after
	// the response has been read: throttled tells whether the server asked this
	// payer to slow down, and backOff for how long (zero: it did not say).
	Acquire(ctx context.Context, payer string) (release func(throttled bool, backOff time.Duration), err error)
}

// Reserver is a [Limiter] that can promise several calls at once, as that of package
// throttle can.
type Reserver interface {
	Limiter

	// Reserve waits until there is a permission for each payer named, at the same
	// time, and takes them all: either all or none, or two workers that each hold
	// one wait for each other. A payer is named as often as it will have calls in
	// flight together; if it may never have so many, the calls must be let through
	// one above the other all the same, or Reserve must fail. Acquire with the
	// returned context takes what was reserved, and its release gives it back to
	// the reservation. done ends the reservation, and is called once. If ctx ends
	// first, Reserve returns its cause.
	Reserve(ctx context.Context, payers ...string) (reserved context.Context, done func(), err error)
}

// Reserve promises two calls in flight at the same time, one of this view of the
// client and one of the other, such as an export that is streamed into an upload. Both
// calls are made with the returned context; done ends the reservation and must be
// called. It returns ctx itself if there is no limiter.
//
// If the limiter is no [Reserver], it is asked once for all that is in flight with the
// context: the first call waits and pays, and the others go along with it. What the
// server says to any of them is reported when the last one ends.
//
// The error is that of the limiter: nothing was sent.
func (c *Client) Reserve(ctx context.Context, other *Client) (reserved context.Context, done func(), err error) {
	switch l := c.limiter.(type) {
	case nil:
		return ctx, func() {}, nil
	case Reserver:
		about := c.about(ctx, "")
		if about.Mailbox == c.mailbox {
			about.Mailbox += " " + other.mailbox // or all that leaves one mailbox would be one caller
		}
		return l.Reserve(callinfo.With(ctx, about), c.payingMailbox(), other.payingMailbox())
	}
	if c.sharedPermission(ctx) != nil {
		return ctx, func() {}, nil
	}
	return context.WithValue(ctx, permissionKey{c.settings}, &permission{turn: make(chan struct{}, 1)}), func() {}, nil
}

// acquire waits until a call may be sent.
func (c *Client) acquire(ctx context.Context) (func(throttled bool, backOff time.Duration), error) {
	if p := c.sharedPermission(ctx); p != nil {
		return p.acquire(ctx, c)
	}
	return c.limiter.Acquire(ctx, c.payingMailbox())
}

// about says what a call is for. On whose behalf it is, the context may know better.
func (c *Client) about(ctx context.Context, op Operation) *callinfo.Call {
	about := &callinfo.Call{Operation: string(op), Mailbox: c.mailbox, Major: c.state.lastBuild().Major}
	if outer := callinfo.From(ctx); outer != nil && outer.Mailbox != "" {
		about.Mailbox = outer.Mailbox
	}
	return about
}

type permissionKey struct{ *settings }

func (c *Client) sharedPermission(ctx context.Context) *permission {
	p, _ := ctx.Value(permissionKey{c.settings}).(*permission)
	return p
}

// permission is what a limiter that is no Reserver has granted to calls in flight
// together.
type permission struct {
	turn chan struct{} // full while the limiter is asked

	mu        sync.Mutex
	users     int
	release   func(bool, time.Duration)
	throttled bool
	backOff   time.Duration
}

func (p *permission) acquire(ctx context.Context, c *Client) (func(bool, time.Duration), error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if !p.join() {
		release, err := c.limiter.Acquire(ctx, c.payingMailbox())
		if err != nil {
			return nil, err
		}
		p.mu.Lock()
		p.users, p.release, p.throttled, p.backOff = 1, release, false, 0
		p.mu.Unlock()
	}
	return p.leave, nil
}

// join reports whether there is a permission, and uses it.
func (p *permission) join() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.users == 0 {
		return false
	}
	p.users++
	return true
}

func (p *permission) leave(throttled bool, backOff time.Duration) {
	p.mu.Lock()
	p.throttled = p.throttled || throttled
	p.backOff = max(p.backOff, backOff)
	p.users--
	last, release := p.users == 0, p.release
	throttled, backOff = p.throttled, p.backOff
	p.mu.Unlock()
	if last {
		release(throttled, backOff)
	}
}
