package selftest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/selftest"
)

// basicAs signs in as a program may do.
type basicAs struct {
	password string
	next     http.RoundTripper
}

// RoundTrip adds the password.
func (b basicAs) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.SetBasicAuth(`EXAMPLE\svc`, b.password)
	return b.next.RoundTrip(r)
}

// TestCheckExternal: a program that signs in itself checks with its own sign-in.
func TestCheckExternal(t *testing.T) {
	t.Parallel()
	for password, failed := range map[string][]string{"svc-password": nil, "wrong": {"authentication"}} {
		srv := ewstest.NewServer(nil)
		t.Cleanup(srv.Close)
		srv.Mailbox(alice)
		cfg := &exchange.Config{
			EWSURL: srv.URL(), QuarantineMailbox: "quarantine@example.test",
			Authentication: exchange.Authentication{Type: exchange.AuthenticationExternal},
		}
		wrapped := 0
		opts := &selftest.Options{
			SignIn: func(_ string, base http.RoundTripper) (http.RoundTripper, error) { return basicAs{password, base}, nil },
			WrapTransport: func(next http.RoundTripper) http.RoundTripper {
				wrapped++
				return next
			},
		}
		report, err := selftest.Check(t.Context(), cfg, opts)
		require.NoError(t, err)
		assert.Equal(t, failed, names(report, selftest.Failed), report)
		assert.Positive(t, wrapped)
		for _, r := range report.With(selftest.Failed) {
			assert.Contains(t, r.Remedy, "the program signs in itself")
			assert.NotContains(t, r.Remedy, "authentication.type is")
		}

		opts.SignIn = nil
		_, err = selftest.Check(t.Context(), cfg, opts)
		require.ErrorIs(t, err, quarantine.ErrInvalid)
		assert.ErrorContains(t, err, "SignIn")
	}
}
