package ews

import "context"

// Hooked returns a view of the client that reports each request to a further [Hook]:
// after the hook of [Options] when a request begins, and before it when the request ends.
// Views made from it do so, too. It is meant for a layer above the client that counts the
// cost of its own calls, whatever hook its user has set.
func (c *Client) Hooked(h Hook) *Client {
	view := *c
	view.hooks = append(append([]Hook(nil), c.hooks...), h)
	return &view
}

// told reports a request to all hooks. It returns the context to continue with and the
// function to call when the request has ended.
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

// allHooks returns the hooks of this view, the one from [Options] first.
func (c *Client) allHooks() []Hook {
	if c.hook == nil {
		return c.hooks
	}
	return append([]Hook{c.hook}, c.hooks...)
}

// gate returns the function to call before the body of a request is read, or nil if no
// hook is a [Gate].
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

// heldBackError is the reason why a [Gate] did not let a request through.
type heldBackError struct{ err error }

func (e *heldBackError) Error() string { return e.err.Error() }
func (e *heldBackError) Unwrap() error { return e.err }

// Payer returns whose budget pays for the calls of this view: the impersonated mailbox,
// or else the Payer of [Options].
func (c *Client) Payer() string { return c.payingMailbox() }
