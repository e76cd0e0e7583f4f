package quarantine

import (
	"context"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// probe asks a service whether it has a mailbox.
func (rt *route) probe(ctx context.Context, address string) error {
	m := rt.service.strategy.Mailbox(address)
	if p, ok := driver.As[driver.Prober](m); ok {
		return p.Probe(ctx)
	}
	_, err := m.Home(ctx, driver.Folder{})
	return err
}
