package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

const applicationID = "00001111-aaaa-2222-bbbb-3333cccc4444"

// TestSignIn takes a message into quarantine with each way to sign in, configured as
// in a product.
func TestSignIn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, err := auth.NewCertificate(nil)
	require.NoError(t, err)
	pfx, err := cert.PFX("pfx-password")
	require.NoError(t, err)
	pfxFile, cerFile := filepath.Join(dir, "app.pfx"), filepath.Join(dir, "app.cer")
	require.NoError(t, os.WriteFile(pfxFile, pfx, 0o600))
	require.NoError(t, os.WriteFile(cerFile, cert.CER(), 0o600))

	password := func(typ exchange.AuthenticationType) func(ready) exchange.Authentication {
		return func(ready) exchange.Authentication {
			return exchange.Authentication{Type: typ, Username: `EXAMPLE\svc`, Password: exchange.NewSecret("svc-password")}
		}
	}
	for name, tc := range map[string]struct {
		args           []string
		authentication func(ready) exchange.Authentication
	}{
		"basic of all": {[]string{"-auth", "basic,ntlm,bearer"}, password(exchange.AuthenticationBasic)},
		"ntlm":         {[]string{"-auth", "ntlm"}, password(exchange.AuthenticationNTLM)},
		"ntlm of all":  {[]string{"-auth", "basic,ntlm,bearer", "-tls"}, password(exchange.AuthenticationNTLM)},
		"bearer": {[]string{"-auth", "bearer", "-tls", "-app", applicationID + "=" + cerFile}, func(r ready) exchange.Authentication {
			return exchange.Authentication{
				Type: exchange.AuthenticationAzureAD, ApplicationID: applicationID, TenantID: r.TenantID,
				AuthenticationEndpoint: r.Authority, PrivateKeyFile: pfxFile, PrivateKeyPassword: exchange.NewSecret("pfx-password"),
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, append(tc.args, "-load", "alice@example.test=../../testdata/mail")...)
			q, err := exchange.Open(&exchange.Config{
				EWSURL: r.ready.URL, QuarantineMailbox: "quarantine@example.test", RootCAFile: r.ready.CAFile,
				Access: exchange.Impersonation, Authentication: tc.authentication(r.ready),
			}, nil)
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, q.Close()) })
			receipt, err := q.Quarantine(t.Context(), quarantine.Target{Mailbox: "alice@example.test", MessageID: "<20261124.1@evil.example>"})
			require.NoError(t, err)
			require.NoError(t, receipt.Err())
			assert.Equal(t, quarantine.Quarantined, receipt.Outcome())
		})
	}
}

func TestBearerWithoutTLSIsExplained(t *testing.T) {
	t.Parallel()
	r := start(t, "-auth", "bearer")
	assert.NotEmpty(t, r.ready.Authority)
	assert.NotEmpty(t, r.ready.TenantID)
	assert.Zero(t, r.stop())
	assert.Contains(t, r.stderr.String(), "give -tls")
	assert.Contains(t, r.stderr.String(), "-app ID=FILE")
}

// TestTenantOfAScenario: the first line has the tenant, as it does with -auth bearer.
func TestTenantOfAScenario(t *testing.T) {
	t.Parallel()
	r := start(t, "-scenario", "../../testdata/scenarios/cloud.json", "-tls")
	assert.Equal(t, "bbbbcccc-1111-dddd-2222-eeee3333ffff", r.ready.TenantID)
	assert.NotEmpty(t, r.ready.Authority)
	assert.Zero(t, r.stop())
	assert.Contains(t, r.stderr.String(), "-app ID=FILE")

	r = start(t, "-scenario", "../../testdata/scenarios/cloud.json", "-auth", "basic")
	assert.Empty(t, r.ready.TenantID, "nobody signs in with tokens")
	assert.Zero(t, r.stop())
	assert.NotContains(t, r.stderr.String(), "-app")
}
