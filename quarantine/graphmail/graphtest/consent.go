package graphtest

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/azuread"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// AllRoles returns the application permissions that the server knows, all of which an
// application has by default.
func AllRoles() []string {
	return []string{
		"Mail.ReadBasic.All", "Mail.Read", "Mail.ReadWrite", "Mail.Send", "Mail-Advanced.ReadWrite.All",
		"MailboxItem.Read.All", "MailboxItem.Export.All", "MailboxItem.ImportExport.All",
		"MailboxFolder.Read.All", "MailboxFolder.ReadWrite.All", "User.Read.All", "GroupMember.Read.All", "OrgContact.Read.All", "MailboxSettings.Read",
	}
}

// includes lists the permissions that suffice in place of a lesser one.
var includes = map[string][]string{
	"Mail.ReadBasic.All":     {"Mail.Read", "Mail.ReadWrite"},
	"Mail.Read":              {"Mail.ReadWrite"},
	"MailboxItem.Export.All": {"MailboxItem.ImportExport.All"},
	"MailboxFolder.Read.All": {"MailboxFolder.ReadWrite.All"},
}

// Consent gives an application exactly these permissions, or none at all if there are no
// arguments. The change also affects tokens that the application already has.
func (s *Server) Consent(app string, roles ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.roles[app] = set(roles)
}

// Scope limits what an application may do with mail to the mailboxes with these primary
// addresses, as RBAC for Applications does. Export and import are not limited. Without
// addresses it may do nothing with mail.
func (s *Server) Scope(app string, addresses ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scopes[app] = make(map[string]bool)
	for _, a := range addresses {
		s.scopes[app][strings.ToLower(a)] = true
	}
}

func set(all []string) map[string]bool {
	m := make(map[string]bool, len(all))
	for _, one := range all {
		m[one] = true
	}
	return m
}

// may reports whether an application has one of some permissions, or one that includes
// it.
func (s *Server) may(app string, any []string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	has, ok := s.roles[app]
	if !ok || len(any) == 0 {
		return true
	}
	return slices.ContainsFunc(any, func(role string) bool {
		return has[role] || slices.ContainsFunc(includes[role], func(r string) bool { return has[r] })
	})
}

// mayOpen reports whether an application's scope includes a mailbox.
func (s *Server) mayOpen(app string, box *mailstore.Mailbox) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	scope, ok := s.scopes[app]
	return !ok || scope[strings.ToLower(box.Address)]
}

// token is a token issued by As or Token.
type token struct {
	app     string
	expires time.Time
}

// Token returns a token for an application, which may have any name. The server accepts
// it until Options.TokenLifetime has passed or [Server.Revoke] is called. Like the tokens
// of the token endpoint, it is a JWT with the claims aud, tid, appid, roles, iat, nbf and
// exp, but it is not signed.
func (s *Server) Token(app string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.opts.Now()
	expires := now.Add(s.opts.TokenLifetime)
	roles := AllRoles()
	if granted, ok := s.roles[app]; ok {
		roles = slices.Sorted(maps.Keys(granted))
	}
	claims, _ := json.Marshal(object{ // texts and numbers only
		"aud": s.DirectURL(), "tid": s.opts.Tenant, "appid": app, "idtyp": "app", "roles": roles,
		"iat": now.Unix(), "nbf": now.Unix(), "exp": expires.Unix(),
	})
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"typ":"JWT","alg":"none"}`)) + "." + encode(claims) + "." + s.secret("token")
	s.tokens[text] = token{app, expires}
	return text
}

// fresh returns a token of an application that is valid for a while: the previous one or
// a new one.
func (s *Server) fresh(app string) string {
	s.mu.Lock()
	text := s.current[app]
	t, ok := s.tokens[text]
	s.mu.Unlock()
	if ok && t.expires.Sub(s.opts.Now()) > s.opts.TokenLifetime/2 {
		return text
	}
	text = s.Token(app)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current[app] = text
	return text
}

// Revoke invalidates all tokens issued so far.
func (s *Server) Revoke() {
	s.mu.Lock()
	clear(s.tokens)
	s.mu.Unlock()
	if s.authority != nil {
		s.authority.Revoke()
	}
}

// As wraps a RoundTripper so that every request to the Graph host that has no
// Authorization gets a token of an application. Requests to the import host get none.
func (s *Server) As(rt http.RoundTripper, app string) http.RoundTripper { return signed{s, rt, app} }

type signed struct {
	server *Server
	next   http.RoundTripper
	app    string
}

// RoundTrip adds the token.
func (t signed) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("Authorization") == "" && !isImport(r) {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+t.server.fresh(t.app))
	}
	return t.next.RoundTrip(r)
}

// initAuthority makes the token endpoint. The endpoint has its own key, which takes a
// while to generate.
func (s *Server) initAuthority() {
	if len(s.opts.Applications) == 0 {
		return
	}
	o := azuread.Options{TenantID: s.opts.Tenant, Now: s.opts.Now}
	for _, a := range s.opts.Applications {
		roles := a.Roles
		if roles == nil {
			roles = AllRoles()
		}
		o.Apps = append(o.Apps, azuread.App{ID: a.ID, Certificates: a.Certificates, Roles: roles})
		s.roles[a.ID] = set(roles)
	}
	authority, err := azuread.New(o)
	if err != nil {
		panic("graphtest: " + err.Error())
	}
	s.authority = authority
}

// signIn returns the application of a request.
func (s *Server) signIn(r *http.Request) (app string, refused *refusal) {
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", refuse(http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token is empty.")
	}
	text = strings.TrimSpace(text)
	s.mu.Lock()
	t, ok := s.tokens[text]
	s.mu.Unlock()
	switch {
	case ok && s.opts.Now().Before(t.expires):
		return t.app, nil
	case ok:
		return "", refuse(http.StatusUnauthorized, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
	}
	if s.authority == nil {
		return "", refuse(http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token validation failure.")
	}
	verified, err := s.authority.Verify(text, "https://"+r.Host)
	if err != nil {
		return "", refuse(http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token validation failure.")
	}
	return verified.ApplicationID, nil
}
