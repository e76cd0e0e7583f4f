package selftest_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/internal/azuread"
	"github.com/ewsquarantine/ewsquarantine/internal/tlstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/selftest"
)

// checkScene is an Exchange server, a configuration for it, and the options of
// the self-test.
type checkScene struct {
	*ewstest.Server
	cfg  exchange.Config
	opts selftest.Options

	mu       sync.Mutex
	signIns  int                       // requests with credentials
	obstacle func(*http.Request) int   // status to answer instead; 0: none
	tokens   func(*http.Request) error // checks tokens; nil: passwords are used
	answers  *strings.Replacer         // changes answers; nil: none
}

// newCheckScene returns a scene in which every check succeeds.
func newCheckScene(t *testing.T, access exchange.Access, options ...func(*ewstest.Options)) *checkScene {
	t.Helper()
	o := ewstest.Options{}
	for _, f := range options {
		f(&o)
	}
	s := &checkScene{Server: ewstest.NewServer(&o)}
	t.Cleanup(s.Close)
	s.Mailbox(vault).AddFolder(nil, "Quarantine")
	front := httptest.NewUnstartedServer(s)
	front.Config.ErrorLog = tlstest.Silent
	front.StartTLS()
	t.Cleanup(front.Close)
	s.cfg = exchange.Config{
		Name: "Head office", EWSURL: front.URL + "/EWS/Exchange.asmx", QuarantineMailbox: vault, Access: access,
		RootCAFile: writeRoots(t, front.Certificate()),
		Authentication: exchange.Authentication{
			Type: exchange.AuthenticationBasic, Username: `EXAMPLE\svc`, Password: exchange.NewSecret("svc-password"),
		},
	}
	s.opts.Mailboxes = []string{alice, bob}
	return s
}

// ServeHTTP intercepts the requests to Exchange.
func (s *checkScene) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if r.Header.Get("Authorization") != "" {
		s.signIns++
	}
	obstacle, tokens, answers := s.obstacle, s.tokens, s.answers
	s.mu.Unlock()
	if obstacle != nil {
		if status := obstacle(r); status != 0 {
			w.WriteHeader(status)
			return
		}
	}
	if tokens != nil {
		if err := tokens(r); err != nil {
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		r.SetBasicAuth("svc", "svc-password")
	}
	if answers == nil {
		s.Server.ServeHTTP(w, r)
		return
	}
	r.Header.Del("Accept-Encoding")
	recorded := httptest.NewRecorder()
	s.Server.ServeHTTP(recorded, r)
	maps.Copy(w.Header(), recorded.Header())
	w.Header().Del("Content-Length")
	w.WriteHeader(recorded.Code)
	_, _ = answers.WriteString(w, recorded.Body.String()) // a client that is gone notices
}

// instantly leaves sockets out, and lets the self-test wait in virtual time.
func (s *checkScene) instantly(h http.Handler) { s.opts.Transport = inMemory{h} }

// inMemory reaches a server without sockets.
type inMemory struct{ http.Handler }

// RoundTrip implements http.RoundTripper.
func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	answer.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
	r = r.Clone(r.Context())
	if r.Body == nil {
		r.Body = http.NoBody
	}
	m.ServeHTTP(answer, r)
	return answer.Result(), nil
}

func (s *checkScene) check(t *testing.T) (report *selftest.Report) {
	t.Helper()
	if _, ok := s.opts.Transport.(inMemory); ok {
		synctest.Test(t, func(t *testing.T) { report = s.checkNow(t) })
		return report
	}
	return s.checkNow(t)
}

func (s *checkScene) checkNow(t *testing.T) *selftest.Report {
	t.Helper()
	report, err := selftest.Check(t.Context(), &s.cfg, &s.opts)
	require.NoError(t, err)
	return report
}

// RSA keys take long to generate, so these are shared.
var (
	usualCertificate = sync.OnceValues(func() (*auth.Certificate, error) { return auth.NewCertificate(nil) })
	authorityKey     = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })
)

// asApplication makes the configuration sign in as an application, with a
// certificate that the authority knows; nil means the usual one.
func (s *checkScene) asApplication(t *testing.T, o *auth.CertificateOptions) {
	t.Helper()
	const application, tenant = "00001111-aaaa-2222-bbbb-3333cccc4444", "customer.onmicrosoft.com"
	cert, err := usualCertificate()
	if o != nil {
		cert, err = auth.NewCertificate(o)
	}
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(cert.CER())
	require.NoError(t, err)
	key, err := authorityKey()
	require.NoError(t, err)
	authority, err := azuread.New(azuread.Options{
		TenantID: "99990000-aaaa-2222-bbbb-3333cccc4444", TenantNames: []string{tenant}, Key: key,
		Apps: []azuread.App{{ID: application, Certificates: []*x509.Certificate{parsed}}},
	})
	require.NoError(t, err)
	login := httptest.NewTLSServer(authority)
	t.Cleanup(login.Close)
	s.tokens = func(r *http.Request) error {
		_, err := authority.Verify(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), strings.TrimSuffix(s.cfg.EWSURL, "/EWS/Exchange.asmx"))
		return err
	}
	s.cfg.Access = ""
	s.cfg.Authentication = exchange.Authentication{
		Type: exchange.AuthenticationAzureAD, ApplicationID: application, TenantID: tenant,
		AuthenticationEndpoint: login.URL, PrivateKeyFile: writePFX(t, cert, "pfx-password"), PrivateKeyPassword: exchange.NewSecret("pfx-password"),
	}
}

