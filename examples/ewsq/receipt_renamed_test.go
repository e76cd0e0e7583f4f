package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Receipts of a configuration that has been renamed are refused, with what to do, and accepted
// for the one that -server names. Nothing is guessed.
func TestReceiptsFromBeforeTheRenaming(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	other := newBundle(t)
	object := b.object("fullAccess")
	renamed := strings.Replace(object, `"name":"Lab"`, `"name":"Head office"`, 1)
	require.NotEqual(t, object, renamed)
	elsewhere := strings.NewReplacer(`"name":"Lab"`, `"name":"Other"`, "quarantine@example.test", "held@example.test").Replace(other.object("fullAccess"))
	for what, later := range map[string]string{"alone": renamed, "beside another": fmt.Sprintf("[%s, %s]", elsewhere, renamed)} {
		b.config = b.write(t, "ewsq.json", object)
		taken := b.run(t, "quarantine", "-mailbox", "alice@example.test", "-message-id", phishing)
		require.Equal(t, exitDone, taken.status, taken.stderr)
		receipts := b.write(t, "receipts.jsonl", taken.stdout)
		b.config = b.write(t, "ewsq.json", later)
		r := b.run(t, "restore", "-receipt", receipts)
		assert.Equal(t, exitUsage, r.status, what)
		assert.Contains(t, r.stderr, `no enabled configuration has the name "Lab"; the names are "Head office"`, what)
		assert.Contains(t, r.stderr, "if the configuration was renamed, say with -server NAME which one it is now", what)
		assert.Empty(t, b.where("alice@example.test"), what)

		r = b.run(t, "-server", "head office", "restore", "-receipt", receipts)
		assert.Equal(t, exitDone, r.status, "%s: %s", what, r.stderr)
		assert.Contains(t, r.stderr, `no configuration has the name "Lab" any more: its receipts are restored on "Head office"`, what)
		require.Len(t, r.lines, 1)
		assert.Equal(t, "restored", r.lines[0]["outcome"], what)
		assert.Equal(t, []string{"/Inbox unread"}, b.where("alice@example.test"), what)
	}

	// If -server names the wrong configuration, nothing is touched, and it says so.
	b.config = b.write(t, "ewsq.json", object)
	taken := b.run(t, "quarantine", "-mailbox", "alice@example.test", "-message-id", phishing)
	require.Equal(t, exitDone, taken.status, taken.stderr)
	b.config = b.write(t, "ewsq.json", fmt.Sprintf("[%s, %s]", elsewhere, renamed))
	r := b.run(t, "-server", "Other", "restore", "-receipt", b.write(t, "receipts.jsonl", taken.stdout))
	assert.Equal(t, exitSome, r.status, r.stderr)
	require.Len(t, r.lines, 1)
	assert.NotEqual(t, "restored", r.lines[0]["outcome"])
	t.Log(r.lines[0]["error"])
	assert.Empty(t, b.where("alice@example.test"))
}
