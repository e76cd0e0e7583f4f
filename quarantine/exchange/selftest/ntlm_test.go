package selftest_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/selftest"
)

// ntlmScene is an Exchange that offers nothing but NTLM, over TLS.
func ntlmScene(t *testing.T, o ewstest.Options) (*ewstest.Server, *exchange.Config) {
	t.Helper()
	o.TLS, o.Authentication = true, []ewstest.Scheme{ewstest.NTLM}
	srv := ewstest.NewServer(&o)
	t.Cleanup(srv.Close)
	srv.Mailbox(vault).AddFolder(nil, "Quarantine")
	roots := filepath.Join(t.TempDir(), "roots.pem")
	require.NoError(t, os.WriteFile(roots, srv.CAPEM(), 0o600))
	return srv, &exchange.Config{
		EWSURL: srv.URL(), QuarantineMailbox: vault, RootCAFile: roots,
		Authentication: exchange.Authentication{
			Type: exchange.AuthenticationNTLM, Username: `EXAMPLE\svc`, Password: exchange.NewSecret("svc-password"),
		},
	}
}

func TestCheckNTLM(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options ewstest.Options
		spoil   func(*exchange.Config)
		failed  []string
		remedy  string
	}{
		"well":                          {},
		"well, Extended Protection":     {options: ewstest.Options{ExtendedProtection: ewstest.ProtectionRequire}},
		"password":                      {spoil: func(c *exchange.Config) { c.Authentication.Password = exchange.NewSecret("wrong") }, failed: []string{"authentication"}, remedy: "the account is not locked"},
		"another way to sign in wanted": {spoil: func(c *exchange.Config) { c.Authentication.Type = exchange.AuthenticationBasic }, failed: []string{"authentication"}, remedy: "the server offers NTLM, the configuration says basic"},
		"channel binding": {
			options: ewstest.Options{ExtendedProtection: ewstest.ProtectionRequire},
			spoil:   func(c *exchange.Config) { c.Authentication.DisableChannelBinding = true },
			failed:  []string{"authentication"}, remedy: "disableChannelBinding",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, cfg := ntlmScene(t, c.options)
			if c.spoil != nil {
				c.spoil(cfg)
			}
			report, err := selftest.Check(t.Context(), cfg, &selftest.Options{Mailboxes: []string{alice}})
			require.NoError(t, err)
			assert.Equal(t, c.failed, names(report, selftest.Failed), report)
			onlyDependents(t, report)
			assert.Contains(t, report.String(), c.remedy)
			assert.NotContains(t, report.String(), "svc-password")
			for _, m := range srv.Mailbox(alice).Messages() {
				t.Errorf("%s was left in %s", m.Subject, m.Folder)
			}
		})
	}
}
