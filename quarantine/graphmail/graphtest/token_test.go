package graphtest_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// A token shows what its application may do, and answers show the time of the server.
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

// An application with a certificate gets a token at the token endpoint, with its
// permissions only.
func TestTokenEndpoint(t *testing.T) {
	t.Parallel()
	const id = "00001111-aaaa-2222-bbbb-3333cccc4444"
	cert, err := auth.NewCertificate(&auth.CertificateOptions{Subject: "CN=graph"})
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(cert.CER())
	require.NoError(t, err)
	c := newCaller(t, &graphtest.Options{TLS: true, Applications: []graphtest.Application{
		{ID: id, Certificates: []*x509.Certificate{parsed}, Roles: []string{"Mail.Read"}},
	}})
	signed, err := auth.AzureAD(c.srv.URL(), &auth.AzureADOptions{
		ApplicationID: id, TenantID: "5a1e0f3c-7d3b-4c42-9f64-0c2ad2b10001", Certificate: cert,
		AuthenticationEndpoint: c.srv.AuthorityURL(), Transport: c.srv.Transport(),
	})
	require.NoError(t, err)
	c.rt, c.url = signed, c.srv.URL()
	c.deliver("one")
	found := c.one(alice, "one")
	_, _ = c.try("PATCH", user(alice)+"/messages/"+found, read) // this client is an EWS client, and turns the answer into an error of its own
	seen := c.srv.Requests()
	assert.Equal(t, id, seen[0].App)
	assert.Equal(t, []any{403, "ErrorAccessDenied"}, []any{seen[1].Status, seen[1].Code})
}
