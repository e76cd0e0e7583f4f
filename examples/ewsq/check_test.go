package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// checked runs a command against a server and returns its exit status and
// output.
func checked(t *testing.T, srv *ewstest.Server, password string, args ...string) (int, string, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ewsq.json")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `{"name": "Head office", "ewsUrl": %q, "quarantineMailbox": "quarantine@example.test",
		"authentication": {"type": "basic", "username": "EXAMPLE\\svc"}}`, srv.URL()), 0o600))
	var stdout, stderr bytes.Buffer
	p := &program{stdout: &stdout, stderr: &stderr, lookup: func(name string) (string, bool) {
		return password, name == "EWSQ_PASSWORD"
	}}
	return p.run(t.Context(), append([]string{"-config", file}, args...)), stdout.String(), stderr.String()
}

func TestCheck(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	status, stdout, stderr := checked(t, srv, "svc-password", "check", "-mailbox", "alice@example.test", "-group", "all-staff@example.test")
	assert.Equal(t, exitDone, status, stderr)
	var report struct {
		Checks []struct{ Name, Status string }
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &report))
	assert.NotEmpty(t, report.Checks)
	for _, c := range report.Checks {
		assert.NotEqual(t, "failed", c.Status, c.Name)
	}

	srv.RevokeFullAccess("svc", "*")
	status, _, stderr = checked(t, srv, "svc-password", "check", "-mailbox", "alice@example.test")
	assert.Equal(t, exitSome, status)
	assert.Contains(t, stderr, "Add-MailboxPermission")

	status, _, stderr = checked(t, srv, "wrong", "check")
	assert.Equal(t, exitSome, status)
	assert.Contains(t, stderr, "password")
}

func TestSetup(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	status, stdout, stderr := checked(t, srv, "svc-password", "setup", "-exchange", "2016")
	assert.Equal(t, exitDone, status, stderr)
	assert.Contains(t, stdout, "Add-MailboxPermission")
	assert.Contains(t, stdout, "quarantine@example.test")
	status, _, stderr = checked(t, srv, "svc-password", "setup", "-exchange", "5.5")
	assert.Equal(t, exitUsage, status)
	assert.Contains(t, stderr, "2016")
}
