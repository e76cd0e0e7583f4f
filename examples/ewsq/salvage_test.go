package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/boltjournal"
)

// A new journal that was cut short is refused, with advice on what to do.
func TestRecoverCutJournal(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	path := b.journal(t)
	j, err := boltjournal.Open(path)
	require.NoError(t, err)
	require.NoError(t, j.Close())
	require.NoError(t, os.Truncate(path, 8192))
	for _, args := range [][]string{{"recover"}, {"quarantine", "-mailbox", "alice@example.test", "-message-id", phishing}} {
		r := b.run(t, args...)
		assert.Equal(t, exitUsage, r.status)
		assert.Contains(t, r.stderr, "the journal is damaged")
		assert.Contains(t, r.stderr, "Move the file away")
		assert.Contains(t, r.stderr, "recover -salvage")
	}
	assert.Equal(t, []string{"/Inbox unread"}, b.where("alice@example.test"))

	require.NoError(t, os.Rename(path, path+".damaged"))
	r := b.run(t, "recover", "-salvage", path+".damaged")
	assert.Equal(t, exitDone, r.status, r.stderr)
	assert.Contains(t, r.stderr, "0 items")
	assert.Equal(t, exitDone, b.run(t, "recover").status)
}

// Intents that can be read from a damaged journal are settled from the new one.
func TestRecoverSalvage(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	path := b.journal(t)
	target := []string{"-mailbox", "alice@example.test", "-message-id", phishing}
	require.Equal(t, exitDone, b.run(t, append([]string{"quarantine"}, target...)...).status)
	failure := b.srv.Fail(ewstest.When{
		Operation: ews.OpUpdateItem, Request: func(r *ewstest.Request) bool { return r.Anchor == "alice@example.test" },
	}, ewstest.MemberCode("ErrorAccessDenied"))
	r := b.run(t, append([]string{"restore"}, target...)...)
	require.Equal(t, "undecided", r.lines[0]["outcome"], r.stderr) // the stamp cannot be taken off
	file, err := os.ReadFile(path)
	require.NoError(t, err)
	clear(file[:4096])
	require.NoError(t, os.WriteFile(path, file, 0o600))

	r = b.run(t, "recover")
	assert.Equal(t, exitUsage, r.status)
	assert.Contains(t, r.stderr, "first head")
	r = b.run(t, "recover", "-salvage", path)
	assert.Equal(t, exitUsage, r.status)
	assert.Contains(t, r.stderr, "move it away first")
	r = b.run(t, "recover", "-salvage", path+".missing")
	assert.Equal(t, exitUsage, r.status)
	assert.Contains(t, r.stderr, path+".missing")
	r = b.run(t, "recover", "-salvage", b.config)
	assert.Equal(t, exitUsage, r.status)
	assert.Contains(t, r.stderr, "is not a journal")

	require.NoError(t, os.Rename(path, path+".damaged"))
	for _, outcome := range []string{"undecided", "restored"} { // the second time it is already in the new one
		r = b.run(t, "recover", "-salvage", path+".damaged")
		assert.Contains(t, r.stderr, "of "+path+".damaged could be read")
		require.Len(t, r.lines, 1, r.stderr)
		assert.Equal(t, outcome, r.lines[0]["outcome"])
		failure.Cancel()
	}
	assert.Empty(t, b.run(t, "recover").lines, "nothing is left open")
	assert.Equal(t, []string{"/Inbox unread"}, b.where("alice@example.test"))
}

// If there are several journals, the caller must say which one a damaged one belongs to.
func TestRecoverSalvageOfSeveral(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	one := strings.Replace(b.object("fullAccess"), "{", `{"journalFile":"`+filepath.Join(b.dir, "one")+`",`, 1)
	two := strings.NewReplacer(`"Lab"`, `"Other"`, "quarantine@", "vault@", filepath.Join(b.dir, "one"), filepath.Join(b.dir, "two")).Replace(one)
	b.config = b.write(t, "ewsq.json", "["+one+","+two+"]")
	damaged := b.write(t, "damaged", "")
	r := b.run(t, "recover", "-salvage", damaged)
	assert.Equal(t, exitUsage, r.status)
	assert.Contains(t, r.stderr, "-server")
	assert.Equal(t, exitDone, b.run(t, "-server", "Other", "recover", "-salvage", damaged).status)
}

// journal gives the bundle a journal.
func (b *bundle) journal(t *testing.T) string {
	path := filepath.Join(b.dir, "ewsq.journal")
	b.config = b.write(t, "ewsq.json", strings.Replace(b.object("fullAccess"), "{", `{"journalFile":"`+path+`",`, 1))
	return path
}
