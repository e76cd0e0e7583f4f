package exchange_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/autodiscover"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// TestDiscoverWhom tests which hosts get the password, and what the error reports about the
// others.
func TestDiscoverWhom(t *testing.T) {
	t.Parallel()
	url := func(u string) func(*discoverScene) {
		return func(s *discoverScene) {
			s.answer(func(o *ewstest.AutodiscoverOptions) { o.EWSURL = u })
		}
	}
	for name, tc := range map[string]struct {
		change func(*discoverScene)
		asks   []string // hosts that get the password, if EWS was found
		says   []string // the error, if not
	}{
		"host of the registered domain": {
			change: func(s *discoverScene) {
				s.AddMailbox("quarantine@corp.example.test", nil)
				s.cfg.QuarantineMailbox = "quarantine@corp.example.test"
				s.place("autodiscover.corp.example.test", s.Autodiscover(&ewstest.AutodiscoverOptions{EWSURL: mailURL}))
			},
			asks: []string{"autodiscover.corp.example.test", mailHost},
		},
		"another domain": {
			change: url("https://mail.hoster.test/EWS/Exchange.asmx"),
			says:   []string{`"mail.hoster.test"`, "autodiscoverHosts"},
		},
		"another domain, listed": {
			change: func(s *discoverScene) {
				s.answer(func(o *ewstest.AutodiscoverOptions) { o.EWSURL = "https://mail.hoster.test/EWS/Exchange.asmx" })
				s.place("mail.hoster.test", s.Server)
				s.cfg.AutodiscoverHosts = []string{"Hoster.test"}
			},
			asks: []string{discoverHost, "mail.hoster.test"},
		},
		"a name that looks like it": {
			change: url("https://mail.evilexample.test/EWS/Exchange.asmx"),
			says:   []string{`"mail.evilexample.test"`, "autodiscoverHosts"},
		},
		"an address in place of a name": {
			change: url("https://192.0.2.7/EWS/Exchange.asmx"),
			says:   []string{`"192.0.2.7"`, "autodiscoverHosts"},
		},
		"redirected to another domain": {
			change: func(s *discoverScene) {
				s.place(discoverHost, http.RedirectHandler("https://autodiscover.hoster.test/autodiscover/autodiscover.xml", http.StatusFound))
				s.place("autodiscover.hoster.test", s.Autodiscover(&ewstest.AutodiscoverOptions{EWSURL: mailURL}))
			},
			says: []string{`"autodiscover.hoster.test"`, "autodiscoverHosts"},
		},
		"redirected without TLS": {
			change: func(s *discoverScene) {
				s.place(discoverHost, http.RedirectHandler("http://mail.example.test/autodiscover/autodiscover.xml", http.StatusFound))
			},
			says: []string{"not HTTPS"},
		},
		"redirected by what has no TLS": {
			change: func(s *discoverScene) {
				s.place(discoverHost, nil)
				s.place("http://"+discoverHost, http.RedirectHandler("https://mail.example.test/autodiscover/autodiscover.xml", http.StatusFound))
				s.place(mailHost, s.Autodiscover(&ewstest.AutodiscoverOptions{EWSURL: mailURL}))
			},
			asks: []string{mailHost},
		},
		"EWS without TLS": {
			change: url("http://mail.example.test/EWS/Exchange.asmx"),
			says:   []string{"not HTTPS"},
		},
		"Exchange Online": {
			change: url("https://outlook.office365.com/EWS/Exchange.asmx"),
			says:   []string{`"outlook.office365.com"`, "tokens only", `"azureAD"`},
		},
		"mailbox in Exchange Online": {
			change: func(s *discoverScene) {
				s.answer(func(o *ewstest.AutodiscoverOptions) {
					o.NoJSON, o.Redirects = true, map[string]string{vault: "quarantine@example.mail.onmicrosoft.com"}
				})
			},
			says: []string{"onmicrosoft.com", "tokens only", `"azureAD"`},
		},
		"nothing there": {
			change: func(s *discoverScene) { s.place(discoverHost, nil) },
			says: []string{
				"ewsUrl is not set, and Autodiscover for quarantine@example.test found nothing: tried https://example.test/autodiscover/autodiscover.json",
				"https://autodiscover.example.test/autodiscover/autodiscover.xml: no answer", "no such host", "; set ewsUrl",
			},
		},
		"no such mailbox": {
			change: func(s *discoverScene) { s.Mailbox(vault).Remove(false) },
			says:   []string{"Invalid user: 'quarantine@example.test'", "set ewsUrl"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newDiscoverScene(t, exchange.FullAccess)
			tc.change(s)
			service := s.open(t)
			err := find(t, service)
			seen := s.taken()
			for _, line := range seen {
				assert.False(t, strings.HasPrefix(line, "+") && strings.Contains(line, " http://"), "%s went without TLS", line)
			}
			if tc.says == nil {
				require.NoError(t, err)
				assert.Equal(t, tc.asks, keys(signedIn(seen)))
				return
			}
			for _, text := range tc.says {
				assert.ErrorContains(t, err, text)
			}
			assert.Subset(t, []string{discoverHost}, keys(signedIn(seen)))
			assert.ErrorIs(t, err, autodiscover.ErrNotFound)
			assert.True(t, ews.NotSent(err))
			assert.NotContains(t, err.Error(), "svc-password")
		})
	}
}
