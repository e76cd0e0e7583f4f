package selftest_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/internal/tlstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/selftest"
)

// TestCheckOfAnswers changes the rights and versions that the server reports.
func TestCheckOfAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		replace  []string
		noFolder bool
		failed   []string
		warned   []string
		says     string
	}{
		"may not create folders": {
			replace: []string{"<t:CreateHierarchy>true", "<t:CreateHierarchy>false"}, noFolder: true,
			failed: []string{"quarantineFolder " + vault}, says: `create the top-level folder "Quarantine"`,
		},
		"may not create items": {
			replace: []string{"<t:CreateContents>true", "<t:CreateContents>false"}, noFolder: true,
			failed: []string{"quarantineWrite " + vault}, says: "may not create items",
		},
		"may only read": {
			replace: []string{"<t:Delete>true", "<t:Delete>false", "<t:Modify>true", "<t:Modify>false"},
			failed:  []string{"fullAccess " + vault, "fullAccess " + alice, "fullAccess " + bob}, says: "but lacks the right to change, delete",
		},
		"old server": {
			replace: []string{`MajorVersion="15"`, `MajorVersion="8"`},
			failed:  []string{"version"}, says: "Exchange 2007 or older",
		},
		"server without service pack": {
			replace: []string{`MajorVersion="15" MinorVersion="1"`, `MajorVersion="14" MinorVersion="0"`},
			warned:  []string{"version", "recoverableItems " + alice}, says: "install Service Pack 3",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newCheckScene(t, exchange.FullAccess)
			s.answers = strings.NewReplacer(c.replace...)
			if c.noFolder {
				s.Mailbox(vault).AddFolder(nil, "Quarantine").Delete()
			}
			report := s.check(t)
			assert.Equal(t, c.failed, names(report, selftest.Failed), report)
			assert.Subset(t, append(names(report, selftest.Warning), ""), c.warned, report)
			assert.Contains(t, report.String(), c.says)
		})
	}
}

func TestCheckNamesVersions(t *testing.T) {
	t.Parallel()
	for version, product := range map[ewstest.Version]string{
		ewstest.Exchange2010SP3: "Exchange 2010 SP3 (", ewstest.Exchange2013: "Exchange 2013 (", ewstest.Exchange2013SP1: "Exchange 2013 (",
		ewstest.Exchange2016: "Exchange 2016 (", ewstest.Exchange2019: "Exchange 2019 (",
		ewstest.ExchangeSE: "Exchange Server Subscription Edition (", ewstest.ExchangeOnline: "Exchange Online (",
	} {
		t.Run(version.String(), func(t *testing.T) {
			t.Parallel()
			s := newCheckScene(t, exchange.Impersonation, func(o *ewstest.Options) { o.Version = version })
			report := s.check(t)
			assert.Equal(t, selftest.OK, report.Status(), report)
			assert.Contains(t, report.String(), product)
		})
	}
}

// TestCheckWarnsOfTheServersCertificate has one certificate that expires soon and
// one that has expired.
func TestCheckWarnsOfTheServersCertificate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		left   time.Duration
		status selftest.Status
		says   string
	}{
		"soon":  {5*24*time.Hour + time.Hour, selftest.Warning, "(5 days left)"},
		"ended": {-time.Hour, selftest.Failed, "renew the certificate of the server"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newCheckScene(t, exchange.FullAccess)
			cert, leaf := tlstest.Certificate(t, time.Now().Add(c.left))
			front := httptest.NewUnstartedServer(s)
			front.Config.ErrorLog = tlstest.Silent
			front.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
			front.StartTLS()
			t.Cleanup(front.Close)
			s.cfg.EWSURL, s.cfg.RootCAFile = front.URL+"/EWS/Exchange.asmx", writeRoots(t, leaf)
			report := s.check(t)
			assert.Equal(t, []string{"tls"}, names(report, c.status), report)
			assert.Contains(t, report.String(), c.says)
		})
	}
}

// TestCheckOnline uses a transport that sends requests for Exchange Online to the
// test server.
func TestCheckOnline(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		failed []string
		warned []string
		says   string
	}{
		"until its end": {warned: []string{"ewsAllowed"}, says: "Exchange Online ends it on 2027-04-01"},
		"blocked":       {status: http.StatusForbidden, failed: []string{"ewsAllowed"}, says: "-RetrieveEwsOperationAccessPolicy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newCheckScene(t, "")
			s.asApplication(t, nil)
			front := strings.TrimSuffix(s.cfg.EWSURL, "/EWS/Exchange.asmx")
			s.tokens = func(*http.Request) error { return nil } // they are for another host
			if c.status != 0 {
				s.obstacle = func(r *http.Request) int {
					if r.Header.Get("Authorization") == "" {
						return 0
					}
					return c.status
				}
			}
			s.cfg.EWSURL = "https://outlook.office365.com/EWS/Exchange.asmx"
			s.opts.Transport = rerouted{"outlook.office365.com", strings.TrimPrefix(front, "https://"), &http.Transport{
				TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // the servers of this test
			}}
			report := s.check(t)
			assert.Equal(t, c.failed, names(report, selftest.Failed), report)
			assert.Equal(t, c.warned, names(report, selftest.Warning), report)
			assert.Subset(t, names(report, selftest.Skipped), []string{"dns", "tcp", "tls"})
			assert.Contains(t, report.String(), c.says)
		})
	}
}

// rerouted sends requests for one host to another.
type rerouted struct {
	from, to string
	next     *http.Transport
}

// RoundTrip implements http.RoundTripper.
func (r rerouted) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host == r.from {
		req = req.Clone(req.Context())
		req.URL.Host = r.to
	}
	return r.next.RoundTrip(req)
}
