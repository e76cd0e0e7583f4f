package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestReportsOverGraph lists, shows, takes and dismisses reports with "api": "graph".
func TestReportsOverGraph(t *testing.T) {
	t.Parallel()
	dir, abuse := t.TempDir(), t.TempDir()
	attached := "From: Alice <alice@example.test>\r\nTo: abuse@example.test\r\nSubject: strange mail\r\nMessage-ID: <report-1@example.test>\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: text/plain\r\n\r\nIs this ours?\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n" +
		string(message(t, "phishing.eml")) + "\r\n--o--\r\n"
	require.NoError(t, os.WriteFile(filepath.Join(abuse, "1.eml"), []byte(attached), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(abuse, "2.eml"), []byte("From: Bob <bob@example.test>\r\nTo: abuse@example.test\r\nSubject: help\r\nMessage-ID: <report-2@example.test>\r\n\r\nI deleted it.\r\n"), 0o600))
	server := serveWith(t, build(t), "-api", "graph", "-client", dir, "-load", "abuse@example.test="+abuse,
		"-load", "alice@example.test="+filepath.Join(checkout(t), "testdata", "mail"))
	b := &bundle{dir: dir, config: server.Config}

	ids := b.reportsOf(t)
	require.Len(t, ids, 2)
	one := []string{"-mailbox", "abuse@example.test"}
	shown := b.run(t, append([]string{"reports", "show", ids["alice@example.test"]}, one...)...)
	require.Equal(t, exitDone, shown.status, shown.stderr)
	meant := shown.lines[0]["understood"].(map[string]any)["messages"].([]any)[0].(map[string]any)
	assert.Equal(t, phishing, meant["messageId"])
	assert.Equal(t, "high", meant["confidence"])

	taken := b.run(t, append([]string{"reports", "quarantine", ids["alice@example.test"]}, one...)...)
	require.Equal(t, exitDone, taken.status, taken.stderr)
	assert.Equal(t, "quarantined", taken.lines[len(taken.lines)-1]["action"])
	held := b.run(t, "list")
	require.NotEmpty(t, held.lines)
	assert.Equal(t, "reported by alice@example.test", held.lines[0]["reason"])
	assert.Equal(t, "graph", taken.lines[0]["strategy"])

	dismissed := b.run(t, append([]string{"reports", "dismiss", ids["bob@example.test"], "-reply", b.write(t, "reply.txt", "Thank you for {{.Subject}}.\n"), "-reply-domain", "example.test"}, one...)...)
	require.Equal(t, exitDone, dismissed.status, dismissed.stderr)
	answered := b.run(t, "find", "-mailbox", "bob@example.test", "-message-id", "<answer-"+ids["bob@example.test"]+"@example.test>")
	require.Equal(t, exitDone, answered.status, answered.stderr)
	assert.Equal(t, "found", answered.lines[0]["outcome"], answered.stdout)
	assert.Empty(t, b.reportsOf(t))
}
