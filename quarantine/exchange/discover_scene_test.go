package exchange_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

const (
	mailURL      = "https://mail.example.test/EWS/Exchange.asmx"
	apexHost     = "example.test"
	discoverHost = "autodiscover.example.test"
	mailHost     = "mail.example.test"
)

// noRecords is a resolver of domains without SRV records.
type noRecords struct{}

// LookupSRV finds none.
func (noRecords) LookupSRV(_ context.Context, _, _, name string) (string, []*net.SRV, error) {
	return "", nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// internet is the RoundTripper of a network in process: handlers by host, those
// without TLS by "http://" and host. A host that is not there has no address.
type internet struct {
	mu    sync.Mutex
	hosts map[string]http.Handler
	seen  []string // "METHOD URL", with "+" before it if credentials were sent
}

// RoundTrip implements http.RoundTripper.
func (n *internet) RoundTrip(r *http.Request) (*http.Response, error) {
	line, host := r.Method+" "+r.URL.String(), r.URL.Host
	if r.Header.Get("Authorization") != "" {
		line = "+" + line
	}
	if r.URL.Scheme == "http" {
		host = "http://" + host
	}
	n.mu.Lock()
	n.seen = append(n.seen, line)
	h := n.hosts[host]
	n.mu.Unlock()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if h == nil {
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: r.URL.Hostname(), IsNotFound: true}}
	}
	in := r.Clone(r.Context())
	in.Host = r.URL.Host
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer in.Body.Close()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, in)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

// place puts a handler behind a host.
func (n *internet) place(host string, h http.Handler) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts[host] = h
}

// taken returns the requests since the last call.
func (n *internet) taken() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	seen := n.seen
	n.seen = nil
	return seen
}

// signedIn returns the hosts that credentials went to.
func signedIn(seen []string) map[string]bool {
	hosts := map[string]bool{}
	for _, line := range seen {
		if line, ok := strings.CutPrefix(line, "+"); ok {
			_, u, _ := strings.Cut(line, " https://")
			host, _, _ := strings.Cut(u, "/")
			hosts[host] = true
		}
	}
	return hosts
}

// discoverScene is an Exchange at mail.example.test that Autodiscover leads to,
// and a configuration without ewsUrl.
type discoverScene struct {
	*ewstest.Server
	*internet
	cfg exchange.Config
}

func newDiscoverScene(t *testing.T, access exchange.Access) *discoverScene {
	t.Helper()
	s := &discoverScene{Server: ewstest.NewServer(nil), internet: &internet{hosts: map[string]http.Handler{}}}
	t.Cleanup(s.Close)
	s.place(apexHost, http.NotFoundHandler()) // the website
	s.place(mailHost, s.Server)
	s.answer(nil)
	s.cfg = exchange.Config{
		Name: "Head office", QuarantineMailbox: vault, Access: access,
		Authentication: exchange.Authentication{
			Type: exchange.AuthenticationBasic, Username: `EXAMPLE\svc`, Password: exchange.NewSecret("svc-password"),
		},
	}
	return s
}

// answer changes what Autodiscover says.
func (s *discoverScene) answer(change func(*ewstest.AutodiscoverOptions)) {
	opts := &ewstest.AutodiscoverOptions{EWSURL: mailURL}
	if change != nil {
		change(opts)
	}
	s.place(discoverHost, s.Autodiscover(opts))
}

func (s *discoverScene) open(t *testing.T) *quarantine.Service {
	t.Helper()
	service, err := exchange.Open(&s.cfg, &exchange.Options{Transport: s.internet, Resolver: noRecords{}, Attempts: 1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, service.Close()) })
	return service
}

// find looks for a message that is not there: a call that needs the server.
func find(t *testing.T, service *quarantine.Service) error {
	t.Helper()
	_, err := service.Find(t.Context(), quarantine.Target{Mailbox: alice, MessageID: evil})
	return err
}
