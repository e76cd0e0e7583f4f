package exchange_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// The environment is that of the process, so this test runs by itself.
func TestOpenFile(t *testing.T) {
	t.Setenv(exchange.EnvPassword, "svc-password")
	write := func(text string) string {
		path := filepath.Join(t.TempDir(), "exchange.json")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.Mailbox(alice).Deliver(eml(evil, "Invoice"))
	good := write(`{"ewsUrl": "https://mail.example.test/EWS/Exchange.asmx", "quarantineMailbox": "` + vault + `",
		"authentication": {"type": "basic", "username": "svc@example.test"}}`)
	q, err := exchange.OpenFile(good, &exchange.Options{Transport: srv.Direct()})
	require.NoError(t, err)
	defer func() { require.NoError(t, q.Close()) }()
	assert.Empty(t, srv.Requests(), "opening contacts no server")
	r, err := q.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: evil})
	require.NoError(t, err)
	require.NoError(t, r.Err())
	assert.Equal(t, quarantine.Quarantined, r.Outcome())

	for name, tc := range map[string]struct{ text, want string }{
		"not JSON":   {`{`, "it ends too early"},
		"array":      {`[{}]`, "LoadConfigs"},
		"bad":        {`{"ewsUrl": "mail"}`, "quarantineMailbox is empty"},
		"turned off": {`{"enabled": false, "ewsUrl": "https://a.test/EWS/Exchange.asmx", "quarantineMailbox": "v@a.test", "authentication": {"type": "basic", "username": "svc@a.test"}}`, "enabled is false"},
	} {
		_, err := exchange.OpenFile(write(tc.text), nil)
		require.ErrorIs(t, err, quarantine.ErrInvalid, name)
		assert.ErrorContains(t, err, tc.want, name)
	}
	_, err = exchange.OpenFile(filepath.Join(t.TempDir(), "none.json"), nil)
	assert.ErrorIs(t, err, os.ErrNotExist)
}
