package live_test

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/live"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// variables returns a sufficient set of variables, with changes.
func variables(changes map[string]string) func(string) (string, bool) {
	all := map[string]string{
		live.EnvURL: "https://mail.example.test/EWS/Exchange.asmx", live.EnvAccount: `EXAMPLE\svc`, live.EnvPassword: "of-svc",
		live.EnvQuarantine: vault, live.EnvMailbox: alice,
	}
	maps.Copy(all, changes)
	return func(name string) (string, bool) { v, ok := all[name]; return v, ok }
}

func TestFromEnv(t *testing.T) {
	t.Parallel()
	s, err := live.FromEnv(variables(nil))
	require.NoError(t, err)
	assert.Equal(t, []exchange.Access{exchange.FullAccess, exchange.Impersonation}, s.Access)
	assert.Equal(t, exchange.AuthenticationNTLM, s.Config.Authentication.Type)
	assert.Equal(t, 8, s.MaxMB)
	assert.Equal(t, time.Minute, s.Wait)
	require.NoError(t, s.Config.Validate())

	s, err = live.FromEnv(variables(map[string]string{
		live.EnvAccess: "impersonation", live.EnvAuth: "Basic", live.EnvMaxMB: "64", live.EnvWait: "2s", live.EnvSender: own, live.EnvBlocked: "b@example.test",
	}))
	require.NoError(t, err)
	assert.Equal(t, []exchange.Access{exchange.Impersonation}, s.Access)
	assert.Equal(t, exchange.AuthenticationBasic, s.Config.Authentication.Type)
	assert.Equal(t, 64, s.MaxMB)
	assert.Equal(t, 2*time.Second, s.Wait)
	assert.Equal(t, own, s.Sender)
	assert.Equal(t, "b@example.test", s.Blocked)
}

func TestFromEnvNamesWhatIsMissingOrWrong(t *testing.T) {
	t.Parallel()
	for _, name := range []string{live.EnvURL, live.EnvAccount, live.EnvPassword, live.EnvQuarantine, live.EnvMailbox} {
		_, err := live.FromEnv(variables(map[string]string{name: " "}))
		assert.ErrorContains(t, err, name+" is not set")
	}
	for name, value := range map[string]string{
		live.EnvAuth: "kerberos", live.EnvAccess: "owner", live.EnvMaxMB: "0", live.EnvWait: "-1s", live.EnvSender: "svc",
		live.EnvBlocked: "b", live.EnvMailbox: vault, live.EnvConfig: filepath.Join(t.TempDir(), "none.json"),
	} {
		_, err := live.FromEnv(variables(map[string]string{name: value}))
		if assert.ErrorContains(t, err, name) {
			assert.NotContains(t, err.Error(), "of-svc")
		}
	}
	_, err := live.FromEnv(func(string) (string, bool) { return "", false })
	assert.ErrorContains(t, err, live.EnvURL)
	assert.ErrorContains(t, err, live.EnvMailbox)
}

