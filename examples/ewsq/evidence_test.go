package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

// taken quarantines Alice's phishing mail and returns its operation.
func (b *bundle) taken(t *testing.T, more ...string) string {
	t.Helper()
	r := b.run(t, append([]string{"quarantine", "-mailbox", "alice@example.test", "-message-id", phishing}, more...)...)
	require.Equal(t, exitDone, r.status, r.stderr)
	listed := b.run(t, "list")
	require.Len(t, listed.lines, 1)
	return listed.lines[0]["operation"].(string)
}

func TestShow(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	operation := b.taken(t, "-reason", "phishing", "-reference", "INC-7")
	for _, id := range []string{operation, phishing, strings.Trim(phishing, "<>")} {
		r := b.run(t, "show", id)
		require.Equal(t, exitDone, r.status, r.stderr)
		require.Len(t, r.lines, 1)
		assert.Equal(t, operation, r.lines[0]["operation"])
		assert.Equal(t, "INC-7", r.lines[0]["reference"])
		for _, want := range []string{"operation    " + operation, "mailbox      alice@example.test", "reason       phishing"} {
			assert.Contains(t, r.stderr, want)
		}
	}
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"show"}, exitUsage, "ID is missing"},
		{[]string{"show", ""}, exitUsage, "ID is empty"},
		{[]string{"show", phishing, "more"}, exitUsage, `second argument "more"`},
		{[]string{"show", phishing, "-frob"}, exitUsage, "frob"},
		{[]string{"show", phishing, "-mailbox", "nobody"}, exitUsage, "-mailbox"},
		{[]string{"show", phishing, "-mailbox", "bob@example.test"}, exitSome, "is not in quarantine"},
		{[]string{"show", "<other@evil.example>"}, exitSome, "is not in quarantine"},
		{[]string{"show", driver.NewOperation()}, exitSome, "is not in quarantine"},
	} {
		r := b.run(t, c.args...)
		assert.Equal(t, c.status, r.status, "%q", c.args)
		assert.Contains(t, r.stderr, c.says)
		assert.Empty(t, r.stdout)
	}
}

func TestExportCommand(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	operation := b.taken(t)
	file := filepath.Join(b.dir, "evidence.eml")
	r := b.run(t, "export", operation, "-out", file)
	require.Equal(t, exitDone, r.status, r.stderr)
	require.Len(t, r.lines, 1)
	text := b.read(t, file)
	sum := sha256.Sum256([]byte(text))
	assert.Equal(t, hex.EncodeToString(sum[:]), r.lines[0]["sha256"])
	assert.Equal(t, true, r.lines[0]["rendering"])
	assert.InDelta(t, len(text), r.lines[0]["size"], 0)
	assert.Contains(t, text, phishing)
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "its owner alone can read it")

	again := b.run(t, "export", phishing, "-out", file)
	assert.Equal(t, exitUsage, again.status)
	assert.Contains(t, again.stderr, "evidence is not overwritten")
	assert.Equal(t, text, b.read(t, file))

	require.Equal(t, exitDone, b.run(t, "quarantine", "-mailbox", "bob@example.test", "-message-id", phishing).status)
	several := b.run(t, "export", phishing, "-out", filepath.Join(b.dir, "two.eml"))
	assert.Equal(t, exitUsage, several.status)
	assert.Contains(t, several.stderr, "2 copies")
	one := b.run(t, "export", phishing, "-out", filepath.Join(b.dir, "two.eml"), "-mailbox", "bob@example.test")
	assert.Equal(t, exitDone, one.status, one.stderr)

	assert.Equal(t, exitUsage, b.run(t, "export", phishing).status)
	missing := b.run(t, "export", "<other@evil.example>", "-out", filepath.Join(b.dir, "three.eml"))
	assert.Equal(t, exitSome, missing.status)
	left, err := filepath.Glob(filepath.Join(b.dir, "*three.eml*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

// TestPurgeKeepsNumberSign: references of ticket systems may look like comments.
func TestPurgeKeepsNumberSign(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.taken(t, "-reference", "#4711")
	b.age(t, 100*24*time.Hour)
	r := b.run(t, "purge", "-older-than", "90d", "-yes", "-keep", b.write(t, "keep.txt", "# open cases\n#4711\n"))
	require.Equal(t, exitDone, r.status, r.stderr)
	assert.Len(t, b.run(t, "list").lines, 1)
}

// age makes the messages in quarantine older, according to their stamps.
func (b *bundle) age(t *testing.T, by time.Duration) {
	t.Helper()
	strategy, err := ewsmail.NewFullAccess(b.srv.Client("svc", nil), nil)
	require.NoError(t, err)
	mailbox := strategy.Mailbox("quarantine@example.test")
	found, err := mailbox.Find(t.Context(), driver.Query{Stamped: true})
	require.NoError(t, err)
	for _, it := range found.Items {
		stamp := *it.Stamp
		stamp.At, stamp.Lease = stamp.At.Add(-by), stamp.Lease.Add(-by)
		_, err := mailbox.Mark(t.Context(), it, driver.Change{Stamp: &stamp})
		require.NoError(t, err)
	}
}

func TestPurgeCommand(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.taken(t, "-reference", "INC-7")
	b.age(t, 100*24*time.Hour)
	keep, other := b.write(t, "keep.txt", "\ufeff# open cases\r\n\r\n#4711\r\ninc-7\r\n"), b.write(t, "other.txt", "INC-8\n")
	held := func() int { return len(b.run(t, "list").lines) }

	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{}, exitUsage, "-older-than AGE is missing"},
		{[]string{"-older-than", "5h"}, exitUsage, "at least 24 hours"},
		{[]string{"-older-than", "90"}, exitUsage, "as 90d"},
		{[]string{"-older-than", "d"}, exitUsage, "as 90d"},
		{[]string{"-older-than", "90d", "-keep", b.write(t, "empty.txt", "# nothing\n")}, exitUsage, "has no reference"},
		{[]string{"-older-than", "90d", "-keep", b.write(t, "utf16.txt", "I\x00N\x00C\x00-\x007\x00\n\x00"), "-yes"}, exitUsage, "line 1 is not a reference"},
		{[]string{"-older-than", "90d", "-keep", filepath.Join(b.dir, "none")}, exitUsage, "-keep"},
		{[]string{"-older-than", "101d", "-yes"}, exitDone, "0 messages would be permanently removed"},
		{[]string{"-older-than", "90d"}, exitDone, "nothing was removed; to remove them, add -yes"},
		{[]string{"-older-than", "90d", "-yes", "-keep", keep}, exitDone, "kept  "},
	} {
		r := b.run(t, append([]string{"purge"}, c.args...)...)
		assert.Equal(t, c.status, r.status, "%q: %s", c.args, r.stderr)
		assert.Contains(t, r.stderr, c.says)
		assert.Equal(t, 1, held(), "%q", c.args)
	}

	// On a terminal it asks.
	b.columns = func() int { return 80 }
	b.stdin = "yes\n"
	refused := b.run(t, "purge", "-older-than", "90d")
	assert.Equal(t, exitSome, refused.status)
	assert.Contains(t, refused.stderr, "Type 1 to remove them")
	assert.Equal(t, 1, held())
	b.stdin, b.columns = "", nil

	r := b.run(t, "purge", "-older-than", "90d", "-keep", other, "-yes")
	require.Equal(t, exitDone, r.status, r.stderr)
	require.Len(t, r.lines, 1)
	assert.Equal(t, "purged", r.lines[0]["outcome"])
	assert.Contains(t, r.stderr, "1 message permanently removed")
	assert.Equal(t, 0, held())
}
