package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

const redacted = "[redacted]"

// Credential is a user name and a password. It shows neither when printed, logged
// or marshalled. The zero value is invalid; constructors refuse it.
type Credential struct {
	username string
	// A function, because fmt prints unexported strings in enclosing structs.
	password func(context.Context) (string, error)
	changing bool // the function may return another password later
}

// NewCredential returns the credential of an account, given as DOMAIN\user or as a
// user principal name (user@example.com). Neither argument may be empty.
func NewCredential(username, password string) (Credential, error) {
	if password == "" {
		return Credential{}, errors.New("auth: authentication.password is empty")
	}
	c, err := NewCredentialFunc(username, func(context.Context) (string, error) { return password, nil })
	c.changing = false
	return c, err
}

// NewCredentialFunc is like [NewCredential] for a password that is fetched when
// needed: by Basic for each request, by NTLM for each connection, and by both after a
// refusal. So the password can be changed while the program runs: a different one is tried
// once, and the old one is used as long as it works. If the server requires the new password
// before the source returns it, requests wait for it for up to 10 seconds.
// Requests that are in flight when the server changes are refused and sent again.
// The function must be safe for concurrent use, and should return quickly.
func NewCredentialFunc(username string, password func(context.Context) (string, error)) (Credential, error) {
	if password == nil {
		return Credential{}, errors.New("auth: the function that returns authentication.password is nil")
	}
	if strings.TrimSpace(username) == "" {
		return Credential{}, errors.New("auth: authentication.username is empty; give DOMAIN\\user or user@example.com")
	}
	if strings.ContainsFunc(username, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return Credential{}, errors.New("auth: authentication.username contains a control character")
	}
	if domain, user, ok := strings.Cut(username, `\`); ok && (domain == "" || user == "") {
		return Credential{}, errors.New("auth: authentication.username has an empty domain or user; give DOMAIN\\user or user@example.com")
	}
	return Credential{username: username, password: password, changing: true}, nil
}

// reveal returns the password.
func (c Credential) reveal(ctx context.Context) (string, error) {
	password, err := c.password(ctx)
	if err == nil && password == "" {
		err = errors.New("authentication.password is empty")
	}
	return password, err
}

func (c Credential) isZero() bool { return c.password == nil }

// Username returns the name of the account as it was given.
func (c Credential) Username() string { return c.username }

// String returns "[redacted]".
func (c Credential) String() string { return redacted }

// GoString returns "[redacted]".
func (c Credential) GoString() string { return redacted }

// Format writes "[redacted]" for every verb.
func (c Credential) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// LogValue returns "[redacted]".
func (c Credential) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns "[redacted]", also for JSON.
func (c Credential) MarshalText() ([]byte, error) { return []byte(redacted), nil }
