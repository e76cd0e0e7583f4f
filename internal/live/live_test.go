//go:build live

package live_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/live"
)

// TestLive runs everything against the server that the environment names.
func TestLive(t *testing.T) {
	settings, err := live.FromEnv(nil)
	require.NoError(t, err)
	for _, access := range settings.Access {
		t.Run(string(access), func(t *testing.T) {
			lab, err := live.Open(t.Context(), settings, access, nil)
			require.NoError(t, err)
			t.Cleanup(func() {
				assert.NoError(t, lab.Close(t.Context()), "not everything was removed")
				t.Logf("\n%s", lab.Report)
				save(t, lab.Report)
			})
			for _, p := range live.Probes() {
				t.Run(p.Name, func(t *testing.T) { assert.NoError(t, p.Run(t.Context(), lab)) })
			}
		})
	}
}

// save adds a report to the file that the environment names, if it names one.
func save(t *testing.T, r *live.Report) {
	name := os.Getenv(live.EnvReport)
	if name == "" {
		return
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	assert.NoError(t, r.WriteTable(f))
	assert.NoError(t, f.Close())
}
