package exchange_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/auth"
)

const (
	alice = "alice@example.test"
	vault = "quarantine@example.test"
	evil  = "<evil@evil.example>"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares a text with a file or, with -update, writes the file.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(name, got, 0o644))
		return
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err, "run the test with -update to make it")
	assert.Equal(t, string(want), string(got), "if the change is intended, run the test with -update")
}

// eml makes a message.
func eml(id, subject string) []byte {
	return []byte(strings.ReplaceAll("From: Mallory <mallory@evil.example>\nTo: alice@example.test\nDate: Tue, 24 Nov 2026 10:00:00 +0000\n"+
		"Subject: "+subject+"\nMessage-ID: "+id+"\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\nClick here.\n", "\n", "\r\n"))
}

func writePFX(t *testing.T, cert *auth.Certificate, password string) string {
	t.Helper()
	pfx, err := cert.PFX(password)
	require.NoError(t, err)
	name := filepath.Join(t.TempDir(), "app.pfx")
	require.NoError(t, os.WriteFile(name, pfx, 0o600))
	return name
}
