package setup_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/setup"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares a text with a file or, with -update, writes the file.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, got, 0o644))
		return
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err, "run the test with -update to create it")
	assert.Equal(t, string(want), string(got), "if the change is intended, run the test with -update")
}

func passwordConfig(access exchange.Access) exchange.Config {
	return exchange.Config{
		Name: "Head office", EWSURL: "https://mail.example.test/EWS/Exchange.asmx", QuarantineMailbox: vault, Access: access,
		Authentication: exchange.Authentication{Type: exchange.AuthenticationNTLM, Username: `EXAMPLE\svc`},
	}
}

// setups are the guides with golden files.
var setups = map[string]struct {
	cfg     exchange.Config
	version setup.Version
}{
	"2010-fullaccess":    {passwordConfig(exchange.FullAccess), setup.Exchange2010},
	"2010-impersonation": {passwordConfig(exchange.Impersonation), setup.Exchange2010},
	"2016-fullaccess":    {passwordConfig(exchange.FullAccess), setup.Exchange2016},
	"2016-impersonation": {passwordConfig(exchange.Impersonation), setup.Exchange2016},
	"online": {exchange.Config{
		Name: "Cloud", EWSURL: "https://outlook.office365.com/EWS/Exchange.asmx", QuarantineMailbox: vault,
		Authentication: exchange.Authentication{
			Type: exchange.AuthenticationAzureAD, ApplicationID: "00001111-aaaa-2222-bbbb-3333cccc4444",
			TenantID: "customer.onmicrosoft.com", PrivateKeyFile: "quarantine.pfx",
		},
	}, ""},
	"2019-autodiscover": {exchange.Config{
		Name: "Head office", QuarantineMailbox: "quarantine@corp.example.test",
		Authentication: exchange.Authentication{Type: exchange.AuthenticationNTLM, Username: `EXAMPLE\svc`},
	}, setup.Exchange2019},
	"online-china-autodiscover": {exchange.Config{
		QuarantineMailbox: vault,
		Authentication: exchange.Authentication{
			Type: exchange.AuthenticationAzureAD, AuthenticationEndpoint: "https://login.partner.microsoftonline.cn",
			ApplicationID: "00001111-aaaa-2222-bbbb-3333cccc4444", TenantID: "customer.partner.onmschina.cn", PrivateKeyFile: "quarantine.pfx",
		},
	}, ""},
	"graph": {exchange.Config{
		Name: "Cloud", API: exchange.APIGraph, QuarantineMailbox: vault, QuarantineHeader: quarantine.Header{Name: "X-Quarantined", Value: "yes"},
		Authentication: exchange.Authentication{
			Type: exchange.AuthenticationAzureAD, ApplicationID: "00001111-aaaa-2222-bbbb-3333cccc4444",
			TenantID: "customer.onmicrosoft.com", PrivateKeyFile: "quarantine.pfx",
		},
	}, ""},
	"graph-new": {exchange.Config{API: exchange.APIGraph}, setup.ExchangeOnline},
	"graph-in-place-gcc-high": {exchange.Config{
		API: exchange.APIGraph, QuarantineInPlace: true, Authentication: exchange.Authentication{AuthenticationEndpoint: "https://login.microsoftonline.us"},
	}, ""},
	"graph-in-place-china": {exchange.Config{
		API: exchange.APIGraph, QuarantineInPlace: true, QuarantineHeader: quarantine.Header{Name: "X-Quarantined", Value: "yes"},
		Authentication: exchange.Authentication{
			Type: exchange.AuthenticationAzureAD, AuthenticationEndpoint: "https://login.partner.microsoftonline.cn",
			ApplicationID: "00001111-aaaa-2222-bbbb-3333cccc4444", TenantID: "customer.partner.onmschina.cn", PrivateKeyFile: "quarantine.pfx",
		},
	}, ""},
	"online-gcc-high-new": {exchange.Config{EWSURL: "https://outlook.office365.us/EWS/Exchange.asmx"}, ""},
}

// fullAccessAsApp is the permission for EWS.
const fullAccessAsApp = "dc890d15-9560-4a4c-9b7f-a736ec74ec40"

