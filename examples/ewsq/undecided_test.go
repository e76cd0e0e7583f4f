package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// A restore whose stamp cannot be taken off is undecided, which scripts see in the exit
// status; recover reports that it still is, and settles it once it can.
func TestUndecided(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	var config map[string]any
	require.NoError(t, json.Unmarshal([]byte(b.object("fullAccess")), &config))
	config["journalFile"] = filepath.Join(b.dir, "ewsq.journal")
	text, err := json.Marshal(config)
	require.NoError(t, err)
	b.config = b.write(t, "journal.json", string(text))

	var receipts strings.Builder
	for _, mailbox := range []string{"alice@example.test", "bob@example.test"} {
		taken := b.run(t, "quarantine", "-mailbox", mailbox, "-message-id", phishing)
		require.Equal(t, exitDone, taken.status, taken.stderr)
		receipts.WriteString(taken.stdout)
	}
	failure := b.srv.Fail(ewstest.When{
		Operation: ews.OpUpdateItem, Request: func(r *ewstest.Request) bool { return r.Anchor == "alice@example.test" },
	}, ewstest.MemberCode("ErrorAccessDenied"))

	back := b.run(t, "restore", "-receipt", b.write(t, "receipts.jsonl", receipts.String()), "-workers", "1")
	assert.Equal(t, exitSome, back.status, back.stderr)
	require.Len(t, back.lines, 2)
	for _, line := range back.lines {
		assert.Equal(t, map[any]any{"alice@example.test": "undecided", "bob@example.test": "restored"}[line["mailbox"]], line["outcome"], line["error"])
		assert.Equal(t, line["outcome"] == "undecided", line["error"] != nil)
	}
	assert.Contains(t, back.stderr, "2 targets: 1 restored, 1 undecided")
	assert.Equal(t, []string{"/Inbox unread"}, b.where("alice@example.test"))

	still := b.run(t, "recover")
	assert.Equal(t, exitSome, still.status, still.stderr)
	require.Len(t, still.lines, 1)
	assert.Equal(t, "undecided", still.lines[0]["outcome"])
	assert.Contains(t, still.stderr, "1 item is still undecided and stays open")

	failure.Cancel()
	settled := b.run(t, "recover")
	assert.Equal(t, exitDone, settled.status, settled.stderr)
	require.Len(t, settled.lines, 1)
	assert.Equal(t, "restored", settled.lines[0]["outcome"])
	assert.NotContains(t, settled.stderr, "undecided")
	assert.Empty(t, b.run(t, "recover").lines, "nothing is left open")
	assert.Equal(t, []string{"/Inbox unread"}, b.where("alice@example.test"))
	assert.Empty(t, b.where("quarantine@example.test"))
}
