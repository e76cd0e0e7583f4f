package graph_test

import (
	"crypto/x509"
	"errors"
	"net"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// A connection that could not be made names the setting that may be wrong.
func TestErrorsNameTheSetting(t *testing.T) {
	t.Parallel()
	for says, err := range map[string]error{
		"no such host; check this machine's name servers, and graphUrl if it is set":     &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "graph.example"}},
		"refused; check that no firewall on the way blocks the connection, and graphUrl": &net.OpError{Op: "dial", Err: errors.New("refused")},
		"; check proxyUrl":     &net.OpError{Op: "proxyconnect", Err: errors.New("refused")},
		"; set rootCAFile":     x509.UnknownAuthorityError{},
		"graph: GET message: ": errors.New("something else"),
	} {
		synctest.Test(t, func(t *testing.T) {
			s := script(breaks(err), breaks(err), breaks(err), breaks(err), breaks(err), breaks(err))
			_, got := mailbox(t, s).Message(t.Context(), "id", nil, nil)
			require.ErrorContains(t, got, says)
		})
	}
}
