package auth_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/internal/azuread"
)

// The token endpoint says when to ask again, in seconds or as a date.
func TestTokenRetryAfter(t *testing.T) {
	t.Parallel()
	two, err := twoCertificates()
	require.NoError(t, err)
	key, err := rsaKey()
	require.NoError(t, err)
	for value, want := range map[string]time.Duration{
		"120": 2 * time.Minute, "86400": 5 * time.Minute, "999999999999999": 5 * time.Minute, "99999999999999999999999": 5 * time.Minute, "-5": 5 * time.Second, "-9223372037": 5 * time.Second, "soon": 5 * time.Second, "": 5 * time.Second,
		"Sat, 01 Jan 2000 00:02:00 GMT": 2 * time.Minute, "Saturday, 01-Jan-00 00:03:00 GMT": 3 * time.Minute, "Fri, 31 Dec 1999 00:00:00 GMT": 5 * time.Second,
	} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				authority, err := azuread.New(azuread.Options{TenantID: tenantID, Key: key, BeforeToken: func(w http.ResponseWriter, _ *http.Request) bool {
					asked++
					w.Header().Set("Retry-After", value)
					w.WriteHeader(http.StatusServiceUnavailable)
					return true
				}})
				require.NoError(t, err)
				rt, err := auth.AzureAD("https://mail.example.test/", &auth.AzureADOptions{
					ApplicationID: applicationID, TenantID: tenantID, AuthenticationEndpoint: "https://login.example.test", Certificate: two[0],
					Transport: &fakeTransport{}, TokenTransport: inProcess{authority},
				})
				require.NoError(t, err)
				ask := func() int {
					_, err := rt.RoundTrip(post(t, "https://mail.example.test/", "x"))
					require.Error(t, err)
					return asked
				}
				first := ask()
				time.Sleep(want - time.Second - time.Nanosecond)
				assert.Equal(t, first, ask())
				time.Sleep(time.Second + 2*time.Nanosecond)
				assert.Greater(t, ask(), first)
			})
		})
	}
}
