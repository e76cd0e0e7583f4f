package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestServesAutodiscover asks the server for the URL in its first line, and for the description
// next to it.
func TestServesAutodiscover(t *testing.T) {
	t.Parallel()
	r := start(t)
	root := strings.TrimSuffix(r.ready.URL, "/EWS/Exchange.asmx")
	for path, want := range map[string]string{
		"/autodiscover/autodiscover.json?Email=alice@example.test&Protocol=EWS": r.ready.URL,
		"/autodiscover/autodiscover.xml":                                        "<ErrorCode>600</ErrorCode>",
		"/autodiscover/autodiscover.svc":                                        "Autodiscover",
		"/EWS/Exchange.asmx":                                                    "Services.wsdl",
		"/EWS/Services.wsdl":                                                    r.ready.URL,
		"/EWS/messages.xsd":                                                     "GetFolder",
		"/EWS/types.xsd":                                                        "ItemIdType",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, root+path, nil)
		require.NoError(t, err)
		req.SetBasicAuth("alice@example.test", "alice-password")
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, http.StatusOK, res.StatusCode, path)
		assert.Contains(t, string(body), want, path)
	}
}
