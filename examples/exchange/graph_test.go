package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestGraph(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-api", "graph"}, {"-api", "graph", "-tls"}} {
		r := start(t, args...)
		assert.NotEqual(t, r.ready.URL, r.ready.EWSURL)
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: x509.NewCertPool()}}
		if r.ready.CAFile != "" {
			pem, err := os.ReadFile(r.ready.CAFile)
			require.NoError(t, err)
			assert.True(t, transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem))
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.ready.URL+"/v1.0/users/alice@example.test/mailFolders/inbox", nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+r.ready.Token)
		res, err := transport.RoundTrip(req)
		require.NoError(t, err)
		b, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		var folder struct{ DisplayName string }
		require.NoError(t, json.Unmarshal(b, &folder), string(b))
		assert.Equal(t, "Inbox", folder.DisplayName)

		soap, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.ready.EWSURL, nil)
		require.NoError(t, err)
		soap.SetBasicAuth("alice@example.test", "alice-password")
		page, err := transport.RoundTrip(soap)
		require.NoError(t, err)
		require.NoError(t, page.Body.Close())
		assert.Equal(t, http.StatusOK, page.StatusCode, "EWS is there as well")
		transport.CloseIdleConnections()
		assert.Zero(t, r.stop())
	}
}

func TestGraphUsage(t *testing.T) {
	t.Parallel()
	_, err := parse([]string{"-api", "imap"}, io.Discard)
	assert.ErrorIs(t, err, errUsage)
	_, err = parse([]string{"-client", "lab"}, io.Discard)
	assert.ErrorIs(t, err, errUsage)
	s, err := parse([]string{"-api", "graph", "-client", "lab"}, io.Discard)
	require.NoError(t, err)
	assert.True(t, s.tls)
}
