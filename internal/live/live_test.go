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
	if err != nil {
		t.Fatal(err) // one per line, and nothing else around it
	}
	t.Logf("\n%s", settings.Summary())
	for lab, err := range settings.Labs(t.Context(), nil) {
		if err != nil {
			t.Error(err)
			continue
		}
		t.Run(string(lab.Report.Access), func(t *testing.T) {
			t.Cleanup(func() {
				assert.NoError(t, lab.Close(t.Context()), "not everything was removed")
				t.Logf("\n%s", lab.Report)
				save(t, settings.ReportFile, lab.Report)
			})
			for _, p := range live.Probes() {
				t.Run(p.Name, func(t *testing.T) { assert.NoError(t, p.Run(t.Context(), lab)) })
			}
		})
	}
}

// save appends a report to a file.
func save(t *testing.T, name string, r *live.Report) {
	if name == "" {
		return
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	assert.NoError(t, r.WriteTable(f))
	assert.NoError(t, f.Close())
}
