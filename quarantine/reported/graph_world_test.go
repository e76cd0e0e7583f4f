package reported_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// newGraphWorld returns a world whose mailbox is reached over Microsoft Graph.
func newGraphWorld(t testing.TB, opts *graphtest.Options) *world {
	w := newWorld(t, ewstest.Options{Version: ewstest.ExchangeOnline})
	w.graph = graphtest.New(w.Server, opts)
	t.Cleanup(w.graph.Close)
	return w
}

// graphMailbox returns the mailbox for reports as the process sees it.
func (p *process) graphMailbox() driver.Mailbox {
	s, err := graphmail.New(p, &graphmail.Options{Root: p.w.graph.DirectURL(), Attempts: 2})
	require.NoError(p.w.t, err)
	return s.Mailbox(abuse)
}
