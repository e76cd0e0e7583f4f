package exchange_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// inPlace is a configuration for the cloud in China, with messages that stay in their
// mailboxes.
func inPlace() *exchange.Config {
	c := &exchange.Config{API: exchange.APIGraph, QuarantineInPlace: true}
	c.Authentication = exchange.Authentication{
		Type: exchange.AuthenticationAzureAD, ApplicationID: "00001111-aaaa-2222-bbbb-3333cccc4444", TenantID: "customer.partner.onmschina.cn",
		PrivateKeyFile: "quarantine.pfx", AuthenticationEndpoint: "https://login.partner.microsoftonline.cn",
	}
	return c
}

// A sovereign cloud is refused, with the reason, unless messages stay in their mailboxes.
func TestInPlaceClouds(t *testing.T) {
	t.Parallel()
	c := inPlace()
	require.NoError(t, c.Validate())
	assert.Equal(t, "https://microsoftgraph.chinacloudapi.cn", c.WithDefaults().GraphURL)
	c.QuarantineInPlace, c.QuarantineMailbox = false, "quarantine@example.test"
	require.ErrorContains(t, c.Validate(), "quarantineInPlace")

	c = inPlace()
	c.Authentication.AuthenticationEndpoint = "https://login.microsoftonline.us"
	require.ErrorContains(t, c.Validate(), "graphUrl")
	for _, host := range []string{"graph.microsoft.us", "dod-graph.microsoft.us"} {
		c.GraphURL = "https://" + host
		require.NoError(t, c.Validate(), host)
	}
	c.Authentication.AuthenticationEndpoint = ""
	require.ErrorContains(t, c.Validate(), "another cloud")
	c.GraphURL = ""
	require.NoError(t, c.Validate(), "in the worldwide cloud, too")
	assert.Equal(t, "https://graph.microsoft.com", c.WithDefaults().GraphURL)
}

// Two tenants of one cloud are two quarantines; two configurations of one tenant are one.
func TestInPlaceTenants(t *testing.T) {
	t.Parallel()
	cert, err := auth.NewCertificate(nil)
	require.NoError(t, err)
	pfx := writePFX(t, cert, "pfx-password")
	for _, other := range []string{"other.partner.onmschina.cn", inPlace().Authentication.TenantID} {
		a, b := inPlace(), inPlace()
		a.Name, a.Domains, b.Name, b.Domains = "A", []string{"example.test"}, "B", []string{"example.net"}
		b.Authentication.TenantID = other
		for _, c := range []*exchange.Config{a, b} {
			c.Authentication.PrivateKeyFile, c.Authentication.PrivateKeyPassword = pfx, exchange.NewSecret("pfx-password")
		}
		r, err := exchange.OpenRouter([]exchange.Config{*a, *b}, nil)
		if other == a.Authentication.TenantID {
			require.ErrorContains(t, err, "quarantineFolder")
			continue
		}
		require.NoError(t, err)
		require.NoError(t, r.Close())
	}
}

func TestInPlaceFromConfig(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := graphtest.New(nil, &graphtest.Options{National: true})
		defer s.Close()
		o := &tenant{Server: s}
		before := o.deliver("Projects")
		var log bytes.Buffer
		c := &exchange.Config{API: exchange.APIGraph, GraphURL: o.DirectURL(), QuarantineInPlace: true}
		c.Authentication.Type = exchange.AuthenticationExternal
		open := func() *quarantine.Service {
			q, err := exchange.Open(c, &exchange.Options{
				Transport: o.Direct(), Logger: slog.New(slog.NewTextHandler(&log, nil)), Journal: new(quarantine.MemoryJournal),
				SignIn: func(_ string, base http.RoundTripper) (http.RoundTripper, error) { return o.As(base, "app"), nil },
			})
			require.NoError(t, err)
			return q
		}
		q := open()
		assert.Contains(t, log.String(), "quarantineInPlace")
		taken, err := q.Quarantine(t.Context(), quarantine.Target{Mailbox: "alice@example.test", MessageID: crossingID})
		require.NoError(t, err)
		require.NoError(t, taken.Err())
		assert.Equal(t, driver.WayMove, taken.Items[0].Way)
		require.NoError(t, q.Close())
		group, err := open().Expand(t.Context(), "all-staff@example.test", nil)
		require.NoError(t, err, "the address book needs no quarantine mailbox")
		assert.NotEmpty(t, group.Mailboxes)

		text, err := json.Marshal(taken)
		require.NoError(t, err)
		assert.Contains(t, string(text), `"inPlace":true`)
		var kept quarantine.Receipt
		require.NoError(t, json.Unmarshal(text, &kept))
		back, err := open().Restore(t.Context(), &kept)
		require.NoError(t, err)
		require.NoError(t, back.Err())
		all := o.of("alice@example.test")
		require.Len(t, all, 1)
		assert.Equal(t, before.Folder, all[0].Folder)
	})
}
