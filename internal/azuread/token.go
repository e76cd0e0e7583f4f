package azuread

import (
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// assertionType is the type of a signed JWT (RFC 7523).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// token answers a token request.
func (a *Authority) token(w http.ResponseWriter, r *http.Request) {
	a.tokens.Add(1)
	if a.opts.BeforeToken != nil && a.opts.BeforeToken(w, r) {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		refuse(w, http.StatusBadRequest, "invalid_request", 900144, "The request body cannot be read.")
		return
	}
	if !a.tenantKnown(r.PathValue("tenant")) {
		refuse(w, http.StatusBadRequest, "invalid_request", 90002, fmt.Sprintf("Tenant '%s' not found.", r.PathValue("tenant")))
		return
	}
	if got := r.PostForm.Get("grant_type"); got != "client_credentials" {
		refuse(w, http.StatusBadRequest, "unsupported_grant_type", 70003, fmt.Sprintf("The app requested an unsupported grant type '%s'.", got))
		return
	}
	apps := a.apps()
	i := slices.IndexFunc(apps, func(app App) bool { return strings.EqualFold(app.ID, r.PostForm.Get("client_id")) })
	if i < 0 {
		refuse(w, http.StatusBadRequest, "unauthorized_client", 700016,
			fmt.Sprintf("Application with identifier '%s' was not found in the directory.", r.PostForm.Get("client_id")))
		return
	}
	app := apps[i]
	if wrong := a.checkAssertion(r, app); wrong != nil {
		refuse(w, http.StatusUnauthorized, "invalid_client", wrong.number, wrong.text)
		return
	}
	resource, ok := a.resource(r.PostForm.Get("scope"))
	if !ok {
		refuse(w, http.StatusBadRequest, "invalid_resource", 500011,
			fmt.Sprintf("The resource principal named %s was not found in the tenant.", r.PostForm.Get("scope")))
		return
	}
	a.issue(w, r, app, resource)
}

// resource returns the audience for the requested scopes.
func (a *Authority) resource(scope string) (string, bool) {
	for one := range strings.FieldsSeq(scope) {
		resource, ok := strings.CutSuffix(one, "/.default")
		if ok && (a.opts.Resources == nil || slices.Contains(a.opts.Resources, resource)) {
			return resource, true
		}
	}
	return "", false
}

// aadsts is an Azure AD error with its AADSTS number.
type aadsts struct {
	number int
	text   string
}

// checkAssertion verifies the signed assertion of an application. It returns nil
// if it is valid.
func (a *Authority) checkAssertion(r *http.Request, app App) *aadsts {
	if r.PostForm.Get("client_assertion_type") != assertionType {
		return &aadsts{7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."}
	}
	t, err := parseJWT(r.PostForm.Get("client_assertion"))
	if err != nil {
		return &aadsts{50027, "JWT token is invalid or malformed: " + err.Error()}
	}
	var claims struct {
		Audience  string  `json:"aud"`
		Issuer    string  `json:"iss"`
		Subject   string  `json:"sub"`
		ID        string  `json:"jti"`
		Expires   float64 `json:"exp"`
		NotBefore float64 `json:"nbf"`
	}
	if err := json.Unmarshal(t.payload, &claims); err != nil {
		return &aadsts{50027, "JWT token is invalid or malformed: " + err.Error()}
	}
	now := a.opts.Now()
	signed := false
	for _, cert := range app.Certificates {
		key, ok := cert.PublicKey.(*rsa.PublicKey)
		if !ok || !t.names(cert) || t.verify(key) != nil {
			continue
		}
		if now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
			return &aadsts{700027, "The certificate with identifier used to sign the client assertion is expired on application."}
		}
		signed = true
	}
	const skew = 5 * time.Minute
	expires := time.Unix(int64(claims.Expires), 0)
	switch {
	case !signed:
		return &aadsts{700027, "The certificate with identifier used to sign the client assertion is not registered on application."}
	case claims.Audience != "https://"+r.Host+r.URL.Path:
		return &aadsts{700212, fmt.Sprintf("No matching federated identity record found for presented assertion audience '%s'.", claims.Audience)}
	case !strings.EqualFold(claims.Issuer, app.ID) || !strings.EqualFold(claims.Subject, app.ID):
		return &aadsts{700021, "Client assertion application identifier doesn't match 'client_id' parameter."}
	case now.After(expires.Add(skew)) || now.Add(skew).Before(time.Unix(int64(claims.NotBefore), 0)):
		return &aadsts{700024, "Client assertion is not within its valid time range."}
	}
	return a.checkReplay(claims.ID, expires, now)
}

func (a *Authority) checkReplay(id string, expires, now time.Time) *aadsts {
	a.mu.Lock()
	defer a.mu.Unlock()
	for old, until := range a.assertions {
		if now.After(until.Add(time.Hour)) {
			delete(a.assertions, old)
		}
	}
	if _, seen := a.assertions[id]; seen || id == "" {
		return &aadsts{700030, "The client assertion has been used before."}
	}
	a.assertions[id] = expires
	return nil
}

// accessToken holds the claims of a token.
type accessToken struct {
	Audience  string   `json:"aud"`
	Issuer    string   `json:"iss"`
	IssuedAt  int64    `json:"iat"`
	NotBefore int64    `json:"nbf"`
	Expires   int64    `json:"exp"`
	AppID     string   `json:"appid"`
	TenantID  string   `json:"tid"`
	Roles     []string `json:"roles,omitempty"`
	Version   string   `json:"ver"`
	ID        string   `json:"uti"`
	// Not in Azure AD: the exact time of issue, and the claims requested.
	IssuedNanos int64  `json:"iat_ns"`
	Asked       string `json:"asked_claims,omitempty"`
}

func (a *Authority) issue(w http.ResponseWriter, r *http.Request, app App, resource string) {
	now := a.opts.Now()
	roles := app.Roles
	if roles == nil {
		roles = []string{"full_access_as_app"}
	}
	text, err := sign(a.key, a.kid, accessToken{
		Audience:  resource,
		Issuer:    "https://sts.windows.net/" + a.opts.TenantID + "/",
		IssuedAt:  now.Unix(),
		NotBefore: now.Add(-5 * time.Minute).Unix(),
		Expires:   now.Add(a.opts.Lifetime).Unix(),
		AppID:     app.ID, TenantID: a.opts.TenantID, Roles: roles,
		Version: "1.0", ID: randomID(),
		IssuedNanos: now.UnixNano(), Asked: r.PostForm.Get("claims"),
	})
	if err != nil {
		refuse(w, http.StatusInternalServerError, "server_error", 90033, "A transient error has occurred.")
		return
	}
	answer := map[string]any{
		"token_type": "Bearer", "access_token": text,
		"expires_in": int64(a.opts.Lifetime / time.Second), "ext_expires_in": int64(a.opts.Lifetime / time.Second),
	}
	if a.opts.RefreshIn > 0 {
		answer["refresh_in"] = int64(a.opts.RefreshIn / time.Second)
	}
	reply(w, http.StatusOK, answer)
}
