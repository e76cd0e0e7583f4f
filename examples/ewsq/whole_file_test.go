package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// A file that somebody creates while a message is being exported is not replaced.
func TestExportReplacesNothing(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	operation := b.taken(t)
	file := filepath.Join(b.dir, "evidence.eml")
	b.srv.OnRequest(func(_ int, r *ewstest.Request) {
		if r.Operation == ews.OpGetItem {
			assert.NoError(t, os.WriteFile(file, []byte("somebody's"), 0o600))
		}
	})
	r := b.run(t, "export", operation, "-out", file)
	b.srv.OnRequest(nil)
	assert.Equal(t, exitUsage, r.status, r.stderr)
	assert.Contains(t, r.stderr, "evidence is not overwritten")
	assert.Equal(t, "somebody's", b.read(t, file))
	left, err := filepath.Glob(filepath.Join(b.dir, ".evidence*"))
	require.NoError(t, err)
	assert.Empty(t, left)
	assert.Equal(t, exitUsage, b.run(t, "export", operation, "-out", "-").status)
}

// A summary replaces an earlier one, and nothing else: above all not the receipts that it was
// made from.
func TestSummaryReplacesOnlyPages(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	taken := b.run(t, "quarantine", "-mailbox", "alice@example.test", "-message-id", phishing)
	receipts := b.write(t, "receipts.jsonl", taken.stdout)
	page := filepath.Join(b.dir, "page.html")
	for _, title := range []string{"first", "second"} {
		r := b.bare(t, "summary", "-receipt", receipts, "-out", page, "-title", title)
		require.Equal(t, exitDone, r.status, r.stderr)
		assert.Contains(t, b.read(t, page), "<title>"+title)
	}
	for _, out := range []string{receipts, b.write(t, "empty", ""), b.dir, os.DevNull} {
		r := b.bare(t, "summary", "-receipt", receipts, "-out", out)
		assert.Equal(t, exitUsage, r.status, "%s: %s", out, r.stderr)
		assert.Contains(t, r.stderr, "give another name", out)
	}
	assert.Equal(t, taken.stdout, b.read(t, receipts))
	b.stdin = taken.stdout
	assert.Equal(t, exitUsage, b.bare(t, "summary", "-out", "-").status)
}
