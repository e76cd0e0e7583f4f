package exchange_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// graphSetting describes what becomes of a setting when a tenant switches to Graph.
type graphSetting struct {
	set     func(*exchange.Config)
	refused bool   // Validate names it
	warned  string // what Open logs
	// If it is neither, it works as with EWS, or belongs to another type of sign-in, which
	// is itself refused; why explains which, if that is not obvious.
	why string
}

// graphSettings has every setting of [exchange.Config]. For a new one, decide what Graph
// does with it.
var graphSettings = map[string]graphSetting{
	"enabled":               {set: func(c *exchange.Config) { c.Enabled = new(true) }},
	"name":                  {set: func(c *exchange.Config) { c.Name = "Cloud" }},
	"api":                   {set: func(c *exchange.Config) { c.API = exchange.APIGraph }},
	"graphUrl":              {set: func(c *exchange.Config) { c.GraphURL = "https://graph.microsoft.com" }},
	"ewsUrl":                {set: func(c *exchange.Config) { c.EWSURL = "https://outlook.office365.com/EWS/Exchange.asmx" }, why: "it may stay, for the way back"},
	"autodiscoverHosts":     {set: func(c *exchange.Config) { c.AutodiscoverHosts = []string{"mail.example.net"} }, refused: true},
	"allowPlainHTTP":        {set: func(c *exchange.Config) { c.AllowPlainHTTP = true }, refused: true},
	"quarantineMailbox":     {set: func(c *exchange.Config) { c.QuarantineMailbox = "q@example.test" }},
	"quarantineInPlace":     {set: func(c *exchange.Config) { c.QuarantineInPlace, c.QuarantineMailbox = true, "" }, warned: "who looks for it"},
	"reportMailbox":         {set: func(c *exchange.Config) { c.ReportMailbox = "abuse@example.test" }},
	"domains":               {set: func(c *exchange.Config) { c.Domains = []string{"example.test"} }},
	"mailboxes":             {set: func(c *exchange.Config) { c.Mailboxes = []string{"a@example.test"} }},
	"access":                {set: func(c *exchange.Config) { c.Access = exchange.FullAccess }, refused: true},
	"quarantineFolder":      {set: func(c *exchange.Config) { c.QuarantineFolder = "Evil" }},
	"folderPerMailbox":      {set: func(c *exchange.Config) { c.FolderPerMailbox = true }},
	"quarantineHeader":      {set: func(c *exchange.Config) { c.QuarantineHeader = quarantine.Header{Name: "X-Q", Value: "1"} }, warned: "Mail-Advanced.ReadWrite.All"},
	"undoHeader":            {set: func(c *exchange.Config) { c.UndoHeader = quarantine.Header{Name: "X-R", Value: "1"} }, warned: "Mail-Advanced.ReadWrite.All"},
	"messageIdSearch":       {set: func(c *exchange.Config) { c.CriteriaSearch = true }},
	"searchLimits":          {set: func(c *exchange.Config) { c.CriteriaSearch, c.SearchLimits.Total = true, 10 }},
	"scanRecoverableItems":  {set: func(c *exchange.Config) { c.ScanRecoverableItems = true }, warned: "may neither export nor remove"},
	"leaveRecoverable":      {set: func(c *exchange.Config) { c.LeaveRecoverable = true }, warned: "has no effect"},
	"sweepRecoverableItems": {set: func(c *exchange.Config) { c.SweepRecoverableItems = true }, why: "it has no effect with EWS either"},
	"scanOnlineArchive":     {set: func(c *exchange.Config) { c.ScanOnlineArchive = true }, refused: true},
	"recreateMessages":      {set: func(c *exchange.Config) { c.RecreateMessages = true }, warned: "made anew"},
	"useProxy":              {set: func(c *exchange.Config) { c.UseProxy = true }},
	"proxyUrl":              {set: func(c *exchange.Config) { c.ProxyURL = exchange.NewProxyURL("http://proxy.example.test:3128") }},
	"rootCAFile":            {set: func(c *exchange.Config) { c.RootCAFile = "roots.pem" }},
	"clientCertificateFile": {set: func(c *exchange.Config) { c.ClientCertificateFile = "client.pem" }},
	"clientCertificatePassword": {set: func(c *exchange.Config) {
		c.ClientCertificateFile, c.ClientCertificatePassword = "client.pfx", exchange.NewSecret("client-password")
	}},
	"tlsRenegotiation": {set: func(c *exchange.Config) { c.TLSRenegotiation = true }},
	"journalFile":      {set: func(c *exchange.Config) { c.JournalFile = "journal.db" }},
	"searchLag":        {set: func(c *exchange.Config) { c.SearchLag = exchange.Duration(2e9) }},
	"writeDoubt":       {set: func(c *exchange.Config) { c.WriteDoubt = exchange.Duration(1e12) }},
	"markWait":         {set: func(c *exchange.Config) { c.MarkWait = exchange.Duration(6e10) }},
	"stallTimeout":     {set: func(c *exchange.Config) { c.StallTimeout = exchange.Duration(6e10) }},
	"throttling":       {set: func(c *exchange.Config) { c.Throttling.Concurrency = 9 }, refused: true},
	"oneByOne":         {set: func(c *exchange.Config) { c.OneByOne = true }, refused: true},
	"stampKey":         {set: func(c *exchange.Config) { c.StampKey = exchange.NewSecret(strings.Repeat("k", 32)) }},
	"stampKeyFile":     {set: func(c *exchange.Config) { c.StampKeyFile = "keys" }},

	"authentication.type":                  {set: func(c *exchange.Config) { c.Authentication.Type = exchange.AuthenticationNTLM }, refused: true},
	"authentication.username":              {set: func(c *exchange.Config) { c.Authentication.Username = "svc" }, warned: "has no effect", why: "with external; it is refused with azureAD"},
	"authentication.password":              {set: func(c *exchange.Config) { c.Authentication.Password = exchange.NewSecret("x") }, refused: true},
	"authentication.passwordFile":          {set: func(c *exchange.Config) { c.Authentication.PasswordFile = "password" }, refused: true},
	"authentication.disableChannelBinding": {set: func(c *exchange.Config) { c.Authentication.DisableChannelBinding = true }, refused: true},
	"authentication.applicationId":         {set: asApplication, why: "with azureAD, as the others of an application"},
	"authentication.tenantId":              {set: asApplication},
	"authentication.privateKeyFile":        {set: asApplication},
	"authentication.privateKeyPassword":    {set: asApplication},
	"authentication.authenticationEndpoint": {set: func(c *exchange.Config) {
		asApplication(c)
		c.Authentication.AuthenticationEndpoint = "https://login.microsoftonline.com"
	}},
}

