package exchange_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// fixedConfigs are the contents of the files testdata/config-1-*.json, without secrets. The
// version of 2026-11-25 wrote and accepted them; for "stamps" it was the version of
// 2026-11-28, and for "stall", "secrets" and "throttling" that of 2026-11-29. No version
// writes secrets. Each setting is in one of the files.
var fixedConfigs = map[string][]exchange.Config{
	"ntlm": {{
		Enabled: new(true), Name: "Head office", EWSURL: "https://mail.example.test:8443/EWS/Exchange.asmx", AllowPlainHTTP: true,
		QuarantineMailbox: "quarantine@example.test", Domains: []string{"example.test", "xn--bcher-kva.example"},
		Mailboxes: []string{"o'neil+x@sub.example.test"}, Access: exchange.FullAccess,
		Authentication: exchange.Authentication{
			Type: exchange.AuthenticationNTLM, Username: `EXAMPLE\svc`,
			AuthenticationEndpoint: "https://login.windows.net", DisableChannelBinding: true,
		},
		QuarantineFolder: "Quarantäne (検疫) & co.", FolderPerMailbox: true, CriteriaSearch: true,
		SearchLimits: quarantine.Limits{
			PerMailbox: 20, Total: 200, Examined: 5000, Protected: []string{"ceo@example.test", "board@example.test"},
		},
		ScanRecoverableItems: true, SweepRecoverableItems: true, ScanOnlineArchive: true,
		UseProxy: true, RootCAFile: "ca.pem", JournalFile: "ewsq.journal",
	}},
	"basic": {fixedBasic},
	"stamps": {{
		Name: "Sealed", EWSURL: "https://mail.example.test/EWS/Exchange.asmx", QuarantineMailbox: "quarantine@example.test",
		Authentication: exchange.Authentication{Type: exchange.AuthenticationNTLM, Username: `EXAMPLE\svc`},
		SearchLag:      exchange.Duration(90 * time.Second), WriteDoubt: exchange.Duration(time.Hour), LeaveRecoverable: true,
	}, {
		Name: "Sealed from a file", EWSURL: "https://mail.example.net/EWS/Exchange.asmx", QuarantineMailbox: "quarantine@example.net",
		Authentication: exchange.Authentication{Type: exchange.AuthenticationNTLM, Username: `EXAMPLE\svc`},
		StampKeyFile:   "stamp.keys",
	}},
	"stall": {{
		Name: "Slow", EWSURL: "https://mail.example.org/EWS/Exchange.asmx", QuarantineMailbox: "quarantine@example.org",
		Authentication: exchange.Authentication{Type: exchange.AuthenticationNTLM, Username: `EXAMPLE\svc`},
		StallTimeout:   exchange.Duration(5 * time.Minute),
	}},
	"throttling": {{
		Name: "Policy", EWSURL: "https://mail.example.org/EWS/Exchange.asmx", QuarantineMailbox: "quarantine@example.org",
		Authentication: exchange.Authentication{Type: exchange.AuthenticationNTLM, Username: `EXAMPLE\svc`},
		Throttling:     exchange.Throttling{Concurrency: 40, EwsMaxBurst: 600_000, EwsRechargeRate: 1_800_000, EwsCutoffBalance: 6_000_000, Probe: true},
	}, {
		Name: "No policy", EWSURL: "https://mail.example.net/EWS/Exchange.asmx", QuarantineMailbox: "quarantine@example.net",
		Authentication: exchange.Authentication{Type: exchange.AuthenticationNTLM, Username: `EXAMPLE\svc`},
		Throttling:     exchange.Throttling{Unlimited: true},
	}},
	"secrets": {{
		Name: "Secrets in files", EWSURL: "https://mail.example.test/EWS/Exchange.asmx", QuarantineMailbox: "quarantine@example.test",
		Authentication:        exchange.Authentication{Type: exchange.AuthenticationBasic, Username: `EXAMPLE\svc`, PasswordFile: "password.txt"},
		ClientCertificateFile: "client.pfx", TLSRenegotiation: true,
	}},
	"external": {{
		Name: "Kerberos", EWSURL: "https://mail.example.test/EWS/Exchange.asmx", QuarantineMailbox: "quarantine@example.test",
		Authentication: exchange.Authentication{Type: exchange.AuthenticationExternal, Username: `EXAMPLE\svc`},
	}, {
		Name: "Kerberos, without an account", QuarantineMailbox: "quarantine@branch.example.test", Access: exchange.Impersonation,
		Authentication: exchange.Authentication{Type: exchange.AuthenticationExternal},
	}},
	"azuread": {{
		Enabled: new(false), Name: "Cloud", EWSURL: "https://outlook.office365.us/EWS/Exchange.asmx",
		QuarantineMailbox: "quarantine@cloud.example.test", Mailboxes: []string{"guest@cloud.example.test"},
		Access: exchange.Impersonation,
		Authentication: exchange.Authentication{
			Type: exchange.AuthenticationAzureAD, ApplicationID: "00001111-aaaa-2222-bbbb-3333cccc4444",
			TenantID: "customer.onmicrosoft.com", AuthenticationEndpoint: "https://login.microsoftonline.us", PrivateKeyFile: "cert.pfx",
		},
		QuarantineHeader: driver.Header{Name: "X-Quarantined", Value: "yes"},
	}},
	"tenants": {fixedBasic, {
		Name: "Customer", QuarantineMailbox: "quarantine@customer.example.test", Domains: []string{"customer.example.test"},
		Authentication: exchange.Authentication{
			Type: exchange.AuthenticationAzureAD, ApplicationID: "00001111-aaaa-2222-bbbb-3333cccc4444",
			TenantID: "aaaabbbb-0000-cccc-1111-dddd2222eeee", PrivateKeyFile: "cert.pfx",
		},
	}},
}

