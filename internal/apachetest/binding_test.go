//go:build apache

package apachetest

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
)

// channelBindings is the id of the AV pair MsvAvChannelBindings.
const channelBindings = 0x000A

// TestChannelBinding has gss-ntlmssp verify the channel bindings, and compares the bytes
// sent with those that python3-ntlm-auth computes.
func TestChannelBinding(t *testing.T) {
	backend := startExchange(t)
	wrapper := buildWrapper(t)
	table := tabwriter.NewWriter(t.Output(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "bindings are\tcertificate\tright\tnone\twrong\tnone, by the proxy\trequests_ntlm")
	for _, c := range []struct {
		algorithm x509.SignatureAlgorithm
		require   bool
		hash      []string // set if requests_ntlm does not know it and therefore binds nothing
	}{
		{x509.SHA256WithRSA, true, nil},
		{x509.ECDSAWithSHA384, true, nil},
		{x509.SHA512WithRSA, true, nil},
		{x509.SHA384WithRSAPSS, true, []string{"sha384"}},
		{x509.SHA256WithRSA, false, nil},
	} {
		mode := map[bool]string{true: "required", false: "accepted"}[c.require]
		t.Run(mode+" "+c.algorithm.String(), func(t *testing.T) {
			cert := newCertificate(t, c.algorithm)
			data, _ := cert.bindings(t, c.hash...)
			env := []string{"LD_PRELOAD=" + wrapper, "GSSBIND_DATA=" + data}
			if c.require {
				env = append(env, "GSSBIND_REQUIRE=1")
			}
			a := startApache(t, apacheOptions{backend: backend, certificate: cert, env: env})

			// Another certificate in between makes the binding wrong.
			end := newCertificate(t, c.algorithm)
			proxy := startProxy(t, a.addr, cert, end)
			_, want := end.bindings(t, c.hash...)

			without := func(o *auth.NTLMOptions) { o.DisableChannelBinding = true }
			right := signIn(t, a.url, cert, nil)
			none := signIn(t, a.url, cert, without)
			wrong := signIn(t, proxy.url, end, nil)
			assert.Equal(t, want, proxy.binding(t), "the bytes of python3-ntlm-auth")
			noneByProxy := signIn(t, proxy.url, end, without)
			assert.Empty(t, strings.Trim(proxy.binding(t), "0"), "no binding, or one of zeros")
			other := askRequestsNTLM(t, a)

			assert.Equal(t, http.StatusOK, right.status)
			if c.hash == nil {
				assert.Equal(t, "200 "+alice.remoteUser(), other, "another client passes, too")
			}
			assert.Equal(t, http.StatusUnauthorized, wrong.status, "a wrong binding is refused in any case")
			assert.Contains(t, wrong.message, "DisableChannelBinding")
			assert.Contains(t, wrong.message, "end TLS")
			passes := map[bool]int{true: http.StatusUnauthorized, false: http.StatusOK}[c.require]
			assert.Equal(t, passes, none.status)
			assert.Equal(t, passes, noneByProxy.status)
			if c.require {
				assert.Contains(t, none.message, "Extended Protection")
			}
			fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%d\t%s\n", mode, c.algorithm, right.status, none.status, wrong.status, noneByProxy.status, other)
		})
	}
	require.NoError(t, table.Flush())
}

// TestWrongPasswordIsTriedOnce checks that a wrong password is not repeated,
// because some refusals lock an account.
func TestWrongPasswordIsTriedOnce(t *testing.T) {
	cert := newCertificate(t, x509.SHA256WithRSA)
	a := startApache(t, apacheOptions{backend: startExchange(t), certificate: cert})
	stranger := account{alice.name, "wrong-password", alice.mailbox}
	rt := ntlm(t, a.url, stranger, cert.pem, nil)
	c := client(t, a.url, rt)
	for range 5 {
		_, err := subjects(t, c)
		refusal, ok := errors.AsType[*auth.AuthError](err)
		require.True(t, ok, "%v", err)
		assert.True(t, refusal.Refused)
		assert.Contains(t, refusal.Message, "authentication.password")
		assert.NotContains(t, err.Error(), stranger.password)
	}
	assert.EqualValues(t, 1, rt.Stats().Handshakes)
	assert.Equal(t, http.StatusOK, signIn(t, a.url, cert, nil).status, "the right password passes")
	seen := a.traffic(t)
	assert.Equal(t, 2+2, seen.requests, "the two messages of one handshake each")
	assert.Equal(t, 3, seen.refusals)
	assert.Equal(t, 1+1, seen.connections)
}

// answer is the outcome of one call.
type answer struct {
	status  int
	message string
}

// signIn makes one call as alice over a new transport.
func signIn(t *testing.T, url string, trusted certificate, change func(*auth.NTLMOptions)) answer {
	t.Helper()
	rt := ntlm(t, url, alice, trusted.pem, change)
	got, err := subjects(t, client(t, url, rt))
	if err == nil {
		assert.Equal(t, []string{alice.mailbox}, got)
		return answer{status: http.StatusOK}
	}
	refusal, ok := errors.AsType[*auth.AuthError](err)
	require.True(t, ok, "%T %v", err, err)
	require.True(t, refusal.Refused, "%v", err)
	assert.EqualValues(t, 1, rt.Stats().Handshakes, "no second try")
	return answer{status: http.StatusUnauthorized, message: refusal.Message}
}

// buildWrapper compiles testdata/gssbind.c.
func buildWrapper(t *testing.T) string {
	t.Helper()
	file := filepath.Join(openDir(t), "gssbind.so")
	out, err := exec.Command("gcc", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o", file,
		"testdata/gssbind.c", "-lgssapi_krb5").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return file
}

// askRequestsNTLM makes a request with another client, requests_ntlm.
func askRequestsNTLM(t *testing.T, a *apache) string {
	t.Helper()
	cmd := exec.Command(python, "testdata/ask.py", a.url, filepath.Join(a.dir, "server.pem"), alice.name)
	cmd.Stdin, cmd.Stderr = strings.NewReader(alice.password), t.Output()
	out, err := cmd.Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}
