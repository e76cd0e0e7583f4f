package selftest

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"sync"
)

// maxToken is the maximum size of a token to decode, in bytes.
const maxToken = 64 << 10

// claims are what a token states about its holder. Tokens of Azure AD are JWTs (RFC 7519),
// but that is not guaranteed: one that cannot be read has none.
type claims struct {
	Roles []string `json:"roles"` // application permissions
	Scope string   `json:"scp"`   // delegated permissions
}

// claimsOf reads the claims in the value of an Authorization header. Nothing is verified:
// the token is our own.
func claimsOf(authorization string) (c claims, ok bool) {
	scheme, text, _ := strings.Cut(authorization, " ")
	parts := strings.Split(strings.TrimSpace(text), ".")
	if !strings.EqualFold(scheme, "Bearer") || len(authorization) > maxToken || len(parts) != 3 {
		return claims{}, false
	}
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil || json.Unmarshal(b, &c) != nil {
		return claims{}, false
	}
	return c, true
}

// token is what is known about the token that was sent. The token itself is not kept.
type token struct {
	mu     sync.Mutex
	read   bool
	claims claims
}

// see looks at the value of an Authorization header.
func (t *token) see(authorization string) {
	if c, ok := claimsOf(authorization); ok {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.read, t.claims = true, c
	}
}

func (t *token) seen() (claims, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.claims, t.read
}

// known reports whether a token was seen that can be read.
func (t *token) known() bool {
	_, ok := t.seen()
	return ok
}

// delegated reports whether it is a user's token.
func (t *token) delegated() bool {
	c, _ := t.seen()
	return c.Scope != ""
}

// has reports whether the token has a permission, or one that includes it.
func (t *token) has(permission string) bool {
	c, _ := t.seen()
	return slices.ContainsFunc(c.Roles, func(role string) bool {
		return strings.EqualFold(role, permission) || slices.ContainsFunc(permissionIn[permission], func(p string) bool { return strings.EqualFold(role, p) })
	})
}

// relevant returns the names of the permissions that it has, of those that the self-test
// knows.
func (t *token) relevant() []string {
	var all []string
	for p := range permissionUse {
		if t.has(p) {
			all = append(all, p)
		}
	}
	if len(all) == 0 {
		return []string{"no permission of use"}
	}
	slices.Sort(all)
	return all
}