func asApplication(c *exchange.Config) {
	c.Authentication = exchange.Authentication{
		Type: exchange.AuthenticationAzureAD, ApplicationID: "00001111-aaaa-2222-bbbb-3333cccc4444", TenantID: "customer.onmicrosoft.com",
		PrivateKeyFile: "quarantine.pfx", PrivateKeyPassword: exchange.NewSecret("pfx-password"),
	}
}

// settingsOf returns the JSON names of the settings, with a prefix for those of the
// sign-in.
func settingsOf(typ reflect.Type, prefix string) (names []string) {
	for f := range typ.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-":
		case f.Type == reflect.TypeFor[exchange.Authentication]():
			names = append(names, settingsOf(f.Type, name+".")...)
		default:
			names = append(names, prefix+name)
		}
	}
	return names
}

func TestGraphSettings(t *testing.T) {
	t.Parallel()
	names := settingsOf(reflect.TypeFor[exchange.Config](), "")
	assert.Greater(t, len(names), 40)
	for _, name := range names {
		s, ok := graphSettings[name]
		if !assert.True(t, ok, "what does Graph do with %s? Say so in graphSettings, and refuse it or warn of it where it does not serve", name) {
			continue
		}
		c := &exchange.Config{API: exchange.APIGraph, QuarantineMailbox: "quarantine@example.test"}
		c.Authentication.Type = exchange.AuthenticationExternal
		plain := *c
		s.set(c)
		assert.True(t, name == "api" || !reflect.DeepEqual(plain, *c), "%s is not set", name)
		err := c.Validate()
		if s.refused {
			require.ErrorIs(t, err, driver.ErrInvalid, name)
			if name != "authentication.type" { // for which the problem is api
				assert.ErrorContains(t, err, name, "it must be named")
			}
			continue
		}
		require.NoError(t, err, name)
		if c.Authentication.Type != exchange.AuthenticationExternal || strings.Contains(strings.ToLower(name), "file") || name == "clientCertificatePassword" {
			continue // Open reads the files
		}
		var log bytes.Buffer
		service, err := exchange.Open(c, &exchange.Options{
			Logger:  slog.New(slog.NewTextHandler(&log, nil)),
			SignIn:  func(_ string, base http.RoundTripper) (http.RoundTripper, error) { return base, nil },
			Journal: new(quarantine.MemoryJournal),
		})
		require.NoError(t, err, name)
		require.NoError(t, service.Close())
		if s.warned == "" {
			assert.Empty(t, log.String(), name)
			continue
		}
		assert.Contains(t, log.String(), name+" with api graph", "it must be named")
		assert.Contains(t, log.String(), s.warned, name)
	}
	for name := range graphSettings {
		assert.Contains(t, names, name, "there is no such setting")
	}
}
