package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
)

// TestGraph uses the programs over Graph as the help of exchange describes, with the
// configuration in testdata.
func TestGraph(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := serveWith(t, build(t), "-api", "graph", "-client", dir, "-load", "alice@example.test="+filepath.Join(checkout(t), "testdata", "mail"))
	require.Equal(t, filepath.Join(dir, "ewsq.json"), server.Config)
	b := &bundle{dir: dir, config: server.Config}
	target := []string{"-mailbox", "alice@example.test", "-message-id", phishing}

	checked := b.run(t, "check", "-mailbox", "alice@example.test", "-group", "all-staff@example.test")
	require.Equal(t, exitDone, checked.status, checked.stderr)
	assert.Contains(t, checked.stdout, `"check":"exportImport","mailbox":"alice@example.test","status":"ok"`)
	assert.Contains(t, checked.stdout, `"check":"permissions","status":"ok"`)

	found := b.run(t, append([]string{"find"}, target...)...)
	require.Equal(t, exitDone, found.status, found.stderr)
	require.Len(t, found.lines, 1)
	assert.Equal(t, "found", found.lines[0]["outcome"], found.stdout)

	taken := b.run(t, append([]string{"quarantine", "-concurrency", "20"}, target...)...)
	require.Equal(t, exitDone, taken.status, taken.stderr)
	require.Len(t, taken.lines, 1)
	assert.Equal(t, "quarantined", taken.lines[0]["outcome"])
	assert.Equal(t, "transfer", taken.lines[0]["way"])
	assert.Equal(t, "graph", taken.lines[0]["strategy"])

	listed := b.run(t, "list")
	require.Equal(t, exitDone, listed.status, listed.stderr)
	assert.Len(t, listed.lines, 1)

	receipts := b.write(t, "receipts.jsonl", taken.stdout)
	back := b.run(t, "restore", "-receipt", receipts)
	require.Equal(t, exitDone, back.status, back.stderr)
	assert.Equal(t, "restored", back.lines[0]["outcome"])

	settled := b.run(t, "recover")
	require.Equal(t, exitDone, settled.status, settled.stderr)
	assert.Empty(t, settled.lines, "nothing was interrupted")

	members := b.run(t, "expand", "-group", "all-staff@example.test")
	require.Equal(t, exitDone, members.status, members.stderr)
	assert.NotEmpty(t, members.lines)

	guide := b.bareText(t, "-config", b.config, "setup")
	require.Equal(t, exitDone, guide.status, guide.stderr)
	assert.Contains(t, guide.stdout, "'MailboxItem.ImportExport.All'")
	assert.Contains(t, guide.stdout, "00001111-aaaa-2222-bbbb-3333cccc4444")
}

// TestGraphConfig: the configuration in testdata differs from the one that the server writes
// only in addresses and paths.
func TestGraphConfig(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(checkout(t), "testdata", "graph", "ewsq.json"))
	require.NoError(t, err)
	c, err := exchange.ParseConfig(bytes.NewReader(text))
	require.NoError(t, err)
	require.NoError(t, c.Validate())
	var plain map[string]any
	require.NoError(t, json.Unmarshal(text, &plain))
	assert.True(t, strings.HasPrefix(plain["graphUrl"].(string), "https://"))

	limiter := newPatience(20).limiter(c)
	assert.Equal(t, graphmail.Concurrent, limiter.State("alice@example.test").Limit, "Graph refuses more than four at once")
	assert.Zero(t, c.Throttling, "which is a policy of EWS")
}
