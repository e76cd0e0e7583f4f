package main

import (
	"crypto/x509"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
)

func TestCert(t *testing.T) {
	t.Parallel()
	for name, password := range map[string]string{"password": "s3cret-Pa55", "no password": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &bundle{env: map[string]string{"EWSQ_PFX_PASSWORD": password}}
			dir := filepath.Join(t.TempDir(), "new")
			r := b.bare(t, "cert", "-subject", "CN=quarantine,O=Example", "-out-dir", dir, "-days", "30")
			require.Equal(t, exitDone, r.status, r.stderr)
			require.Len(t, r.lines, 1)
			password := password
			if password == "" {
				assert.Contains(t, r.stderr, "was not set")
				info, err := os.Stat(filepath.Join(dir, "pfx-password"))
				require.NoError(t, err)
				assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
				text, err := os.ReadFile(filepath.Join(dir, "pfx-password"))
				require.NoError(t, err)
				password = string(text)
			} else {
				assert.NoFileExists(t, filepath.Join(dir, "pfx-password"))
			}
			cert, err := auth.LoadPFX(filepath.Join(dir, "quarantine.pfx"), password)
			require.NoError(t, err)
			assert.Equal(t, cert.Thumbprint(), r.lines[0]["thumbprint"])
			cer, err := os.ReadFile(filepath.Join(dir, "quarantine.cer"))
			require.NoError(t, err)
			leaf, err := x509.ParseCertificate(cer)
			require.NoError(t, err)
			assert.Equal(t, "CN=quarantine,O=Example", leaf.Subject.String())
			text, err := os.ReadFile(filepath.Join(dir, "keyCredentials.json"))
			require.NoError(t, err)
			assert.True(t, json.Valid(text))
			info, err := os.Stat(filepath.Join(dir, "quarantine.pfx"))
			require.NoError(t, err)
			assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
			assert.NotContains(t, r.stdout+r.stderr, password)

			again := b.bare(t, "cert", "-out-dir", dir)
			assert.Equal(t, exitUsage, again.status)
			assert.Contains(t, again.stderr, "exists")
		})
	}
}
