package ewstest_test

import (
	"crypto/x509"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// send posts an operation over a transport that does the signing in.
func send(t *testing.T, rt http.RoundTripper, url, header, operation string) (int, string) {
	t.Helper()
	body := `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Header><t:RequestServerVersion Version="Exchange2013_SP1"/>` + header + `</s:Header><s:Body>` + operation + `</s:Body></s:Envelope>`
	req := posted(t.Context(), t, url, strings.NewReader(body))
	res, err := rt.RoundTrip(req)
	require.NoError(t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(b)
}

func inboxXML(mailbox string) string {
	return `<m:GetFolder><m:FolderShape>` + idOnly + `</m:FolderShape><m:FolderIds>` + folderOf("inbox", mailbox) + `</m:FolderIds></m:GetFolder>`
}

func TestNTLM(t *testing.T) {
	t.Parallel()
	for _, user := range []string{`EXAMPLE\alice`, "alice@example.test"} {
		srv := ewstest.NewServer(&ewstest.Options{
			TLS: true, Authentication: []ewstest.Scheme{ewstest.Negotiate, ewstest.NTLM}, ExtendedProtection: ewstest.ProtectionRequire,
		})
		t.Cleanup(srv.Close)
		base, ok := srv.Transport().(*http.Transport)
		require.True(t, ok)
		cred, err := auth.NewCredential(user, "alice-password")
		require.NoError(t, err)
		rt, err := auth.NTLM(srv.URL(), cred, &auth.NTLMOptions{Transport: base})
		require.NoError(t, err)
		t.Cleanup(rt.CloseIdleConnections)
		status, answer := send(t, rt, srv.URL(), "", inboxXML(""))
		assert.Equal(t, 200, status)
		assert.Equal(t, []string{"NoError"}, codes(answer))
		assert.Equal(t, "alice@example.test", srv.Requests()[0].User)

		req := posted(t.Context(), t, srv.URL(), strings.NewReader("x"))
		req.SetBasicAuth("alice", "alice-password")
		res, err := base.RoundTrip(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, 401, res.StatusCode, "Basic is not offered")
		assert.Equal(t, []string{"Negotiate", "NTLM"}, res.Header.Values("WWW-Authenticate"))
	}
}

func TestBearer(t *testing.T) {
	t.Parallel()
	cert, err := auth.NewCertificate(nil)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(cert.CER())
	require.NoError(t, err)
	const id, tenant = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "11111111-2222-3333-4444-555555555555"
	srv := ewstest.NewServer(&ewstest.Options{
		Version: ewstest.ExchangeOnline, TLS: true, Authentication: []ewstest.Scheme{ewstest.Bearer},
		Azure: &ewstest.Azure{TenantID: tenant, Applications: []ewstest.Application{{ID: id, Certificates: []*x509.Certificate{leaf}}}},
	})
	t.Cleanup(srv.Close)
	rt, err := auth.AzureAD(srv.URL(), &auth.AzureADOptions{
		ApplicationID: id, TenantID: tenant, Certificate: cert, AuthenticationEndpoint: srv.AuthorityURL(), Transport: srv.Transport(),
	})
	require.NoError(t, err)
	as := `<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>alice@example.test</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>`
	status, answer := send(t, rt, srv.URL(), as, inboxXML(""))
	assert.Equal(t, 200, status)
	assert.Equal(t, []string{"NoError"}, codes(answer))
	status, answer = send(t, rt, srv.URL(), "", inboxXML(alice))
	assert.Equal(t, 500, status)
	assert.Equal(t, []string{"ErrorInvalidExchangeImpersonationHeaderData"}, codes(answer), "an application must impersonate")

	req := posted(t.Context(), t, srv.URL(), strings.NewReader("x"))
	req.Header.Set("Authorization", "Bearer forged")
	res, err := srv.Transport().RoundTrip(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, 401, res.StatusCode)
	assert.Contains(t, res.Header.Get("x-ms-diagnostics"), "2000001")
	assert.Contains(t, res.Header.Get("WWW-Authenticate"), "Bearer")
}

func TestMistakesInAuthenticationPanic(t *testing.T) {
	t.Parallel()
	assert.Panics(t, func() { ewstest.NewServer(&ewstest.Options{Authentication: []ewstest.Scheme{"Kerberos"}}) })
	assert.Panics(t, func() { ewstest.NewServer(&ewstest.Options{Authentication: []ewstest.Scheme{ewstest.Bearer}}) })
}
