package exchange_test

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// An application signs in with its certificate, over the network, takes a message and puts
// it back.
func TestGraphOverTheNetwork(t *testing.T) {
	t.Parallel()
	cert, err := auth.NewCertificate(nil)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(cert.CER())
	require.NoError(t, err)
	const application, tenantID = "00001111-aaaa-2222-bbbb-3333cccc4444", "5a1e0f3c-7d3b-4c42-9f64-0c2ad2b10001"
	srv := graphtest.New(nil, &graphtest.Options{
		TLS: true, Tenant: tenantID, Applications: []graphtest.Application{{ID: application, Certificates: []*x509.Certificate{leaf}}},
	})
	t.Cleanup(srv.Close)
	o := &tenant{Server: srv, requests: func() int { return len(srv.Requests()) }}
	o.deliver("")
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, srv.CAPEM(), 0o600))
	c := &exchange.Config{
		API: exchange.APIGraph, GraphURL: srv.URL(), QuarantineMailbox: "quarantine@example.test", RootCAFile: ca, SearchLag: exchange.Duration(1e6),
		Authentication: exchange.Authentication{
			Type: exchange.AuthenticationAzureAD, ApplicationID: application, TenantID: tenantID, AuthenticationEndpoint: srv.AuthorityURL(),
			PrivateKeyFile: writePFX(t, cert, "pfx-password"), PrivateKeyPassword: exchange.NewSecret("pfx-password"),
		},
	}
	s, err := exchange.Open(c, nil)
	require.NoError(t, err)
	defer s.Close()
	taken, err := s.Quarantine(t.Context(), quarantine.Target{Mailbox: "alice@example.test", MessageID: crossingID})
	require.NoError(t, err)
	require.NoError(t, taken.Err())
	assert.Equal(t, quarantine.Quarantined, taken.Outcome())
	assert.Len(t, o.of("quarantine@example.test"), 1)
	back, err := s.Restore(t.Context(), taken)
	require.NoError(t, err)
	require.NoError(t, back.Err())
	assert.Len(t, o.of("alice@example.test"), 1)
	assert.Empty(t, o.of("quarantine@example.test"))
}