func TestSetup(t *testing.T) {
	t.Parallel()
	for name, c := range setups {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			guide, err := setup.New(&c.cfg, &setup.Options{ExchangeVersion: c.version})
			require.NoError(t, err)
			var markdown, text bytes.Buffer
			require.NoError(t, guide.WriteMarkdown(&markdown))
			require.NoError(t, guide.WriteText(&text))
			golden(t, filepath.Join("testdata", "setup", name+".md"), markdown.Bytes())
			golden(t, filepath.Join("testdata", "setup", name+".txt"), text.Bytes())
			for _, step := range guide.Steps {
				for _, line := range step.Commands {
					assert.NotContains(t, line, "\n")
					assert.Contains(t, text.String(), "    "+line+"\n")
				}
			}
			b, err := json.Marshal(guide)
			require.NoError(t, err)
			var back setup.Guide
			require.NoError(t, json.Unmarshal(b, &back))
			assert.Equal(t, *guide, back)
			assert.Error(t, guide.WriteMarkdown(failingWriter{}))
			assert.Error(t, guide.WriteText(failingWriter{}))
		})
	}
}

// commands returns all command lines of a guide.
func commands(g *setup.Guide) string {
	var all []string
	for _, s := range g.Steps {
		all = append(all, s.Commands...)
	}
	return strings.Join(all, "\n")
}

// TestSetupDiffers checks what differs between versions and kinds of access, in
// case a change of the golden files hides it.
func TestSetupDiffers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ has, lacks []string }{
		"2010-fullaccess": {
			[]string{"-EWSPercentTimeInMailboxRPC", "Add-MailboxPermission", "schtasks.exe /Create", `Set-ThrottlingPolicyAssociation -Identity 'EXAMPLE\svc'`},
			[]string{"EwsMaxBurst", "ThrottlingPolicyScope", "ApplicationImpersonation", "EwsAllowedAppIDs"},
		},
		"2016-fullaccess": {
			[]string{"-EwsMaxBurst", "-ThrottlingPolicyScope Regular", "Add-MailboxPermission", "schtasks.exe /Create"},
			[]string{"PercentTime", "ApplicationImpersonation"},
		},
		"2016-impersonation": {
			[]string{"-Role ApplicationImpersonation", `Set-ThrottlingPolicyAssociation -Identity 'quarantine@example.test'`},
			[]string{"Add-MailboxPermission", "schtasks"},
		},
		"online": {
			[]string{"-RetrieveEwsOperationAccessPolicy", "'Application EWS.AccessAsApp'", "dc890d15-9560-4a4c-9b7f-a736ec74ec40", "Connect-ExchangeOnline"},
			[]string{"ThrottlingPolicy", "-Role ApplicationImpersonation", "Get-WebServicesVirtualDirectory"},
		},
		"graph": {
			[]string{"'MailboxItem.ImportExport.All'", "'Mail.ReadWrite'", "'Application Mail.ReadWrite'", "'Mail-Advanced.ReadWrite.All'", "Connect-ExchangeOnline", "00000003-0000-0000-c000-000000000000"},
			[]string{"EwsAllowedAppIDs", "EWS.AccessAsApp", fullAccessAsApp, "ThrottlingPolicy", "Get-WebServicesVirtualDirectory"},
		},
		"graph-new": {[]string{"New-MgApplication"}, []string{"Mail-Advanced"}},
		"graph-in-place-gcc-high": {
			[]string{"'Mail.ReadWrite'", "'User.Read.All'", "-Environment USGov", "O365USGovGCCHigh", "New-MgApplication"},
			[]string{"ImportExport", "MailboxFolder", "Mail-Advanced", "New-Mailbox "},
		},
		"graph-in-place-china": {[]string{"-Environment China", "'Mail-Advanced.ReadWrite.All'"}, []string{"ImportExport", "New-Mailbox "}},
		"2019-autodiscover": {
			[]string{"Resolve-DnsName 'autodiscover.corp.example.test'", "Resolve-DnsName '_autodiscover._tcp.corp.example.test' -Type SRV", "Get-WebServicesVirtualDirectory"},
			nil,
		},
		"online-china-autodiscover": {[]string{"O365China"}, []string{"Resolve-DnsName"}},
		"online-gcc-high-new":       {[]string{"O365USGovGCCHigh", "-Environment USGov", "New-MgApplication"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			guide, err := setup.New(new(setups[name].cfg), &setup.Options{ExchangeVersion: setups[name].version})
			require.NoError(t, err)
			all := commands(guide)
			for _, s := range c.has {
				assert.Contains(t, all, s)
			}
			for _, s := range c.lacks {
				assert.NotContains(t, all, s)
			}
		})
	}
}

