package exchange_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// However many clients a program makes, a wrong password is tried only once: more could
// lock the account.
func TestConnectionTriesARefusedPasswordOnce(t *testing.T) {
	t.Parallel()
	var tries atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			tries.Add(1)
		}
		w.Header().Set("WWW-Authenticate", "Basic")
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer srv.Close()
	conn, err := exchange.Connect(&exchange.Config{
		EWSURL: srv.URL + "/EWS/Exchange.asmx", QuarantineMailbox: "quarantine@example.test", AllowPlainHTTP: true,
		Authentication: exchange.Authentication{Type: exchange.AuthenticationBasic, Username: `EX\svc`, Password: exchange.NewSecret("wrong")},
	}, nil)
	require.NoError(t, err)
	defer conn.Close()
	for range 5 {
		client, err := conn.Client(nil)
		require.NoError(t, err)
		_, err = client.GetFolder(t.Context(), ews.GetFolderRequest{Folders: []ews.FolderRef{ews.DistinguishedFolder{Name: ews.FolderInbox}}})
		require.ErrorIs(t, err, ews.ErrUnauthorized)
	}
	assert.EqualValues(t, 1, tries.Load())
}
