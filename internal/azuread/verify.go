package azuread

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// Reasons to refuse a token. Number is the error number that Exchange returns in
// the header x-ms-diagnostics.
var (
	ErrInvalidSignature = &Refusal{Number: "2000000", Category: "invalid_signature", Reason: "The token has an invalid signature."}
	ErrInvalidToken     = &Refusal{Number: "2000001", Category: "invalid_token", Reason: "The token is invalid."}
	ErrTokenExpired     = &Refusal{Number: "2000002", Category: "token_expired", Reason: "The token has expired."}
	ErrInvalidResource  = &Refusal{Number: "2000003", Category: "invalid_resource", Reason: "The audience claim value is invalid."}
	ErrInvalidGrant     = &Refusal{Number: "2000008", Category: "invalid_grant", Reason: "The token contains not enough scope to make this call."}
	ErrClaimsNeeded     = &Refusal{Category: "insufficient_claims", Reason: "The token does not satisfy the claims demanded."}
)

// Refusal is the reason why a token is refused.
type Refusal struct{ Number, Category, Reason string }

// Error implements error.
func (r *Refusal) Error() string { return "azuread: " + r.Category + ": " + r.Reason }

// Diagnostics returns the value of the header x-ms-diagnostics, or an empty string if it
// is not sent.
func (r *Refusal) Diagnostics() string {
	if r.Number == "" {
		return ""
	}
	return r.Number + `;reason="` + r.Reason + `";error_category="` + r.Category + `"`
}

// Token is the content of a verified token.
type Token struct {
	ApplicationID string
	TenantID      string
	Audience      string
	Roles         []string
	Expires       time.Time
	Claims        string // the claims it was requested with, as JSON
}

// Verify checks a token's signature, times and audience, and whether it was
// revoked. Errors are [*Refusal].
func (a *Authority) Verify(text, audience string) (Token, error) {
	t, err := parseJWT(text)
	if err != nil {
		return Token{}, ErrInvalidToken
	}
	if t.header.Algorithm != "RS256" || t.verify(&a.key.PublicKey) != nil {
		return Token{}, ErrInvalidSignature
	}
	var claims accessToken
	if json.Unmarshal(t.payload, &claims) != nil {
		return Token{}, ErrInvalidToken
	}
	a.mu.Lock()
	validFrom, needs := a.validFrom, a.needsClaims
	a.mu.Unlock()
	now := a.opts.Now()
	switch {
	case now.Unix() >= claims.Expires:
		return Token{}, ErrTokenExpired
	case now.Unix() < claims.NotBefore, time.Unix(0, claims.IssuedNanos).Before(validFrom):
		return Token{}, ErrInvalidToken
	case !strings.EqualFold(claims.Audience, audience):
		return Token{}, ErrInvalidResource
	case needs != "" && !holds(claims.Asked, needs):
		return Token{}, ErrClaimsNeeded
	}
	return Token{
		ApplicationID: claims.AppID, TenantID: claims.TenantID, Audience: claims.Audience,
		Roles: claims.Roles, Expires: time.Unix(claims.Expires, 0), Claims: claims.Asked,
	}, nil
}

// holds reports whether the JSON object asked contains all of needs. Clients add
// capabilities to the claims they were told to request.
func holds(asked, needs string) bool {
	var have, want any
	if json.Unmarshal([]byte(asked), &have) != nil || json.Unmarshal([]byte(needs), &want) != nil {
		return false
	}
	return covers(have, want)
}

func covers(have, want any) bool {
	w, ok := want.(map[string]any)
	if !ok {
		a, errA := json.Marshal(have)
		b, errB := json.Marshal(want)
		return errors.Join(errA, errB) == nil && string(a) == string(b)
	}
	h, ok := have.(map[string]any)
	if !ok {
		return false
	}
	for key, value := range w {
		if !covers(h[key], value) {
			return false
		}
	}
	return true
}