// TestSetupQuotes: whatever a name contains, it stays one PowerShell literal.
func TestSetupQuotes(t *testing.T) {
	t.Parallel()
	cfg := passwordConfig(exchange.FullAccess)
	cfg.Name = "``` <script> *Office*"
	cfg.Authentication.Username = "EXAMPLE\\o'hara\u2019; Remove-Mailbox $x `n #"
	guide, err := setup.New(&cfg, &setup.Options{ExchangeVersion: setup.Exchange2016})
	require.NoError(t, err)
	quoted := "'EXAMPLE\\o''hara\u2019\u2019; Remove-Mailbox $x `n #'"
	all := commands(guide)
	assert.Contains(t, all, "-User "+quoted)
	inScript := strings.NewReplacer("'", "''", "\u2019", "\u2019\u2019").Replace("$account = " + quoted)
	assert.Contains(t, all, "    '"+inScript+"',", "in the script it is quoted again")
	for line := range strings.Lines(all) {
		outside := outsideLiterals(line)
		assert.NotContains(t, outside, "Remove-Mailbox", line)
		assert.NotContains(t, outside, "#", line)
	}
	assert.Contains(t, guide.Title, "`''' <script> *Office*`")
}

// outsideLiterals returns the parts of a line of PowerShell outside single-quoted literals,
// or reports that one is not closed.
func outsideLiterals(line string) string {
	var b strings.Builder
	inside := false
	runes := []rune(strings.TrimSuffix(line, "\n"))
	for i := 0; i < len(runes); i++ {
		if !strings.ContainsRune("'\u2018\u2019\u201A\u201B", runes[i]) {
			if !inside {
				b.WriteRune(runes[i])
			}
			continue
		}
		if inside && i+1 < len(runes) && strings.ContainsRune("'\u2018\u2019\u201A\u201B", runes[i+1]) {
			i++
			continue
		}
		inside = !inside
	}
	if inside {
		return "a literal is not closed: Remove-Mailbox # " + line
	}
	return b.String()
}

func TestSetupRefuses(t *testing.T) {
	t.Parallel()
	full := passwordConfig(exchange.FullAccess)
	for name, c := range map[string]struct {
		cfg     *exchange.Config
		version setup.Version
		says    string
	}{
		"no configuration":     {nil, "", "configuration"},
		"no such version":      {&full, "2007", "ExchangeVersion"},
		"password with Online": {&full, setup.ExchangeOnline, "azureAD"},
		"address of Online with a server": {&exchange.Config{
			EWSURL:         "https://outlook.office365.com/EWS/Exchange.asmx",
			Authentication: exchange.Authentication{Type: exchange.AuthenticationAzureAD},
		}, setup.Exchange2016, "ewsUrl"},
		"tokens with 2010": {&exchange.Config{
			Authentication: exchange.Authentication{Type: exchange.AuthenticationAzureAD},
			EWSURL:         "https://mail.example.test/EWS/Exchange.asmx",
		}, setup.Exchange2010, "ntlm"},
		"a server, and an application without an address": {&exchange.Config{
			Authentication: exchange.Authentication{Type: exchange.AuthenticationAzureAD},
		}, setup.Exchange2019, "hybrid modern authentication"},
		"a server, by Graph": {&exchange.Config{API: exchange.APIGraph}, setup.Exchange2019, `api is "graph"`},
		"Graph in a sovereign cloud": {&exchange.Config{
			API:            exchange.APIGraph,
			Authentication: exchange.Authentication{AuthenticationEndpoint: "https://login.partner.microsoftonline.cn"},
		}, "", "China"},
		"Graph with a password": {&exchange.Config{API: exchange.APIGraph, Authentication: exchange.Authentication{Type: exchange.AuthenticationNTLM}}, "", "azureAD"},
		"a malformed address":   {&exchange.Config{QuarantineMailbox: "quarantine"}, "", "quarantineMailbox"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := setup.New(c.cfg, &setup.Options{ExchangeVersion: c.version})
			require.ErrorContains(t, err, c.says)
		})
	}
}
