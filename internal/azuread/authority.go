package azuread

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// App is an application registration.
type App struct {
	ID           string
	Certificates []*x509.Certificate
	// Roles are its roles for every resource. Default: full_access_as_app.
	Roles []string
}

// Options are the settings of an [Authority].
type Options struct {
	// TenantID is the tenant's GUID; TenantNames are its domain names.
	TenantID    string
	TenantNames []string

	Apps []App

	// Resources are the audiences for which tokens are issued, such as
	// https://outlook.office365.com. Default: any.
	Resources []string

	// Lifetime is how long tokens are valid. Default: 1 hour.
	Lifetime time.Duration

	// RefreshIn is the time after which the client should request a new token early.
	// Default: half the lifetime if that is at least an hour, otherwise unset.
	RefreshIn time.Duration

	// Key signs the tokens. Default: a new RSA key, which takes a while to
	// generate.
	Key *rsa.PrivateKey

	// Now is the clock. Default: time.Now.
	Now func() time.Time

	// BeforeToken is called for each token request before it is processed. It
	// returns true if it has written an answer. Default: none.
	BeforeToken func(w http.ResponseWriter, r *http.Request) bool
}

// Authority is an Azure AD server.
type Authority struct {
	opts Options
	mux  *http.ServeMux
	key  *rsa.PrivateKey
	kid  string

	mu          sync.Mutex
	assertions  map[string]time.Time // ids seen, until they expire
	validFrom   time.Time            // tokens issued before are revoked
	needsClaims string

	tokens, discoveries atomic.Int64
}

// New returns an authority.
func New(opts Options) (*Authority, error) {
	if opts.TenantID == "" {
		return nil, errors.New("azuread: Options.TenantID is missing")
	}
	if opts.Lifetime == 0 {
		opts.Lifetime = time.Hour
	}
	if opts.RefreshIn == 0 && opts.Lifetime >= 2*time.Hour {
		opts.RefreshIn = opts.Lifetime / 2
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	opts.Apps = slices.Clone(opts.Apps)
	if opts.Key == nil {
		var err error
		if opts.Key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return nil, fmt.Errorf("azuread: %w", err)
		}
	}
	a := &Authority{
		opts: opts, mux: http.NewServeMux(), key: opts.Key, kid: randomID(),
		assertions: make(map[string]time.Time),
	}
	a.mux.HandleFunc("GET /common/discovery/instance", a.instance)
	a.mux.HandleFunc("GET /{tenant}/v2.0/.well-known/openid-configuration", a.openID)
	a.mux.HandleFunc("GET /{tenant}/discovery/v2.0/keys", a.keys)
	a.mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", a.token)
	return a, nil
}

// ServeHTTP implements [http.Handler].
func (a *Authority) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// Stats counts requests.
type Stats struct {
	Tokens      int64 // to the token endpoint
	Discoveries int64 // to the others
}

// Stats returns the counters.
func (a *Authority) Stats() Stats {
	return Stats{Tokens: a.tokens.Load(), Discoveries: a.discoveries.Load()}
}

// Revoke makes every token issued so far invalid.
func (a *Authority) Revoke() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.validFrom = a.opts.Now()
}

// RequireClaims makes [Authority.Verify] require that tokens were requested with
// the given claims, a JSON object; an empty string lifts the requirement.
func (a *Authority) RequireClaims(claims string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.needsClaims = claims
}

// SetCertificates replaces the certificates of an application.
func (a *Authority) SetCertificates(id string, certificates ...*x509.Certificate) {
	a.mu.Lock()
	defer a.mu.Unlock()
	apps := slices.Clone(a.opts.Apps)
	for i := range apps {
		if strings.EqualFold(apps[i].ID, id) {
			apps[i].Certificates = slices.Clone(certificates)
		}
	}
	a.opts.Apps = apps
}

func (a *Authority) apps() []App {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.opts.Apps
}

func (a *Authority) tenantKnown(name string) bool {
	return strings.EqualFold(name, a.opts.TenantID) ||
		slices.ContainsFunc(a.opts.TenantNames, func(n string) bool { return strings.EqualFold(n, name) })
}

func (a *Authority) instance(w http.ResponseWriter, r *http.Request) {
	a.discoveries.Add(1)
	base := "https://" + r.Host
	reply(w, http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": base + "/" + a.opts.TenantID + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata": []map[string]any{{
			"preferred_network": r.Host, "preferred_cache": r.Host, "aliases": []string{r.Host},
		}},
	})
}

func (a *Authority) openID(w http.ResponseWriter, r *http.Request) {
	a.discoveries.Add(1)
	tenant := r.PathValue("tenant")
	if !a.tenantKnown(tenant) {
		refuse(w, http.StatusBadRequest, "invalid_tenant", 90002, fmt.Sprintf("Tenant '%s' not found.", tenant))
		return
	}
	base := "https://" + r.Host + "/" + a.opts.TenantID
	reply(w, http.StatusOK, map[string]any{
		"authorization_endpoint":                base + "/oauth2/v2.0/authorize",
		"token_endpoint":                        base + "/oauth2/v2.0/token",
		"jwks_uri":                              base + "/discovery/v2.0/keys",
		"issuer":                                base + "/v2.0",
		"token_endpoint_auth_methods_supported": []string{"private_key_jwt"},
		"response_types_supported":              []string{"token"},
		"subject_types_supported":               []string{"pairwise"},
	})
}

func (a *Authority) keys(w http.ResponseWriter, _ *http.Request) {
	a.discoveries.Add(1)
	reply(w, http.StatusOK, map[string]any{"keys": []map[string]any{{
		"kty": "RSA", "use": "sig", "kid": a.kid,
		"n": encode(a.key.N.Bytes()),
		"e": "AQAB",
	}}})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store, no-cache")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // fails only if the client is gone
}

// refuse answers as Azure AD does.
func refuse(w http.ResponseWriter, status int, code string, number int, text string) {
	trace, correlation := randomID(), randomID()
	now := time.Now().UTC().Format("2006-01-02 15:04:05Z")
	reply(w, status, map[string]any{
		"error": code,
		"error_description": fmt.Sprintf("AADSTS%d: %s\r\nTrace ID: %s\r\nCorrelation ID: %s\r\nTimestamp: %s",
			number, text, trace, correlation, now),
		"error_codes":    []int{number},
		"timestamp":      now,
		"trace_id":       trace,
		"correlation_id": correlation,
	})
}

func randomID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
