package quarantine

import (
	"context"
)

// Prober is a [Mailbox] that can tell cheaply whether it can be opened. Of one
// that cannot, a [Router] looks up the Inbox by [Mailbox.Home] instead.
type Prober interface {
	// Probe returns nil if the mailbox is there and can be opened. The error
	// matches [ErrUnreachable] if the server does not have it, or does not let
	// the account in; any other says that it is not known.
	Probe(ctx context.Context) error
}

// probe asks a service whether it has a mailbox.
func (rt *route) probe(ctx context.Context, address string) error {
	m := rt.service.strategy.Mailbox(address)
	if p, ok := m.(Prober); ok {
		return p.Probe(ctx)
	}
	_, err := m.Home(ctx, Folder{})
	return err
}
