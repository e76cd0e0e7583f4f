package main

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/counters"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.env[envToken] = "of-the-test"
	i := l.start(t)
	assert.NotContains(t, i.page(t, "/metrics"), `outcome="quarantined"`)
	i.post(t, "a1", alice)
	i.done(t, "a1", actionQuarantine)

	page := i.page(t, "/metrics")
	assert.Contains(t, page, `ewsquarantine_messages_total{action="quarantine",outcome="quarantined"} 1`)
	assert.NotContains(t, page, "@", "no mailbox and no message")
	var vars struct {
		Memstats   struct{ Alloc int64 }
		Quarantine counters.Values
	}
	require.NoError(t, json.Unmarshal([]byte(i.page(t, "/debug/vars")), &vars))
	assert.EqualValues(t, 1, vars.Quarantine.Messages[quarantine.ItemQuarantine][quarantine.Quarantined])
	assert.Positive(t, vars.Memstats.Alloc)

	i.token = ""
	for _, path := range []string{"/metrics", "/debug/vars"} {
		assert.Equal(t, http.StatusUnauthorized, i.call(t, http.MethodGet, path, "").Status, path)
	}
}

// page returns a page that is not about an alert.
func (i *instance) page(t *testing.T, path string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, i.url+path, nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+i.token)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, "%s", text)
	return string(text)
}
