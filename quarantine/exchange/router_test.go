package exchange_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

func basicConfig(name, host, domain string) exchange.Config {
	return exchange.Config{
		Name: name, EWSURL: "https://" + host + "/EWS/Exchange.asmx", QuarantineMailbox: "quarantine@" + domain,
		Domains: []string{domain},
		Authentication: exchange.Authentication{
			Type: exchange.AuthenticationBasic, Username: "svc@" + domain, Password: exchange.NewSecret("svc-password"),
		},
	}
}

// TestOpenRouter opens two tenants as a product would, each with a journal.
func TestOpenRouter(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	servers := map[string]*ewstest.Server{}
	var configs []exchange.Config
	for name, domain := range map[string]string{"A": "a.test", "B": "b.test"} {
		srv := ewstest.NewServer(&ewstest.Options{Domain: domain})
		t.Cleanup(srv.Close)
		servers[name] = srv
		c := basicConfig(name, "mail."+domain, domain)
		c.JournalFile = filepath.Join(dir, name)
		configs = append(configs, c)
	}
	off := exchange.Config{Enabled: new(false), Name: "A", Domains: []string{"not a domain"}}
	opts := &exchange.RouterOptions{OptionsFor: func(c *exchange.Config) *exchange.Options {
		return &exchange.Options{Transport: servers[c.Name].Direct()}
	}}
	r, err := exchange.OpenRouter(append(configs, off), opts)
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"A", "B"}, r.Servers())
	for name, srv := range servers {
		alice := quarantine.Target{Mailbox: "alice@" + srv.Domain(), MessageID: evil}
		srv.Mailbox(alice.Mailbox).Deliver(eml(evil, "Invoice"))
		receipt, err := r.Quarantine(t.Context(), alice)
		require.NoError(t, err)
		assert.Equal(t, quarantine.Quarantined, receipt.Outcome())
		assert.Equal(t, name, receipt.Server)
		assert.FileExists(t, filepath.Join(dir, name))
	}
	require.NoError(t, r.Close())

	// After Close the journals can be opened again, and a router that fails to
	// open leaves none of them open.
	again := append([]exchange.Config(nil), configs...)
	again[1].JournalFile = filepath.Join(dir, "none", "journal")
	_, err = exchange.OpenRouter(again, opts)
	require.ErrorContains(t, err, `server "`+again[1].Name+`"`)
	r, err = exchange.OpenRouter(configs, opts)
	require.NoError(t, err)
	require.NoError(t, r.Close())
}

// The only configuration needs no name, and errors about it have none.
func TestOpenRouterWithoutName(t *testing.T) {
	t.Parallel()
	only := basicConfig("", "mail.a.test", "a.test")
	only.JournalFile = filepath.Join(t.TempDir(), "none", "journal")
	_, err := exchange.OpenRouter([]exchange.Config{only}, nil)
	require.ErrorContains(t, err, "journalFile")
	assert.NotContains(t, err.Error(), "server")
}

func TestOpenRouterRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, tc := range map[string]struct {
		change func(a, b *exchange.Config)
		want   string
	}{
		"no name":      {func(_, b *exchange.Config) { b.Name = "" }, "configuration: name is empty"},
		"same name":    {func(_, b *exchange.Config) { b.Name = "a" }, `configuration "a": name is given twice`},
		"same domain":  {func(_, b *exchange.Config) { b.Domains = []string{"c.test", "A.TEST"} }, `configuration "B": domains[1] "A.TEST" is claimed by "A", too`},
		"bad domain":   {func(_, b *exchange.Config) { b.Domains = []string{"@b.test"} }, `configuration "B": domains[0]`},
		"same mailbox": {func(a, b *exchange.Config) { a.Mailboxes, b.Mailboxes = []string{"x@c.test"}, []string{"X@c.test"} }, `configuration "B": mailboxes[0] "X@c.test" is claimed by "A", too`},
		"same journal": {func(a, b *exchange.Config) {
			a.JournalFile, b.JournalFile = filepath.Join(dir, "j"), filepath.Join(dir, ".", "x", "..", "j")
		}, `configuration "B": journalFile is also the file of "A"`},
		"same quarantine": {func(a, b *exchange.Config) {
			b.EWSURL, b.QuarantineMailbox, b.QuarantineFolder = "https://MAIL.a.test/ews/exchange.asmx", "Quarantine@A.test", "quarantine"
		}, `configuration "B": quarantineFolder is also the folder of "A" on the same server`},
		"invalid":     {func(a, _ *exchange.Config) { a.EWSURL = "http://mail.a.test/EWS/Exchange.asmx" }, `configuration "A": ewsUrl is plain HTTP`},
		"all are off": {func(a, b *exchange.Config) { a.Enabled, b.Enabled = new(false), new(false) }, "enabled is false in all 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := basicConfig("A", "mail.a.test", "a.test"), basicConfig("B", "mail.b.test", "b.test")
			tc.change(&a, &b)
			_, err := exchange.OpenRouter([]exchange.Config{a, b}, nil)
			require.ErrorIs(t, err, quarantine.ErrInvalid)
			assert.ErrorContains(t, err, tc.want)
		})
	}
	_, err := exchange.OpenRouter(nil, nil)
	assert.ErrorIs(t, err, quarantine.ErrInvalid)
}
