package exchange_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// validConfig returns a valid configuration with NTLM and FullAccess.
func validConfig() exchange.Config {
	return exchange.Config{
		Name:              "Head office",
		EWSURL:            "https://mail.example.test/EWS/Exchange.asmx",
		QuarantineMailbox: "quarantine@example.test",
		Authentication: exchange.Authentication{
			Type:     exchange.AuthenticationNTLM,
			Username: `EXAMPLE\svc`,
			Password: exchange.NewSecret(configPassword),
		},
	}
}

// onlineConfig returns a valid configuration with Azure AD.
func onlineConfig() exchange.Config {
	return exchange.Config{
		EWSURL:            "https://outlook.office365.com/EWS/Exchange.asmx",
		QuarantineMailbox: "quarantine@example.test",
		Authentication: exchange.Authentication{
			Type:               exchange.AuthenticationAzureAD,
			ApplicationID:      "00001111-aaaa-2222-bbbb-3333cccc4444",
			TenantID:           "customer.onmicrosoft.com",
			PrivateKeyFile:     "cert.pfx",
			PrivateKeyPassword: exchange.NewSecret(configPassword),
		},
	}
}

const configPassword = "s3cret-Pa55"

func TestConfigDefaults(t *testing.T) {
	t.Parallel()
	c := validConfig()
	d := c.WithDefaults()
	assert.True(t, c.IsEnabled())
	assert.True(t, *d.Enabled)
	assert.Equal(t, exchange.FullAccess, d.Access)
	assert.Equal(t, "Quarantine", d.QuarantineFolder)
	assert.Empty(t, d.Authentication.AuthenticationEndpoint)
	assert.Nil(t, c.Enabled, "the original is unchanged")
	assert.Empty(t, c.QuarantineFolder)

	c = onlineConfig()
	c.Enabled = new(false)
	d = c.WithDefaults()
	assert.False(t, d.IsEnabled())
	assert.Equal(t, exchange.Impersonation, d.Access)
	assert.Empty(t, d.Authentication.AuthenticationEndpoint, "that of the cloud, which package auth knows")
}

func TestConfigValidateAccepts(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*exchange.Config){
		"as it is":            func(*exchange.Config) {},
		"user principal name": func(c *exchange.Config) { c.Authentication.Username = "svc@example.test" },
		"loopback":            func(c *exchange.Config) { c.EWSURL = "http://127.0.0.1:8080/EWS/Exchange.asmx" },
		"loopback by name":    func(c *exchange.Config) { c.EWSURL = "http://localhost/EWS/Exchange.asmx" },
		"loopback of IPv6":    func(c *exchange.Config) { c.EWSURL = "http://[::1]:80/EWS/Exchange.asmx" },
		"plain HTTP by name":  func(c *exchange.Config) { c.EWSURL, c.AllowPlainHTTP = "http://mail.test/EWS/Exchange.asmx", true },
		"default endpoint":    func(c *exchange.Config) { c.Authentication.AuthenticationEndpoint = "https://login.windows.net" },
		"folder":              func(c *exchange.Config) { c.QuarantineFolder = "Quarantäne (検疫) & co." },
		"proxy": func(c *exchange.Config) {
			c.UseProxy, c.ProxyURL = true, exchange.NewProxyURL("socks5h://u:p@proxy:1080")
		},
		"proxy that is not used": func(c *exchange.Config) { c.ProxyURL = exchange.NewProxyURL("http://proxy:3128") },
		"proxy of environment":   func(c *exchange.Config) { c.UseProxy = true },
		"headers": func(c *exchange.Config) {
			c.Access = exchange.Impersonation
			c.QuarantineHeader = quarantine.Header{Name: "X-Quarantined", Value: "yes; by=ewsq"}
			c.UndoHeader = quarantine.Header{Name: "X-Released", Value: "frei für Jürgen"}
		},
		"password function": func(c *exchange.Config) {
			c.Authentication.Password = exchange.Secret{}
			c.Authentication.PasswordFunc = func(context.Context) (string, error) { return configPassword, nil }
		},
		"claims": func(c *exchange.Config) {
			c.Domains = []string{"Example.test", "xn--bcher-kva.example"}
			c.Mailboxes = []string{"guest@example.org"}
		},
		"azureAD": func(c *exchange.Config) { *c = onlineConfig() },
		"azureAD, all given": func(c *exchange.Config) {
			*c = onlineConfig()
			c.Access = exchange.Impersonation
			c.Authentication.TenantID = "AAAABBBB-0000-cccc-1111-dddd2222eeee"
			c.EWSURL = "https://outlook-dod.office365.us/EWS/Exchange.asmx"
			c.Authentication.AuthenticationEndpoint = "https://login.microsoftonline.us"
			c.QuarantineHeader = quarantine.Header{Name: "X-Quarantined", Value: "yes"}
		},
		"azureAD, key without password": func(c *exchange.Config) {
			*c = onlineConfig()
			c.Authentication.PrivateKeyPassword = exchange.Secret{}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := validConfig()
			change(&c)
			assert.NoError(t, c.Validate())
		})
	}
}

