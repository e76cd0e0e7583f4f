package selftest_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/selftest"
)

// TestCheckOfStampKeys: what Open would refuse fails here, the rest is still checked, and
// no key is shown.
func TestCheckOfStampKeys(t *testing.T) {
	t.Parallel()
	const key = "s3cret-s3cret-s3cret"
	for name, c := range map[string]struct {
		set    func(*testing.T, *exchange.Config)
		status selftest.Status
		seen   string
	}{
		"none":          {func(*testing.T, *exchange.Config) {}, selftest.Skipped, "neither stampKey nor stampKeyFile is set"},
		"configuration": {func(_ *testing.T, c *exchange.Config) { c.StampKey = exchange.NewSecret(key) }, selftest.OK, "one key from stampKey"},
		"file of one":   {keyFile(key + "\n"), selftest.OK, "one key from "},
		"file of two":   {keyFile(key + "\n" + key + "-2\n"), selftest.OK, "stamp.keys, the first of which seals"},
		"no file":       {func(_ *testing.T, c *exchange.Config) { c.StampKeyFile = "/nowhere/stamp.keys" }, selftest.Failed, "/nowhere/stamp.keys"},
		"a folder":      {func(t *testing.T, c *exchange.Config) { c.StampKeyFile = t.TempDir() }, selftest.Failed, "directory"},
		"empty":         {keyFile("\n"), selftest.Failed, "has no key"},
		"short":         {keyFile(key + "\ns3cret\n"), selftest.Failed, "a key in line 2 that is shorter than 16 characters"},
		"not text":      {keyFile(key + "\x00" + key), selftest.Failed, "a key in line 1 that contains"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newCheckScene(t, exchange.Impersonation)
			c.set(t, &s.cfg)
			report := s.check(t)
			for _, r := range report.Checks {
				if r.Name == selftest.CheckStampKeys {
					assert.Equal(t, c.status, r.Status)
					assert.Contains(t, r.Seen, c.seen)
					assert.Equal(t, c.status == selftest.Failed, r.Remedy != "")
				} else {
					assert.NotEqual(t, selftest.Failed, r.Status, "%s: %s", r.Name, r.Seen)
				}
			}
			assert.NotContains(t, report.String(), "s3cret")
			onlyDependents(t, report)
			s.untouched(t)
			_, err := exchange.Open(&s.cfg, nil)
			assert.Equal(t, c.status == selftest.Failed, err != nil, "Open and the self-test agree: %v", err)
		})
	}
}

// keyFile sets stampKeyFile to a file with a text.
func keyFile(text string) func(*testing.T, *exchange.Config) {
	return func(t *testing.T, c *exchange.Config) {
		t.Helper()
		c.StampKeyFile = filepath.Join(t.TempDir(), "stamp.keys")
		require.NoError(t, os.WriteFile(c.StampKeyFile, []byte(text), 0o600))
	}
}
