package exchange

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
)

const redacted = "[redacted]"

// Secret is a password or a key. It is not shown when it, or a value that contains
// it, is printed, logged or marshalled. The zero value means no secret.
type Secret struct {
	// A function, since fmt would print an unexported string of a struct that
	// contains it.
	value func() string
}

// NewSecret returns a secret. For an empty string it is the zero value.
func NewSecret(s string) Secret {
	if s == "" {
		return Secret{}
	}
	return Secret{value: func() string { return s }}
}

// Reveal returns the password in plain text.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return s.value()
}

// IsZero reports whether no password is set.
func (s Secret) IsZero() bool { return s.value == nil }

// String returns "[redacted]", or "" for the zero value.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return redacted
}

// GoString returns "[redacted]".
func (s Secret) GoString() string { return redacted }

// Format writes the same as String, for every verb.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// LogValue returns the same as String.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON writes an empty string. A placeholder would be read back as the
// password, and a wrong password locks the account.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`""`), nil }

// UnmarshalJSON reads a string. The error does not quote it.
func (s *Secret) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return errors.New("a secret must be a JSON string")
	}
	*s = NewSecret(text)
	return nil
}

// ProxyURL is the URL of a proxy, which may contain a user name and password.
// Neither is shown when it is printed, logged or marshalled. The zero value
// means no URL.
type ProxyURL struct{ text Secret }

// NewProxyURL returns a proxy URL. It does not check it; [Config.Validate] does.
func NewProxyURL(s string) ProxyURL { return ProxyURL{text: NewSecret(s)} }

// Reveal returns the whole URL, including user name and password.
func (p ProxyURL) Reveal() string { return p.text.Reveal() }

// IsZero reports whether no URL is set.
func (p ProxyURL) IsZero() bool { return p.text.IsZero() }

// String returns scheme, host and path, without user name and password, or
// "[redacted]" for something that is not a URL.
func (p ProxyURL) String() string {
	if p.IsZero() {
		return ""
	}
	u, err := url.Parse(p.Reveal())
	if err != nil || u.Host == "" {
		return redacted
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// GoString returns the same as String.
func (p ProxyURL) GoString() string { return p.String() }

// Format writes the same as String, for every verb.
func (p ProxyURL) Format(f fmt.State, _ rune) { fmt.Fprint(f, p.String()) }

// LogValue returns the same as String.
func (p ProxyURL) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalJSON writes the same as String.
func (p ProxyURL) MarshalJSON() ([]byte, error) { return json.Marshal(p.String()) }

// UnmarshalJSON reads a string. The error does not quote it.
func (p *ProxyURL) UnmarshalJSON(b []byte) error { return p.text.UnmarshalJSON(b) }

// Environment variables that [Config.SecretsFromEnv] reads.
const (
	EnvPassword           = "EWSQ_PASSWORD"
	EnvPrivateKeyPassword = "EWSQ_PFX_PASSWORD"
	EnvStampKey           = "EWSQ_STAMP_KEY"
	EnvClientPassword     = "EWSQ_CLIENT_CERTIFICATE_PASSWORD"
)

// SecretsFromEnv fills in the secrets that the configuration leaves empty:
//
//   - Password from EWSQ_PASSWORD, with NTLM or Basic, unless PasswordFile or
//     PasswordFunc is set
//   - PrivateKeyPassword from EWSQ_PFX_PASSWORD, with Azure AD
//   - StampKey from EWSQ_STAMP_KEY, unless StampKeyFile is set
//   - ClientCertificatePassword from EWSQ_CLIENT_CERTIFICATE_PASSWORD, if
//     ClientCertificateFile is set
//
// If there are several configurations, each can have its own variable: append
// "_" and [Config].Name in upper case, with "_" for everything but A to Z and 0
// to 9 (EWSQ_PASSWORD_HEAD_OFFICE). It takes precedence over the general one.
//
// lookup reads a variable; nil means [os.LookupEnv]. An empty variable counts as
// not set.
func (c *Config) SecretsFromEnv(lookup func(string) (string, bool)) {
	if lookup == nil {
		lookup = os.LookupEnv
	}
	a := &c.Authentication
	switch a.Type {
	case AuthenticationNTLM, AuthenticationBasic:
		if a.PasswordFunc == nil && a.PasswordFile == "" {
			c.secretFromEnv(&a.Password, EnvPassword, lookup)
		}
	case AuthenticationAzureAD:
		c.secretFromEnv(&a.PrivateKeyPassword, EnvPrivateKeyPassword, lookup)
	}
	if c.ClientCertificateFile != "" {
		c.secretFromEnv(&c.ClientCertificatePassword, EnvClientPassword, lookup)
	}
	if c.StampKeyFile == "" {
		c.secretFromEnv(&c.StampKey, EnvStampKey, lookup)
	}
}

func (c *Config) secretFromEnv(s *Secret, variable string, lookup func(string) (string, bool)) {
	if !s.IsZero() {
		return
	}
	if c.Name != "" {
		if v, ok := lookup(variable + "_" + envName(c.Name)); ok && v != "" {
			*s = NewSecret(v)
			return
		}
	}
	if v, ok := lookup(variable); ok {
		*s = NewSecret(v)
	}
}

// envNames names the variables that a secret of the configuration can come from.
func (c *Config) envNames(variable string) string {
	if c.Name == "" {
		return variable
	}
	return variable + "_" + envName(c.Name) + ", or " + variable + " for all configurations"
}

func envName(name string) string {
	return strings.Map(func(r rune) rune {
		if (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return '_'
		}
		return r
	}, strings.ToUpper(name))
}
