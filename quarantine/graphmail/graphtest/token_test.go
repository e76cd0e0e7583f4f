package graphtest_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A token tells what its application may do, and answers tell the time of the server.
func TestTokenTells(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, nil)
		c.srv.Consent("app", "Mail.Read", "User.Read.All")
		parts := strings.Split(c.srv.Token("app"), ".")
		require.Len(t, parts, 3)
		b, err := base64.RawURLEncoding.DecodeString(parts[1])
		require.NoError(t, err)
		var claims object
		require.NoError(t, json.Unmarshal(b, &claims))
		assert.Equal(t, []any{[]any{"Mail.Read", "User.Read.All"}, "app", c.url}, []any{claims["roles"], claims["appid"], claims["aud"]})
		assert.InDelta(t, time.Now().Add(time.Hour).Unix(), claims["exp"], 0)
		got := c.want(200, "GET", user(alice)+"/messages", nil, "client-request-id", "mine")
		assert.Equal(t, []string{time.Now().UTC().Format(http.TimeFormat), "mine"}, []string{got.header.Get("Date"), got.header.Get("client-request-id")})
	})
}