func TestConfigValidateRefuses(t *testing.T) {
	t.Parallel()
	type change = func(*exchange.Config)
	url := func(s string) change { return func(c *exchange.Config) { c.EWSURL = s } }
	mailbox := func(s string) change { return func(c *exchange.Config) { c.QuarantineMailbox = s } }
	domains := func(s ...string) change { return func(c *exchange.Config) { c.Domains = s } }
	user := func(s string) change { return func(c *exchange.Config) { c.Authentication.Username = s } }
	folder := func(s string) change { return func(c *exchange.Config) { c.QuarantineFolder = s } }
	proxy := func(s string) change { return func(c *exchange.Config) { c.ProxyURL = exchange.NewProxyURL(s) } }
	header := func(name, value string) change {
		return func(c *exchange.Config) {
			c.Access = exchange.Impersonation
			c.QuarantineHeader = quarantine.Header{Name: name, Value: value}
		}
	}
	azure := func(f func(a *exchange.Authentication)) change {
		return func(c *exchange.Config) {
			*c = onlineConfig()
			f(&c.Authentication)
		}
	}
	for name, tc := range map[string]struct {
		change change
		field  string
		remedy string
	}{
		"name of two lines":     {func(c *exchange.Config) { c.Name = "a\nb" }, "name", "one line"},
		"long name":             {func(c *exchange.Config) { c.Name = strings.Repeat("x", 256) }, "name", "at most 255"},
		"relative URL":          {url("/EWS/Exchange.asmx"), "ewsUrl", "https://"},
		"no scheme":             {url("mail.example.test/EWS/Exchange.asmx"), "ewsUrl", "https://"},
		"other scheme":          {url("ftp://mail.example.test/EWS"), "ewsUrl", "https://"},
		"no URL at all":         {url("https://mail.example.test:port/"), "ewsUrl", "https://"},
		"no host":               {url("https:///EWS/Exchange.asmx"), "ewsUrl", "has no host"},
		"no path":               {url("https://mail.example.test/"), "ewsUrl", "/EWS/Exchange.asmx"},
		"query":                 {url("https://mail.example.test/EWS/Exchange.asmx?x=y"), "ewsUrl", "query (?)"},
		"WSDL":                  {url("https://mail.example.test/EWS/Exchange.asmx?"), "ewsUrl", "query (?)"},
		"user info":             {url("https://u:" + configPassword + "@mail.example.test/EWS"), "ewsUrl", "remove it"},
		"plain HTTP":            {url("http://mail.example.test/EWS/Exchange.asmx"), "ewsUrl", "allowPlainHTTP"},
		"lookalike of loopback": {url("http://127.0.0.1.example.test/EWS/Exchange.asmx"), "ewsUrl", "use https"},
		"no mailbox":            {mailbox(""), "quarantineMailbox", "SMTP address"},
		"display name":          {mailbox("Quarantine <q@example.test>"), "quarantineMailbox", "name@example.com"},
		"no domain":             {mailbox("quarantine"), "quarantineMailbox", "name@example.com"},
		"two addresses":         {mailbox("a@example.test,b@example.test"), "quarantineMailbox", "name@example.com"},
		"domain as address":     {domains("a.test", "@example.test"), "domains[1]", "example.com"},
		"domain as wildcard":    {domains("*.example.test"), "domains[0]", "without @ or wildcard"},
		"domain in Unicode":     {domains("bücher.example"), "domains[0]", "xn--"},
		"half a domain":         {domains("example"), "domains[0]", "example.com"},
		"listed domain":         {func(c *exchange.Config) { c.Mailboxes = []string{"example.test"} }, "mailboxes[0]", "name@example.com"},
		"empty listed address":  {func(c *exchange.Config) { c.Mailboxes = []string{"a@example.test", ""} }, "mailboxes[1]", "is empty"},
		"access":                {func(c *exchange.Config) { c.Access = "FullAccess" }, "access", `"fullAccess"`},
		"no type":               {func(c *exchange.Config) { c.Authentication.Type = "" }, "authentication.type", `"ntlm"`},
		"unknown type":          {func(c *exchange.Config) { c.Authentication.Type = "kerberos" }, "authentication.type", `"ntlm"`},
		"no user":               {user(""), "authentication.username", `DOMAIN\user`},
		"bare user":             {user("svc"), "authentication.username", `DOMAIN\user`},
		"no user in domain":     {user(`EXAMPLE\`), "authentication.username", `DOMAIN\user`},
		"mixed forms":           {user(`EXAMPLE\svc@example.test`), "authentication.username", `DOMAIN\user`},
		"JSON backslash":        {user("EXAMPLE\bot"), "authentication.username", "two backslashes"},
		"spaces around":         {user(" svc@example.test"), "authentication.username", "space"},
		"no password":           {func(c *exchange.Config) { c.Authentication.Password = exchange.Secret{} }, "authentication.password", "EWSQ_PASSWORD"},
		"two passwords": {func(c *exchange.Config) {
			c.Authentication.PasswordFunc = func(context.Context) (string, error) { return "", nil }
		}, "authentication.password", "PasswordFunc"},
		"colon with Basic": {func(c *exchange.Config) {
			c.Authentication.Type, c.Authentication.Username = exchange.AuthenticationBasic, "a:b@example.test"
		}, "authentication.username", "colon"},
		"application with NTLM": {func(c *exchange.Config) { c.Authentication.ApplicationID = "x" }, "authentication.applicationId", `"azureAD"`},
		"cloud with NTLM": {func(c *exchange.Config) {
			c.Authentication.AuthenticationEndpoint = "https://login.partner.microsoftonline.cn"
		}, "authentication.authenticationEndpoint", `"azureAD"`},
		"NTLM online": {url("https://outlook.office365.com/EWS/Exchange.asmx"), "authentication.type", `"azureAD"`},
		"Basic online": {func(c *exchange.Config) {
			c.Authentication.Type = exchange.AuthenticationBasic
			c.EWSURL = "https://Partner.Outlook.cn:443/EWS/Exchange.asmx"
		}, "authentication.type", `"azureAD"`},
		"FullAccess of an application": {func(c *exchange.Config) {
			*c = onlineConfig()
			c.Access = exchange.FullAccess
		}, "access", `"impersonation"`},
		"no application":      {azure(func(a *exchange.Authentication) { a.ApplicationID = "" }), "authentication.applicationId", "client"},
		"no GUID":             {azure(func(a *exchange.Authentication) { a.ApplicationID = strings.Repeat("g", 36) }), "authentication.applicationId", "GUID"},
		"no tenant":           {azure(func(a *exchange.Authentication) { a.TenantID = "" }), "authentication.tenantId", "onmicrosoft.com"},
		"common":              {azure(func(a *exchange.Authentication) { a.TenantID = "Common" }), "authentication.tenantId", "no particular tenant"},
		"tenant as a path":    {azure(func(a *exchange.Authentication) { a.TenantID = "a.test/../b" }), "authentication.tenantId", "domain"},
		"no key":              {azure(func(a *exchange.Authentication) { a.PrivateKeyFile = "" }), "authentication.privateKeyFile", "PFX"},
		"user of application": {azure(func(a *exchange.Authentication) { a.Username = "svc@example.test" }), "authentication.username", `"ntlm"`},
		"insecure authority": {azure(func(a *exchange.Authentication) { a.AuthenticationEndpoint = "http://login.example.test" }),
			"authentication.authenticationEndpoint", "use https"},
		"folder path":          {folder("a/b"), "quarantineFolder", "not a path"},
		"folder backslash":     {folder(`a\b`), "quarantineFolder", "not a path"},
		"folder with NUL":      {folder("a\x00"), "quarantineFolder", "control character"},
		"long folder":          {folder(strings.Repeat("é", 256)), "quarantineFolder", "at most 255"},
		"blank folder":         {folder(" "), "quarantineFolder", "space"},
		"proxy without host":   {proxy("http://"), "proxyUrl", "http://proxy.example.com:3128"},
		"proxy without scheme": {proxy("proxy:3128"), "proxyUrl", "http://proxy.example.com:3128"},
		"proxy not a URL":      {proxy("http://u:" + configPassword + "@proxy:port"), "proxyUrl", "http://proxy.example.com:3128"},
		"NUL in path":          {func(c *exchange.Config) { c.RootCAFile = "\x00" }, "rootCAFile", "NUL"},
		"header, FullAccess":   {func(c *exchange.Config) { c.UndoHeader = quarantine.Header{Name: "X-A", Value: "b"} }, "undoHeader", `"impersonation"`},
		"header without name":  {header("", "x"), "quarantineHeader.name", "X-Quarantined"},
		"header with colon":    {header("X-A:", "x"), "quarantineHeader.name", "RFC 5322"},
		"header with umlaut":   {header("X-Ä", "x"), "quarantineHeader.name", "RFC 5322"},
		"header of mail":       {header("message-ID", "x"), "quarantineHeader.name", "mail itself"},
		"header of MIME":       {header("Content-Type", "x"), "quarantineHeader.name", "mail itself"},
		"long header":          {header(strings.Repeat("X", 127), "x"), "quarantineHeader.name", "at most 126"},
		"header injection":     {header("X-A", "b\r\nBcc: eve@example.test"), "quarantineHeader.value", "control character"},
		"line separator":       {header("X-A", "b\u2028c"), "quarantineHeader.value", "one line"},
		"not XML":              {header("X-A", "b\uFFFEc"), "quarantineHeader.value", "one line"},
		"header without text":  {header("X-A", ""), "quarantineHeader.value", "is empty"},
		"space around text":    {header("X-A", "b "), "quarantineHeader.value", "white space"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := validConfig()
			tc.change(&c)
			err := c.Validate()
			require.ErrorIs(t, err, quarantine.ErrInvalid)
			joined, ok := err.(interface{ Unwrap() []error })
			require.True(t, ok)
			require.Len(t, joined.Unwrap(), 1, "one cause, one problem: %v", err)
			e, ok := errors.AsType[*quarantine.InvalidError](err)
			require.True(t, ok)
			assert.Equal(t, tc.field, e.Field)
			want := "configuration"
			if c.Name != "" {
				want = fmt.Sprintf("configuration %q", c.Name)
			}
			assert.Equal(t, want, e.What)
			assert.Contains(t, e.Problem, tc.remedy)
			assert.Contains(t, err.Error(), tc.field)
			assert.NotContains(t, err.Error(), configPassword)
		})
	}
}

func TestConfigValidateTellsEverything(t *testing.T) {
	t.Parallel()
	var c exchange.Config
	err := c.Validate()
	for _, field := range []string{"quarantineMailbox", "authentication.type"} {
		assert.ErrorContains(t, err, field)
	}
}

func TestLoadConfig(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	const one = `{"name":"A","ewsUrl":"https://a.test/EWS/Exchange.asmx"}`
	c, err := exchange.LoadConfig(write("one", one))
	require.NoError(t, err)
	assert.Equal(t, "A", c.Name)

	many, err := exchange.LoadConfigs(write("many", `[`+one+`, {"name":"B","enabled":false}]`))
	require.NoError(t, err)
	require.Len(t, many, 2)
	assert.Equal(t, "B", many[1].Name)
	assert.True(t, many[0].IsEnabled())
	assert.False(t, many[1].IsEnabled())

	many, err = exchange.LoadConfigs(filepath.Join(dir, "one"))
	require.NoError(t, err)
	assert.Len(t, many, 1)

	_, err = exchange.LoadConfig(filepath.Join(dir, "many"))
	require.ErrorContains(t, err, "LoadConfigs")
	_, err = exchange.LoadConfig(filepath.Join(dir, "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = exchange.LoadConfig(write("bad", "{\n  \"ewsUrl\": 1\n}"))
	require.ErrorContains(t, err, "bad: ")
	require.ErrorContains(t, err, "line 2, column 13: ewsUrl must be")
	require.ErrorIs(t, err, quarantine.ErrInvalid)
}
