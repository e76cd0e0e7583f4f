package selftest_test

import (
	"crypto/x509"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/tlstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/selftest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// graphScene is a Microsoft Graph server, a configuration for it, and the options of the
// self-test. The program signs in as the application "app".
type graphScene struct {
	*graphtest.Server
	cfg  exchange.Config
	opts selftest.Options

	mu       sync.Mutex
	status   int               // to answer instead of Graph; 0: none
	answers  *strings.Replacer // changes answers; nil: none
	anyToken bool              // every token counts as the application's
}

// newGraphScene returns a scene in which every check succeeds.
func newGraphScene(t *testing.T, o *graphtest.Options) *graphScene {
	t.Helper()
	s := &graphScene{Server: graphtest.New(nil, o)}
	t.Cleanup(s.Close)
	s.Mailbox(vault).AddFolder(nil, "Quarantine")
	front := httptest.NewUnstartedServer(s)
	front.Config.ErrorLog = tlstest.Silent
	front.StartTLS()
	t.Cleanup(front.Close)
	s.cfg = exchange.Config{
		API: exchange.APIGraph, Name: "Cloud", GraphURL: front.URL, QuarantineMailbox: vault, RootCAFile: writeRoots(t, front.Certificate()),
		Authentication: exchange.Authentication{Type: exchange.AuthenticationExternal},
	}
	s.opts.Mailboxes = []string{alice, bob}
	s.opts.SignIn = func(_ string, base http.RoundTripper) (http.RoundTripper, error) { return s.As(base, "app"), nil }
	return s
}

// ServeHTTP intercepts the requests to Graph and to the server that takes imports.
func (s *graphScene) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	status, answers, anyToken := s.status, s.answers, s.anyToken
	s.mu.Unlock()
	if anyToken {
		r.Header.Set("Authorization", "Bearer "+s.Token("app"))
	}
	switch {
	case status != 0:
		w.WriteHeader(status)
	case answers == nil:
		s.Server.ServeHTTP(w, r)
	default:
		recorded := httptest.NewRecorder()
		s.Server.ServeHTTP(recorded, r)
		maps.Copy(w.Header(), recorded.Header())
		w.Header().Del("Content-Length")
		w.WriteHeader(recorded.Code)
		_, _ = answers.WriteString(w, recorded.Body.String()) // a client that is gone notices
	}
}

func (s *graphScene) check(t *testing.T) *selftest.Report {
	t.Helper()
	report, err := selftest.Check(t.Context(), &s.cfg, &s.opts)
	require.NoError(t, err)
	return report
}

// without takes permissions away from the application.
func (s *graphScene) without(permissions ...string) {
	var left []string
	for _, role := range graphtest.AllRoles() {
		if !slices.Contains(permissions, role) {
			left = append(left, role)
		}
	}
	s.Consent("app", left...)
}

// untouched requires that the self-test left nothing behind, and changed no user's
// mailbox.
func (s *graphScene) untouched(t *testing.T) {
	t.Helper()
	for _, address := range []string{alice, bob, vault} {
		for _, m := range s.Mailbox(address).Messages() {
			assert.Equal(t, ews.FolderRecoverableItemsPurges, m.Distinguished, "%s: %s in %s", address, m.Subject, m.Folder)
			assert.Equal(t, vault, address, "%s in %s", m.Subject, m.Folder)
		}
	}
	for _, r := range s.Requests() {
		if r.Acted {
			assert.Equal(t, vault, r.Mailbox, "%s changed a user's mailbox", r.Operation)
			assert.NotEqual(t, graphtest.OpCreateChildFolder, r.Operation)
		}
	}
	assert.Empty(t, s.Notices())
}

// newApplicationScene returns a scene whose configuration signs in as an application with a
// certificate, at the token endpoint of the Graph server itself.
func newApplicationScene(t *testing.T) *graphScene {
	t.Helper()
	const application, tenant = "00001111-aaaa-2222-bbbb-3333cccc4444", "5a1e0f3c-7d3b-4c42-9f64-0c2ad2b10001"
	cert, err := usualCertificate()
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(cert.CER())
	require.NoError(t, err)
	s := newGraphScene(t, &graphtest.Options{
		TLS: true, Tenant: tenant, Applications: []graphtest.Application{{ID: application, Certificates: []*x509.Certificate{parsed}}},
	})
	s.opts.SignIn = nil
	s.cfg.GraphURL, s.cfg.RootCAFile = s.URL(), writePEM(t, s.CAPEM())
	s.cfg.Authentication = exchange.Authentication{
		Type: exchange.AuthenticationAzureAD, ApplicationID: application, TenantID: tenant, AuthenticationEndpoint: s.AuthorityURL(),
		PrivateKeyFile: writePFX(t, cert, "pfx-password"), PrivateKeyPassword: exchange.NewSecret("pfx-password"),
	}
	return s
}
