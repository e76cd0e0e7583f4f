package ews

import "context"

// Hooked returns a view of the client that tells a further [Hook] of each request: after
// that of [Options] when it begins, before it when it ends. Views made of it do so, too.
// It is for a layer above the client that counts what its own calls cost, whatever hook
// its user has set.
func (c *Client) Hooked(h Hook) *Client {
	view := *c
	view.hooks = append(append([]Hook(nil), c.hooks...), h)
	return &view
}

// told tells all hooks of a request, and returns the context to go on with, and what to
// call with its end.
func (c *Client) told(ctx context.Context, start CallStart) (context.Context, func(CallEnd)) {
	hooks := c.allHooks()
	for _, h := range hooks {
		if own := h.TraceCallStart(ctx, start); own != nil {
			ctx = own
		}
	}
	return ctx, func(e CallEnd) {
		for i := len(hooks) - 1; i >= 0; i-- {
			hooks[i].TraceCallEnd(ctx, e)
		}
	}
}

// allHooks returns the hooks of this view, that of [Options] first.
func (c *Client) allHooks() []Hook {
	if c.hook == nil {
		return c.hooks
	}
	return append([]Hook{c.hook}, c.hooks...)
}

// gate returns what to ask before the body of a request is read, nil if nobody wants to be
// asked.
func (c *Client) gate(ctx context.Context, start CallStart) func() error {
	var gates []Gate
	for _, h := range c.allHooks() {
		if g, ok := h.(Gate); ok {
			gates = append(gates, g)
		}
	}
	if gates == nil {
		return nil
	}
	return func() error {
		for _, g := range gates {
			if err := g.TraceCallSend(ctx, start); err != nil {
				return err
			}
		}
		return nil
	}
}

// heldBackError is why a [Gate] has not let a request through.
type heldBackError struct{ err error }

func (e *heldBackError) Error() string { return e.err.Error() }
func (e *heldBackError) Unwrap() error { return e.err }

// Payer returns whose budget the calls of this view are charged to: the impersonated
// mailbox, else Payer of [Options].
func (c *Client) Payer() string { return c.payingMailbox() }
