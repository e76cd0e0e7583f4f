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
	hooks := c.hooks
	if c.hook != nil {
		hooks = append([]Hook{c.hook}, hooks...)
	}
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

// Payer returns whose budget the calls of this view are charged to: the impersonated
// mailbox, else Payer of [Options].
func (c *Client) Payer() string { return c.payingMailbox() }