var fixedBasic = exchange.Config{
	Name: "Branch", AutodiscoverHosts: []string{"mail.hoster.example"}, QuarantineMailbox: "quarantine@branch.example.test",
	Domains: []string{"branch.example.test"}, Access: exchange.Impersonation,
	Authentication:   exchange.Authentication{Type: exchange.AuthenticationBasic, Username: "svc@branch.example.test"},
	QuarantineHeader: driver.Header{Name: "X-Quarantined", Value: "yes; by=ewsq"},
	UndoHeader:       driver.Header{Name: "X-Released", Value: "frei für Jürgen"},
	CriteriaSearch:   true, SearchLimits: quarantine.Limits{PerMailbox: 1},
}

// fixedSecrets are the proxy, the password, the password of the private key, and the key of
// stamps.
var fixedSecrets = map[string][4]string{
	"Head office":        {"socks5h://u:s3cret@proxy.example.test:1080", configPassword},
	"Branch":             {"", configPassword},
	"Cloud":              {"", "", "s3cret-of-key"},
	"Sealed":             {"", configPassword, "", "s3cret-of-all-stamps"},
	"Sealed from a file": {"", configPassword},
	"Slow":               {"", configPassword},
	"Policy":             {"", configPassword},
	"No policy":          {"", configPassword},
}

func TestConfigsOfEarlierVersions(t *testing.T) {
	t.Parallel()
	e := publishedSchema(t)
	for name, want := range fixedConfigs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := "testdata/config-1-" + name + ".json"
			got, err := exchange.LoadConfigs(path)
			require.NoError(t, err)
			require.Len(t, got, len(want))
			for i, c := range got {
				require.NoError(t, c.Validate())
				a := &c.Authentication
				assert.Equal(t, fixedSecrets[c.Name], [4]string{c.ProxyURL.Reveal(), a.Password.Reveal(), a.PrivateKeyPassword.Reveal(), c.StampKey.Reveal()})
				c.ProxyURL, c.StampKey, a.Password, a.PrivateKeyPassword = exchange.ProxyURL{}, exchange.Secret{}, exchange.Secret{}, exchange.Secret{}
				assert.Equal(t, want[i], c)
			}
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.True(t, e.accepts(t, text), "the schema refuses it")
		})
	}
}
