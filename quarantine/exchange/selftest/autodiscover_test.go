package selftest_test

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/internal/tlstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/selftest"
)

// unlocated is a scene whose configuration has no ewsUrl. A DNS record points to
// the server, which uses an unusual port.
type unlocated struct {
	*checkScene
	dns  *nameServer
	port string
	auto http.Handler
}

const srvRecord = "_autodiscover._tcp.example.test"

func newUnlocated(t *testing.T, access exchange.Access) *unlocated {
	t.Helper()
	s := &unlocated{checkScene: newCheckScene(t, access)}
	hosts := tlstest.NewHosts(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/autodiscover/") {
			if r.Header.Get("Authorization") != "" {
				s.mu.Lock()
				s.signIns++
				s.mu.Unlock()
			}
			s.auto.ServeHTTP(w, r)
			return
		}
		s.checkScene.ServeHTTP(w, r)
	}), mailHost)
	hosts.Start(t)
	_, s.port, _ = net.SplitHostPort(hosts.Listener.Addr().String())
	s.dns = &nameServer{t: t, hosts: []string{mailHost}, records: map[string][]string{srvRecord: {mailHost + ":" + s.port}}}
	s.opts.Resolver = s.dns.resolver()
	s.cfg.EWSURL = ""
	s.cfg.RootCAFile = filepath.Join(t.TempDir(), "roots.pem")
	require.NoError(t, os.WriteFile(s.cfg.RootCAFile, hosts.Roots, 0o600))
	s.gives("https://" + mailHost + ":" + s.port + "/EWS/Exchange.asmx")
	return s
}

// gives changes the URL that Autodiscover returns.
func (s *unlocated) gives(url string) {
	s.auto = s.Autodiscover(&ewstest.AutodiscoverOptions{EWSURL: url})
}

func TestCheckAutodiscover(t *testing.T) {
	t.Parallel()
	for _, access := range []exchange.Access{exchange.FullAccess, exchange.Impersonation} {
		t.Run(string(access), func(t *testing.T) {
			t.Parallel()
			s := newUnlocated(t, access)
			report := s.check(t)
			assert.Equal(t, selftest.OK, report.Status(), report)
			assert.Subset(t, []string{"certificate", "stampKeys", "move", "recoverableItems " + alice, "recoverableItems " + bob, "archive " + alice, "archive " + bob},
				names(report, selftest.Skipped))
			url := "https://mail.example.test:" + s.port + "/EWS/Exchange.asmx"
			assert.Equal(t, url, report.URL)
			seen := map[selftest.Name]string{}
			for _, c := range report.Checks {
				seen[c.Name] = c.Seen
			}
			assert.Equal(t, "https://mail.example.test:"+s.port+"/autodiscover/autodiscover.svc reports that EWS is at "+url, seen[selftest.CheckAutodiscover])
			assert.Equal(t, "mail.example.test resolves to 127.0.0.1", seen[selftest.CheckDNS])
			assert.Contains(t, seen[selftest.CheckTLS], `certificate of "mail.example.test"`)
			s.untouched(t)
		})
	}
}

// TestCheckAutodiscoverTakenAway removes one thing at a time.
func TestCheckAutodiscoverTakenAway(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		take   func(*testing.T, *unlocated)
		failed []string
		remedy string
	}{
		"DNS record": {
			take:   func(_ *testing.T, s *unlocated) { s.dns.records = nil },
			failed: []string{"autodiscover"}, remedy: "Resolve-DnsName 'autodiscover.example.test'",
		},
		"mailbox": {
			take:   func(_ *testing.T, s *unlocated) { s.Mailbox(vault).Remove(false) },
			failed: []string{"autodiscover"}, remedy: "quarantineMailbox",
		},
		"host outside the domain": {
			take:   func(_ *testing.T, s *unlocated) { s.gives("https://mail.hoster.test/EWS/Exchange.asmx") },
			failed: []string{"autodiscover"}, remedy: `"autodiscoverHosts": ["mail.hoster.test"]`,
		},
		"host of Exchange Online": {
			take:   func(_ *testing.T, s *unlocated) { s.gives("https://outlook.office365.com/EWS/Exchange.asmx") },
			failed: []string{"autodiscover"}, remedy: `set authentication.type to "azureAD"`,
		},
		"root certificate": {
			take:   func(_ *testing.T, s *unlocated) { s.cfg.RootCAFile = "" },
			failed: []string{"autodiscover"}, remedy: "rootCAFile",
		},
		"root certificate file": {
			take:   func(_ *testing.T, s *unlocated) { s.cfg.RootCAFile = "/nowhere/roots.pem" },
			failed: []string{"tls"}, remedy: "rootCAFile",
		},
		"password": {
			take: func(_ *testing.T, s *unlocated) {
				s.cfg.Authentication.Password = exchange.NewSecret("not-the-password")
			},
			failed: []string{"authentication"}, remedy: "Get-ADUser -Identity 'svc'",
		},
		"name": {
			take:   func(_ *testing.T, s *unlocated) { s.gives("https://gone.example.test/EWS/Exchange.asmx") },
			failed: []string{"dns"}, remedy: "found by Autodiscover",
		},
		"port": {
			take: func(t *testing.T, s *unlocated) {
				_, port, _ := net.SplitHostPort(tlstest.Unreachable(t))
				s.gives("https://mail.example.test:" + port + "/EWS/Exchange.asmx")
			},
			failed: []string{"tcp"}, remedy: "found by Autodiscover",
		},
		"path": {
			take: func(_ *testing.T, s *unlocated) {
				s.gives("https://mail.example.test:" + s.port + "/EWS/Other.asmx")
			},
			failed: []string{"endpoint"}, remedy: "found by Autodiscover",
		},
		"access": {
			take:   func(_ *testing.T, s *unlocated) { s.RevokeFullAccess("svc", "*") },
			failed: []string{"fullAccess " + vault, "fullAccess " + alice, "fullAccess " + bob}, remedy: "Add-MailboxPermission",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newUnlocated(t, exchange.FullAccess)
			c.take(t, s)
			report := s.check(t)
			require.Equal(t, c.failed, names(report, selftest.Failed), report)
			assert.Empty(t, names(report, selftest.Warning), report)
			onlyDependents(t, report)
			first := report.With(selftest.Failed)[0]
			assert.Contains(t, first.Remedy+"\n"+strings.Join(first.Commands, "\n"), c.remedy)
			assert.NotContains(t, report.String(), "not-the-password")
			if name == "password" {
				assert.Equal(t, 1, s.signIns, "more would lock the account")
			}
		})
	}
}
