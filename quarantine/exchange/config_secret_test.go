package exchange_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

func TestConfigNeverShowsSecrets(t *testing.T) {
	t.Parallel()
	c, err := exchange.ParseConfig(strings.NewReader(everySetting))
	require.NoError(t, err)
	c.Authentication.PasswordFunc = func(context.Context) (string, error) { return configPassword, nil }
	var out bytes.Buffer
	asJSON := slog.New(slog.NewJSONHandler(&out, nil))
	asText := slog.New(slog.NewTextHandler(&out, nil))
	for _, v := range []any{
		c, *c, c.Authentication, c.Authentication.Password, &c.Authentication.Password, c.ProxyURL, &c.ProxyURL,
		struct{ c exchange.Config }{*c}, struct{ s exchange.Secret }{c.Authentication.Password},
		struct{ p exchange.ProxyURL }{c.ProxyURL}, []any{*c}, map[string]any{"k": c.Authentication.Password}, c.WithDefaults(),
	} {
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&out, format, v)
		}
		asJSON.Info("x", "v", v)
		asText.Info("x", "v", v)
		if b, err := json.Marshal(v); err == nil {
			out.Write(b)
		}
	}
	for _, shown := range []string{configPassword, fmt.Sprintf("%x", configPassword), fmt.Sprintf("%X", configPassword), "u:"} {
		assert.NotContains(t, out.String(), shown)
	}
	assert.Contains(t, out.String(), "[redacted]")
	assert.Contains(t, out.String(), "http://proxy.example.test:3128")
}

func TestSecret(t *testing.T) {
	t.Parallel()
	s := exchange.NewSecret("x")
	assert.Equal(t, "x", s.Reveal())
	assert.Equal(t, "[redacted]", s.String())
	assert.False(t, s.IsZero())
	var none exchange.Secret
	assert.Empty(t, none.Reveal())
	assert.Empty(t, none.String())
	assert.True(t, none.IsZero())
	assert.True(t, exchange.NewSecret("").IsZero())
	require.NoError(t, json.Unmarshal([]byte(`"a\u00e4"`), &s))
	assert.Equal(t, "aä", s.Reveal())
	require.NoError(t, json.Unmarshal([]byte(`null`), &s))
	err := json.Unmarshal([]byte(`31415926`), &s)
	require.ErrorContains(t, err, "must be a JSON string")
	assert.NotContains(t, err.Error(), "31415926")
}

func TestProxyURL(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                           "",
		"http://proxy:3128":          "http://proxy:3128",
		"http://u:p@proxy:3128/":     "http://proxy:3128/",
		"socks5://u@proxy":           "socks5://proxy",
		"http://u:p@proxy:port":      "[redacted]",
		"u:p@proxy":                  "[redacted]",
		"p@ssword with spaces":       "[redacted]",
		"http://proxy:3128/?token=p": "http://proxy:3128/",
	} {
		p := exchange.NewProxyURL(in)
		assert.Equal(t, in, p.Reveal())
		assert.Equal(t, want, p.String(), in)
	}
}

func TestConfigSecretsFromEnv(t *testing.T) {
	t.Parallel()
	env := map[string]string{
		"EWSQ_PASSWORD":                "general",
		"EWSQ_PASSWORD_HEAD_OFFICE_2_": "own",
		"EWSQ_PASSWORD_EMPTY":          "",
		"EWSQ_PFX_PASSWORD":            "general key",
		"EWSQ_PFX_PASSWORD_M_NCHEN":    "own key",
		"EWSQ_STAMP_KEY":               "stamp",
		"EWSQ_STAMP_KEY_CLOUD":         "stamp of cloud",
	}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	ntlm := func(name, password string) exchange.Config {
		c := validConfig()
		c.Name, c.Authentication.Password = name, exchange.NewSecret(password)
		return c
	}
	online := func(name string) exchange.Config {
		c := onlineConfig()
		c.Name, c.Authentication.PrivateKeyPassword = name, exchange.Secret{}
		return c
	}
	for name, tc := range map[string]struct {
		config        exchange.Config
		password, key string
	}{
		"general":              {ntlm("", ""), "general", ""},
		"own":                  {ntlm("Head office (2)", ""), "general", ""},
		"own, spelt so":        {ntlm("Head-Office 2!", ""), "own", ""},
		"own is empty":         {ntlm("empty", ""), "general", ""},
		"file goes before":     {ntlm("", "from file"), "from file", ""},
		"key":                  {online(""), "", "general key"},
		"key of its own":       {online("münchen"), "", "own key"},
		"nothing without type": {exchange.Config{}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := tc.config
			c.SecretsFromEnv(lookup)
			assert.Equal(t, tc.password, c.Authentication.Password.Reveal())
			assert.Equal(t, tc.key, c.Authentication.PrivateKeyPassword.Reveal())
			assert.Equal(t, "stamp", c.StampKey.Reveal())
		})
	}
	for want, c := range map[string]exchange.Config{
		"stamp of cloud": {Name: "Cloud"}, "from file": {StampKey: exchange.NewSecret("from file")}, "": {StampKeyFile: "stamp.keys"},
	} {
		c.SecretsFromEnv(lookup)
		assert.Equal(t, want, c.StampKey.Reveal())
	}
	c := ntlm("", "")
	c.Authentication.PasswordFunc = func(context.Context) (string, error) { return "", nil }
	c.SecretsFromEnv(lookup)
	assert.True(t, c.Authentication.Password.IsZero(), "a function is the only source")
}

func TestConfigSecretsFromProcessEnv(t *testing.T) {
	t.Setenv("EWSQ_PASSWORD", "from the environment")
	c := validConfig()
	c.Authentication.Password = exchange.Secret{}
	c.SecretsFromEnv(nil)
	assert.Equal(t, "from the environment", c.Authentication.Password.Reveal())
}