func writePFX(t *testing.T, cert *auth.Certificate, password string) string {
	t.Helper()
	pfx, err := cert.PFX(password)
	require.NoError(t, err)
	name := filepath.Join(t.TempDir(), "app.pfx")
	require.NoError(t, os.WriteFile(name, pfx, 0o600))
	return name
}

func writeRoots(t *testing.T, roots ...*x509.Certificate) string {
	t.Helper()
	var text []byte
	for _, c := range roots {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	name := filepath.Join(t.TempDir(), "roots.pem")
	require.NoError(t, os.WriteFile(name, text, 0o600))
	return name
}

// untouched requires that the self-test left nothing behind and wrote into no
// user's mailbox.
func (s *checkScene) untouched(t *testing.T) {
	t.Helper()
	for _, address := range []string{alice, bob, vault, "svc@example.test"} {
		for _, m := range s.Mailbox(address).Messages() {
			// Retention keeps what is permanently deleted.
			assert.Equal(t, ews.FolderRecoverableItemsPurges, m.Distinguished, "%s: %s in %s", address, m.Subject, m.Folder)
			assert.NotContains(t, []string{alice, bob}, address, "%s in %s", m.Subject, m.Folder)
		}
	}
	for _, r := range s.Requests() {
		if r.Acted {
			assert.NotContains(t, []string{alice, bob}, r.Anchor, "%s changed a user's mailbox", r.Operation)
			assert.NotEqual(t, ews.OpCreateFolder, r.Operation)
		}
	}
	assert.Empty(t, s.Notices())
}

// blockers are the checks on which all later ones depend.
var blockers = []selftest.Name{
	selftest.CheckAutodiscover, selftest.CheckDNS, selftest.CheckTCP, selftest.CheckTLS, selftest.CheckEndpoint,
	selftest.CheckAuthentication, selftest.CheckEWSAllowed, selftest.CheckVersion,
}

// onlyDependents requires that a skipped check depends on a failed one or is not
// needed, and that checks that cannot be made have no result.
func onlyDependents(t *testing.T, report *selftest.Report) {
	t.Helper()
	unwanted := []string{
		"not used with", "ewsUrl is set", "neither stampKey nor stampKeyFile is set", " is off", "scanRecoverableItems is off and leaveRecoverable on", "testing it needs an item", "it can only be tested between", "Options.Transport is set",
	}
	blocked := false
	for _, c := range report.Checks {
		assert.NotEmpty(t, c.Seen, c.Name)
		switch c.Status {
		case selftest.OK, selftest.Warning:
			early := c.Name == selftest.CheckCertificate || c.Name == selftest.CheckStampKeys || c.Name == selftest.CheckThrottling
			assert.False(t, blocked && !early, "%s cannot be known: %s", c.Name, c.Seen)
		case selftest.Failed:
			assert.False(t, blocked && c.Name != selftest.CheckCertificate && c.Name != selftest.CheckStampKeys, "%s depends on an earlier failure", c.Name)
			assert.NotEmpty(t, c.Remedy, c.Name)
			blocked = blocked || slices.Contains(blockers, c.Name)
		case selftest.Skipped:
			assert.Empty(t, c.Remedy, c.Name)
			assert.True(t, slices.ContainsFunc(unwanted, func(s string) bool { return strings.Contains(c.Seen, s) }) || dependsOn(report, c),
				"%s: %s depends on no failed check", c.Name, c.Seen)
		default:
			t.Errorf("%s has the status %q", c.Name, c.Status)
		}
	}
}

// dependsOn reports whether a skipped check names a failed one.
func dependsOn(report *selftest.Report, skipped selftest.Result) bool {
	return slices.ContainsFunc(report.With(selftest.Failed), func(c selftest.Result) bool {
		ofVault := c.Mailbox == vault && strings.Contains(skipped.Seen, "quarantine mailbox") && strings.Contains(skipped.Seen, "cannot be opened")
		untold := c.Mailbox == skipped.Mailbox && strings.Contains(skipped.Seen, "needs the right to open it")
		return ofVault || untold || strings.Contains(skipped.Seen, "fix "+string(c.Name)+" first")
	})
}

// names returns the checks with a status, and their mailboxes.
func names(report *selftest.Report, status selftest.Status) []string {
	var all []string
	for _, c := range report.With(status) {
		all = append(all, strings.TrimSpace(string(c.Name)+" "+c.Mailbox))
	}
	return all
}
