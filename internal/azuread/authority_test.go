package azuread_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/azuread"
)

const (
	tenant = "11111111-2222-3333-4444-555555555555"
	app    = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
	scope  = "https://outlook.office365.com/.default"
)

var keys = sync.OnceValue(func() [2]*rsa.PrivateKey {
	var k [2]*rsa.PrivateKey
	for i := range k {
		k[i], _ = rsa.GenerateKey(rand.Reader, 2048)
	}
	return k
})

func certificate(t testing.TB, key *rsa.PrivateKey, until time.Duration) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(until)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return cert
}

// bench is an authority with one application and its signing key.
type bench struct {
	*azuread.Authority
	url  string
	http *http.Client
	key  *rsa.PrivateKey
	cert *x509.Certificate

	mu  sync.Mutex
	now time.Time
}

func setup(t testing.TB, change func(*azuread.Options)) *bench {
	t.Helper()
	b := &bench{key: keys()[0], now: time.Now()}
	b.cert = certificate(t, b.key, time.Hour)
	opts := azuread.Options{
		TenantID: tenant, TenantNames: []string{"customer.onmicrosoft.com"},
		Apps:      []azuread.App{{ID: app, Certificates: []*x509.Certificate{b.cert}}},
		Resources: []string{"https://outlook.office365.com"},
		Key:       keys()[1],
		Now: func() time.Time {
			b.mu.Lock()
			defer b.mu.Unlock()
			return b.now
		},
	}
	if change != nil {
		change(&opts)
	}
	var err error
	b.Authority, err = azuread.New(opts)
	require.NoError(t, err)
	srv := httptest.NewTLSServer(b)
	t.Cleanup(srv.Close)
	b.url, b.http = srv.URL, srv.Client()
	return b
}

func (b *bench) advance(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// form returns a token request; its assertion can be changed before it is
// signed.
func (b *bench) form(t testing.TB, change func(header, claims map[string]any)) url.Values {
	t.Helper()
	thumbprint := sha256.Sum256(b.cert.Raw)
	header := map[string]any{"alg": "PS256", "typ": "JWT", "x5t#S256": encode(thumbprint[:])}
	b.mu.Lock()
	now := b.now
	b.mu.Unlock()
	claims := map[string]any{
		"aud": b.url + "/" + tenant + "/oauth2/v2.0/token", "iss": app, "sub": app, "jti": rand.Text(),
		"nbf": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
	}
	if change != nil {
		change(header, claims)
	}
	h, err := json.Marshal(header)
	require.NoError(t, err)
	c, err := json.Marshal(claims)
	require.NoError(t, err)
	signed := encode(h) + "." + encode(c)
	sum := sha256.Sum256([]byte(signed))
	var signature []byte
	if header["alg"] == "RS256" {
		signature, err = rsa.SignPKCS1v15(rand.Reader, b.key, crypto.SHA256, sum[:])
	} else {
		signature, err = rsa.SignPSS(rand.Reader, b.key, crypto.SHA256, sum[:], nil)
	}
	require.NoError(t, err)
	return url.Values{
		"grant_type": {"client_credentials"}, "client_id": {app}, "scope": {scope},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {signed + "." + encode(signature)},
	}
}

// ask returns the status and the answer of the token endpoint.
func (b *bench) ask(t testing.TB, tenant string, form url.Values) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+"/"+tenant+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := b.http.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	var answer map[string]any
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&answer))
	return resp.StatusCode, answer
}

