package auth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
)

const password = "s3cret-Pa55"

func credential(t testing.TB, username string) auth.Credential {
	t.Helper()
	cred, err := auth.NewCredential(username, password)
	require.NoError(t, err)
	return cred
}

func TestNewCredential(t *testing.T) {
	t.Parallel()
	for _, name := range []string{`EXAMPLE\svc`, "svc@example.test", "svc", "Jürgen Müller@example.test"} {
		cred, err := auth.NewCredential(name, password)
		require.NoError(t, err, name)
		assert.Equal(t, name, cred.Username())
	}
	for name, tc := range map[string]struct{ user, password, want string }{
		"no user":      {"", password, "authentication.username is empty"},
		"blank user":   {" \t", password, "authentication.username is empty"},
		"no password":  {"svc", "", "authentication.password is empty"},
		"no domain":    {`\svc`, password, "empty domain or user"},
		"only domain":  {`EXAMPLE\`, password, "empty domain or user"},
		"control char": {"svc\r\nX: y", password, "control character"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := auth.NewCredential(tc.user, tc.password)
			require.ErrorContains(t, err, tc.want)
			assert.NotContains(t, err.Error(), password)
		})
	}
	_, err := auth.NewCredentialFunc("svc", nil)
	require.ErrorContains(t, err, "authentication.password")
}

func TestCredentialIsNeverShown(t *testing.T) {
	t.Parallel()
	cred := credential(t, `EXAMPLE\svc`)
	rt, err := auth.Basic("https://mail.example.test/", cred, nil)
	require.NoError(t, err)
	var out bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&out, nil))
	text := slog.New(slog.NewTextHandler(&out, nil))
	for _, v := range []any{cred, &cred, struct{ C auth.Credential }{cred}, struct{ c auth.Credential }{cred}, []any{cred}, rt} {
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, format, v)
		}
		logger.Info("x", "v", v)
		text.Info("x", "v", v)
	}
	b, err := json.Marshal(map[string]any{"c": cred})
	require.NoError(t, err)
	assert.JSONEq(t, `{"c":"[redacted]"}`, string(b))
	assert.NotContains(t, out.String(), password)
	assert.NotContains(t, out.String(), fmt.Sprintf("%x", password))
	assert.Equal(t, "[redacted]", fmt.Sprintf("%#v", cred))
	assert.Equal(t, "[redacted]", cred.String()+"")
	assert.Equal(t, "[redacted]", cred.GoString())
}

func TestCredentialFuncIsAskedEachTime(t *testing.T) {
	t.Parallel()
	n := 0
	cred, err := auth.NewCredentialFunc("svc", func(context.Context) (string, error) {
		n++
		return fmt.Sprint("password", n), nil
	})
	require.NoError(t, err)
	fake := &fakeTransport{}
	rt, err := auth.Basic("https://mail.example.test/", cred, &auth.BasicOptions{Transport: fake})
	require.NoError(t, err)
	for _, want := range []string{"password1", "password2"} {
		_, err := rt.RoundTrip(post(t, "https://mail.example.test/x", "body"))
		require.NoError(t, err)
		_, got, _ := fake.last().BasicAuth()
		assert.Equal(t, want, got)
	}
}
