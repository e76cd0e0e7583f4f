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
// A streamed call keeps its permission until the stream is closed, and an export that is
// streamed into an upload is two calls in flight. With a limiter that has only one
// permission left, the upload would wait forever for the export, which waits for the
// upload. A limiter should therefore be a [Reserver] as well. One that is not is asked
// once for both calls: see [Client.Reserve].
type Limiter interface {
	// Acquire waits until a call charged to payer may be sent. If ctx ends first, it
	// returns the cause. release must be called exactly once, after the response has been
	// read. throttled reports whether the server asked this payer to slow down, and
	// backOff for how long (zero: it did not say).
	Acquire(ctx context.Context, payer string) (release func(throttled bool, backOff time.Duration), err error)
}

// Reserver is a [Limiter] that can grant permission for several calls together, as the
// one of package throttle can.
type Reserver interface {
	Limiter

	// Reserve waits until a permission is available for every payer named, and takes all
	// of them together. It takes all or none; otherwise two workers that each hold one
	// could wait for each other. A payer is named once for each call that it will have in
	// flight. If it may never have that many, the calls must be let through together all
	// the same, or Reserve must fail.
	//
	// Acquire with the returned context takes a reserved permission, and its release
	// returns it to the reservation. done ends the reservation, and is called once. If
	// ctx ends first, Reserve returns its cause.
	Reserve(ctx context.Context, payers ...string) (reserved context.Context, done func(), err error)
}

// Reserve reserves permission for two calls in flight at the same time, one of this view
// of the client and one of the other, such as an export that is streamed into an upload.
// Make both calls with the returned context. done ends the reservation and must be
// called. Without a limiter, Reserve returns ctx itself.
//
// If the limiter is not a [Reserver], it is asked once for all calls in flight with the
// context: the first call waits and pays, and the others share its permission. What the
// server reports to any of them is passed to the limiter when the last one ends.
//
// An error comes from the limiter: nothing was sent.
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

// about describes what a call is for. The context may know better on whose behalf it is
// made.
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

// permission is what a limiter that is not a Reserver has granted to calls in flight
// together.
type permission struct {
	turn chan struct{} // full while the limiter is being asked

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

// join reports whether a permission is held, and shares it.
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