func TestToken(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"PS256", "RS256"} {
		b := setup(t, nil)
		status, answer := b.ask(t, tenant, b.form(t, func(h, _ map[string]any) { h["alg"] = alg }))
		require.Equal(t, http.StatusOK, status, answer)
		assert.Equal(t, "Bearer", answer["token_type"])
		assert.EqualValues(t, 3600, answer["expires_in"])
		text := answer["access_token"].(string)
		token, err := b.Verify(text, "https://outlook.office365.com")
		require.NoError(t, err)
		assert.Equal(t, app, token.ApplicationID)
		assert.Equal(t, tenant, token.TenantID)
		assert.Equal(t, []string{"full_access_as_app"}, token.Roles)
		assert.Equal(t, azuread.Stats{Tokens: 1}, b.Stats())

		_, err = b.Verify(text, "https://graph.microsoft.com")
		require.ErrorIs(t, err, azuread.ErrInvalidResource)
		_, err = b.Verify(text[:len(text)-4]+"AAAA", "https://outlook.office365.com")
		require.ErrorIs(t, err, azuread.ErrInvalidSignature)
		_, err = b.Verify("x.y", "https://outlook.office365.com")
		require.ErrorIs(t, err, azuread.ErrInvalidToken)
		assert.Equal(t, `2000001;reason="The token is invalid.";error_category="invalid_token"`, azuread.ErrInvalidToken.Diagnostics())

		b.RequireClaims(`{"access_token":{"nbf":{"essential":true,"value":"1"}}}`)
		_, err = b.Verify(text, "https://outlook.office365.com")
		require.ErrorIs(t, err, azuread.ErrClaimsNeeded)
		assert.Empty(t, azuread.ErrClaimsNeeded.Diagnostics())
		b.RequireClaims("")

		b.advance(time.Second)
		b.Revoke()
		_, err = b.Verify(text, "https://outlook.office365.com")
		require.ErrorIs(t, err, azuread.ErrInvalidToken)
		b.advance(time.Hour)
		_, err = b.Verify(text, "https://outlook.office365.com")
		require.ErrorIs(t, err, azuread.ErrTokenExpired)
	}
}

func TestClaimsAreRecorded(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	const needed = `{"access_token":{"nbf":{"essential":true,"value":"1"}}}`
	b.RequireClaims(needed)
	for asked, ok := range map[string]bool{
		needed: true,
		`{"access_token":{"nbf":{"value":"1","essential":true},"xms_cc":{"values":["CP1"]}}}`: true,
		`{"access_token":{"nbf":{"essential":true,"value":"2"}}}`:                             false,
		`{"access_token":"nbf"}`: false,
		`no JSON`:                false,
	} {
		form := b.form(t, nil)
		form.Set("claims", asked)
		status, answer := b.ask(t, tenant, form)
		require.Equal(t, http.StatusOK, status)
		_, err := b.Verify(answer["access_token"].(string), "https://outlook.office365.com")
		assert.Equal(t, ok, err == nil, asked)
	}
}

func TestTokenIsRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		tenant    string
		options   func(*azuread.Options)
		assertion func(header, claims map[string]any)
		form      func(url.Values)
		number    float64
	}{
		"tenant":      {tenant: "nobody.example", number: 90002},
		"grant":       {form: func(f url.Values) { f.Set("grant_type", "password") }, number: 70003},
		"application": {form: func(f url.Values) { f.Set("client_id", tenant) }, number: 700016},
		"scope":       {form: func(f url.Values) { f.Set("scope", "https://graph.microsoft.com/.default") }, number: 500011},
		"no default":  {form: func(f url.Values) { f.Set("scope", "https://outlook.office365.com/EWS") }, number: 500011},
		"secret":      {form: func(f url.Values) { f.Del("client_assertion_type") }, number: 7000218},
		"malformed":   {form: func(f url.Values) { f.Set("client_assertion", "a.b") }, number: 50027},
		"unencoded":   {form: func(f url.Values) { f.Set("client_assertion", "!.b.c") }, number: 50027},
		"no header":   {form: func(f url.Values) { f.Set("client_assertion", "AA.AA.AA") }, number: 50027},
		"no claims":   {form: func(f url.Values) { f.Set("client_assertion", encode([]byte("{}"))+".AA.AA") }, number: 50027},
		"signature":   {form: func(f url.Values) { f.Set("client_assertion", f.Get("client_assertion")+"AA") }, number: 700027},
		"algorithm":   {assertion: func(h, _ map[string]any) { h["alg"] = "none" }, number: 700027},
		"thumbprint":  {assertion: func(h, _ map[string]any) { h["x5t#S256"] = "AAAA" }, number: 700027},
		"no thumb":    {assertion: func(h, _ map[string]any) { delete(h, "x5t#S256") }, number: 700027},
		"other key":   {options: func(o *azuread.Options) { o.Apps[0].Certificates = nil }, number: 700027},
		"expired certificate": {options: func(o *azuread.Options) {
			now := o.Now
			o.Now = func() time.Time { return now().Add(2 * time.Hour) }
		}, assertion: func(_, c map[string]any) { c["exp"] = time.Now().Add(3 * time.Hour).Unix() }, number: 700027},
		"audience": {assertion: func(_, c map[string]any) { c["aud"] = "https://evil.example" }, number: 700212},
		"issuer":   {assertion: func(_, c map[string]any) { c["iss"] = tenant }, number: 700021},
		"subject":  {assertion: func(_, c map[string]any) { c["sub"] = tenant }, number: 700021},
		"late":     {assertion: func(_, c map[string]any) { c["exp"] = time.Now().Add(-time.Hour).Unix() }, number: 700024},
		"early":    {assertion: func(_, c map[string]any) { c["nbf"] = time.Now().Add(time.Hour).Unix() }, number: 700024},
		"no id":    {assertion: func(_, c map[string]any) { delete(c, "jti") }, number: 700030},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, tc.options)
			form := b.form(t, tc.assertion)
			if tc.form != nil {
				tc.form(form)
			}
			to := tenant
			if tc.tenant != "" {
				to = tc.tenant
			}
			status, answer := b.ask(t, to, form)
			assert.GreaterOrEqual(t, status, 400)
			assert.Equal(t, []any{tc.number}, answer["error_codes"], answer)
			assert.Contains(t, answer["error_description"], "AADSTS")
			assert.NotContains(t, answer, "access_token")
		})
	}
}

func TestAssertionCountsOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	form := b.form(t, nil)
	status, _ := b.ask(t, tenant, form)
	assert.Equal(t, http.StatusOK, status)
	_, answer := b.ask(t, tenant, form)
	assert.Equal(t, []any{700030.0}, answer["error_codes"])
	b.advance(10 * time.Hour)
	b.ask(t, tenant, form)
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	get := func(path string) (int, string) {
		resp, err := b.http.Get(b.url + path)
		require.NoError(t, err)
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(text)
	}
	status, text := get("/common/discovery/instance?api-version=1.1")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, text, "tenant_discovery_endpoint")
	for _, name := range []string{tenant, "Customer.onmicrosoft.com"} {
		status, text = get("/" + name + "/v2.0/.well-known/openid-configuration")
		assert.Equal(t, http.StatusOK, status)
		assert.Contains(t, text, b.url+"/"+tenant+"/oauth2/v2.0/token")
	}
	status, text = get("/nobody.example/v2.0/.well-known/openid-configuration")
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Contains(t, text, "AADSTS90002")
	status, text = get("/" + tenant + "/discovery/v2.0/keys")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, text, `"RSA"`)
	assert.EqualValues(t, 5, b.Stats().Discoveries)
}

func TestOptions(t *testing.T) {
	t.Parallel()
	_, err := azuread.New(azuread.Options{})
	require.ErrorContains(t, err, "TenantID")

	b := setup(t, func(o *azuread.Options) {
		o.Lifetime = 4 * time.Hour
		o.Apps[0].Roles = []string{}
		o.BeforeToken = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get("X-Busy") != "" {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			return r.Header.Get("X-Busy") != ""
		}
	})
	_, answer := b.ask(t, "customer.onmicrosoft.com", b.form(t, func(_, c map[string]any) {
		c["aud"] = b.url + "/customer.onmicrosoft.com/oauth2/v2.0/token"
	}))
	assert.EqualValues(t, 7200, answer["refresh_in"])
	token, err := b.Verify(answer["access_token"].(string), "https://outlook.office365.com")
	require.NoError(t, err)
	assert.Empty(t, token.Roles)

	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+"/"+tenant+"/oauth2/v2.0/token", nil)
	require.NoError(t, err)
	req.Header.Set("X-Busy", "1")
	resp, err := b.http.Do(req)
	require.NoError(t, err)
	resp.Body.Close()
	assert.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
}

func FuzzVerify(f *testing.F) {
	a, err := azuread.New(azuread.Options{TenantID: tenant})
	require.NoError(f, err)
	f.Add("a.b.c")
	f.Add(encode([]byte(`{"alg":"RS256"}`)) + "." + encode([]byte(`{"aud":"x"}`)) + ".AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := a.Verify(text, "x"); err == nil {
			t.Errorf("%q passed", text)
		}
	})
}

func TestRequestBodyIsBounded(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+"/"+tenant+"/oauth2/v2.0/token",
		bytes.NewReader(make([]byte, 2<<20)))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := b.http.Do(req)
	require.NoError(t, err)
	resp.Body.Close()
	assert.Equal(t, http.StatusBadRequest, resp.StatusCode)
}
