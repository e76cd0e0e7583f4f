package ewstest

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/azuread"
)

// bearerScheme accepts tokens of Azure AD.
type bearerScheme struct {
	server    *Server
	authority *azuread.Authority
}

// applicationAccount is the prefix of account names of applications.
const applicationAccount = "application "

func newBearer(s *Server) *bearerScheme {
	a := s.opts.Azure
	if a == nil || a.TenantID == "" {
		panic("ewstest: Options.Authentication includes Bearer, which needs Options.Azure with a TenantID")
	}
	opts := azuread.Options{TenantID: a.TenantID, TenantNames: a.TenantNames, Now: s.opts.Now}
	for _, app := range a.Applications {
		opts.Apps = append(opts.Apps, azuread.App{ID: app.ID, Certificates: app.Certificates})
		grant(s.directory.impersonate, applicationAccount+strings.ToLower(app.ID), everybody)
	}
	authority, err := azuread.New(opts)
	if err != nil {
		panic("ewstest: " + err.Error())
	}
	s.authority = authority
	return &bearerScheme{s, authority}
}

// AuthorityURL returns the address of the Azure AD that issues tokens, which is the
// authentication endpoint for clients; it is empty without [Bearer]. Use it with
// Options.TLS, because clients require HTTPS.
func (s *Server) AuthorityURL() string {
	if s.authority == nil {
		return ""
	}
	u, err := url.Parse(s.URL())
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// Tenant returns the tenant whose applications can sign in, from Options.Azure or from a
// scenario; it is nil without [Bearer].
func (s *Server) Tenant() *Azure {
	if s.authority == nil {
		return nil
	}
	a := *s.opts.Azure
	a.TenantNames, a.Applications = slices.Clone(a.TenantNames), slices.Clone(a.Applications)
	return &a
}

func (b *bearerScheme) handles(r *http.Request) bool {
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Bearer")
}

const challenge = `Bearer client_id="00000002-0000-0ff1-ce00-000000000000", trusted_issuers="00000001-0000-0000-c000-000000000000@*", token_types="app_asserted_user_v1 service_asserted_app_v1", authorization_uri="https://login.windows.net/common/oauth2/authorize"`

func (b *bearerScheme) offers() []string { return []string{challenge} }

// signIn checks the token. Its audience must be the server as the client
// addresses it.
func (b *bearerScheme) signIn(w http.ResponseWriter, r *http.Request) (string, bool) {
	_, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token, err := b.authority.Verify(strings.TrimSpace(text), "https://"+r.Host)
	if err == nil {
		return applicationAccount + strings.ToLower(token.ApplicationID), true
	}
	if refusal, ok := errors.AsType[*azuread.Refusal](err); ok && refusal.Diagnostics() != "" {
		w.Header().Set("x-ms-diagnostics", refusal.Diagnostics())
	}
	w.Header().Set("WWW-Authenticate", challenge+`, error="invalid_token"`)
	w.WriteHeader(http.StatusUnauthorized)
	return "", false
}
