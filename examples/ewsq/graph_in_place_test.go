package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// TestGraphInPlace uses the program with the configuration in testdata, with which messages
// stay in their mailboxes.
func TestGraphInPlace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := serveWith(t, build(t), "-api", "graph", "-client", dir, "-load", "alice@example.test="+filepath.Join(checkout(t), "testdata", "mail"))
	text, err := os.ReadFile(filepath.Join(checkout(t), "testdata", "graph", "in-place.json"))
	require.NoError(t, err)
	c, err := exchange.ParseConfig(bytes.NewReader(text))
	require.NoError(t, err)
	require.NoError(t, c.Validate())
	var config, lab map[string]any
	require.NoError(t, json.Unmarshal(text, &config))
	written, err := os.ReadFile(server.Config)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(written, &lab))
	delete(lab, "quarantineMailbox") // the other settings have the addresses of the server
	lab["quarantineInPlace"], lab["name"] = config["quarantineInPlace"], config["name"]
	written, err = json.Marshal(lab)
	require.NoError(t, err)
	b := &bundle{dir: dir}
	b.config = b.write(t, "in-place.json", string(written))
	target := []string{"-mailbox", "alice@example.test", "-message-id", phishing}

	checked := b.run(t, "check", "-mailbox", "alice@example.test")
	require.Equal(t, exitDone, checked.status, checked.stderr)
	assert.Contains(t, checked.stdout, `"check":"quarantineFolder","mailbox":"alice@example.test","status":"ok"`)
	assert.NotContains(t, checked.stdout, "exportImport")

	taken := b.run(t, append([]string{"quarantine"}, target...)...)
	require.Equal(t, exitDone, taken.status, taken.stderr)
	require.Len(t, taken.lines, 1)
	assert.Equal(t, "quarantined", taken.lines[0]["outcome"])
	assert.Equal(t, "move", taken.lines[0]["way"])
	assert.Equal(t, "graphInPlace", taken.lines[0]["strategy"])

	all := b.run(t, "list")
	assert.Equal(t, exitSome, all.status)
	assert.Contains(t, all.stderr, "name each mailbox, with -mailbox ADDRESS or -mailboxes FILE")
	unnamed := b.run(t, "show", phishing)
	assert.Equal(t, exitSome, unnamed.status)
	assert.Contains(t, unnamed.stderr, "name each mailbox, with -mailbox ADDRESS")
	addresses := b.write(t, "mailboxes.txt", "# those that had mail\nalice@example.test\nALICE@example.test\n\nbob@example.test\n")
	for _, from := range [][]string{{"-mailbox", "alice@example.test"}, {"-mailboxes", addresses}} {
		listed := b.run(t, append([]string{"list"}, from...)...)
		require.Equal(t, exitDone, listed.status, listed.stderr)
		require.Len(t, listed.lines, 1)
		assert.Equal(t, true, listed.lines[0]["inPlace"])
	}
	for _, bad := range [][]string{
		{"-mailboxes", addresses, "-mailbox", "alice@example.test"}, {"-mailboxes", b.write(t, "none.txt", "# none\n")},
		{"-mailboxes", b.write(t, "bad.txt", "alice@example.test\nalice\n")}, {"-mailboxes", filepath.Join(dir, "missing.txt")},
	} {
		assert.Equal(t, exitUsage, b.run(t, append([]string{"list"}, bad...)...).status, bad)
	}
	assert.Equal(t, exitSome, b.run(t, "purge", "-older-than", "90d").status)
	purged := b.run(t, "purge", "-older-than", "90d", "-mailboxes", addresses)
	require.Equal(t, exitDone, purged.status, purged.stderr)
	assert.Contains(t, purged.stderr, "0 messages would be permanently removed")

	shown := b.run(t, "show", phishing, "-mailbox", "alice@example.test")
	require.Equal(t, exitDone, shown.status, shown.stderr)

	back := b.run(t, "restore", "-receipt", b.write(t, "receipts.jsonl", taken.stdout))
	require.Equal(t, exitDone, back.status, back.stderr)
	assert.Equal(t, "restored", back.lines[0]["outcome"])

	guide := b.bareText(t, "-config", b.config, "setup")
	require.Equal(t, exitDone, guide.status, guide.stderr)
	assert.NotContains(t, guide.stdout, "ImportExport")
}
