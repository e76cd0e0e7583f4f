package quarantine

import (
	"context"
)

// probe asks a service whether it has a mailbox.
func (rt *route) probe(ctx context.Context, address string) error {
	m := rt.service.strategy.Mailbox(address)
	if p, ok := m.(Prober); ok {
		return p.Probe(ctx)
	}
	_, err := m.Home(ctx, Folder{})
	return err
}
