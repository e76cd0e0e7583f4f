package auth_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
)

// Services other than EWS explain in a 403 what is missing, and in a 401 nothing.
func TestAzureADOtherService(t *testing.T) {
	t.Parallel()
	o := newOnline(t, nil)
	rt := o.client(t, func(opts *auth.AzureADOptions) { opts.OtherService = true })
	o.answer.Store(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte("what is missing"))
	}))
	status, text, err := o.ask(t, rt, "x")
	require.NoError(t, err)
	assert.Equal(t, http.StatusForbidden, status)
	assert.Equal(t, "what is missing", text)

	o.answer.Store(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if o.calls.Load() == 2 {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	status, _, err = o.ask(t, rt, "x")
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, status)
	assert.EqualValues(t, 3, o.calls.Load(), "with a new token")
}