func TestFromEnvReadsAConfiguration(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "exchange.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"quarantineMailbox": "quarantine@example.test", "journalFile": "j.db", "authentication": {
		"type": "azureAD", "applicationId": "00001111-aaaa-2222-bbbb-3333cccc4444", "tenantId": "example.test", "privateKeyFile": "app.pfx"}}`), 0o600))
	lookup := variables(map[string]string{live.EnvConfig: file, exchange.EnvPrivateKeyPassword: "of-the-key", live.EnvURL: ""})
	s, err := live.FromEnv(lookup)
	require.NoError(t, err)
	assert.Equal(t, []exchange.Access{exchange.Impersonation}, s.Access, "Azure AD knows no other")
	assert.Equal(t, exchange.AuthenticationAzureAD, s.Config.Authentication.Type)
	assert.Equal(t, "of-the-key", s.Config.Authentication.PrivateKeyPassword.Reveal())
	assert.Empty(t, s.Config.JournalFile, "the suite leaves the product's journal alone")

	require.NoError(t, os.WriteFile(file, []byte(`{"quarantineMailbox": "quarantine@example.test", "access": "fullAccess",
		"authentication": {"type": "external"}}`), 0o600))
	s, err = live.FromEnv(lookup)
	require.NoError(t, err)
	assert.Equal(t, []exchange.Access{exchange.FullAccess}, s.Access)
}

// fields are names in a configuration, which users of variables have never seen.
var fields = []string{"ewsUrl", "quarantineMailbox", "rootCAFile", "authentication.", "configuration:", "JSON"}

func TestFromEnvNamesVariablesOnly(t *testing.T) {
	t.Parallel()
	for name, values := range map[string][]string{
		live.EnvURL: {"mail.example.test", "ftp://mail.example.test/", "https://mail.example.test", "https://svc:of-svc@mail.example.test/EWS/Exchange.asmx",
			"http://mail.example.test/EWS/Exchange.asmx", "https://outlook.office365.com/EWS/Exchange.asmx"},
		live.EnvAccount:    {"svc", `\svc`, "svc\x01@example.test"},
		live.EnvQuarantine: {"quarantine", "a@b@c"},
		live.EnvCAFile:     {"a\x00b"},
		live.EnvReport:     {filepath.Join(t.TempDir(), "none", "report")},
	} {
		for _, value := range values {
			_, err := live.FromEnv(variables(map[string]string{name: value}))
			if !assert.Error(t, err, "%s=%q", name, value) {
				continue
			}
			if value != "https://outlook.office365.com/EWS/Exchange.asmx" { // it is the sign-in that does not match
				assert.ErrorContains(t, err, name)
			}
			for _, field := range fields {
				assert.NotContains(t, err.Error(), field, "%s=%q", name, value)
			}
		}
	}
	_, err := live.FromEnv(variables(map[string]string{live.EnvAccount: "a:b@example.test", live.EnvAuth: "basic", live.EnvAccess: "none", live.EnvMailbox: "m"}))
	for _, name := range []string{live.EnvAccount, live.EnvAccess, live.EnvMailbox} {
		assert.ErrorContains(t, err, name, "all at once")
	}
}

// TestFromEnvKeepsThePassword: spaces may belong to it, and refused passwords are
// counted.
func TestFromEnvKeepsThePassword(t *testing.T) {
	t.Parallel()
	s, err := live.FromEnv(variables(map[string]string{live.EnvPassword: " of svc "}))
	require.NoError(t, err)
	assert.Equal(t, " of svc ", s.Config.Authentication.Password.Reveal())
}

func TestFromEnvRefusesAConfiguration(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "exchange.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"quarantineMailbox": "quarantine", "authentication": {"type": "external"}}`), 0o600))
	_, err := live.FromEnv(variables(map[string]string{live.EnvConfig: file}))
	assert.ErrorContains(t, err, live.EnvConfig+" cannot be used: ")
	assert.ErrorContains(t, err, "quarantineMailbox", "whoever has a file knows its fields")
}

func TestSummary(t *testing.T) {
	t.Parallel()
	s, err := live.FromEnv(variables(nil))
	require.NoError(t, err)
	got := s.Summary()
	assert.NotContains(t, got, "of-svc")
	for _, line := range []string{
		"server +https://mail.example.test/EWS/Exchange.asmx", `account +EXAMPLE\\svc, ntlm`, "mailbox +" + alice, "quarantine +" + vault,
		"access +fullAccess, then impersonation", "sender +none.*" + live.EnvSender, "blocked +none.*" + live.EnvBlocked, "report +only here.*" + live.EnvReport,
	} {
		assert.Regexp(t, "(?m)^"+line, got)
	}
	file := filepath.Join(t.TempDir(), "report")
	s, err = live.FromEnv(variables(map[string]string{live.EnvSender: own, live.EnvReport: file}))
	require.NoError(t, err)
	assert.Regexp(t, "(?m)^sender +"+own, s.Summary())
	assert.Contains(t, s.Summary(), "added to "+file)
}
