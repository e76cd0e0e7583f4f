package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

// On a terminal of 80 columns the table of check is read as a table, and quiet is quiet.
func TestNarrowTerminal(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.columns, b.screen = func() int { return 80 }, true
	r := b.bareText(t, "-config", b.config, "-quiet", "check", "-mailbox", "alice@example.test")
	assert.Equal(t, exitDone, r.status, r.stderr)
	assert.Empty(t, r.stderr, "no progress either")
	table, rest, _ := strings.Cut(r.stdout, "\n\n")
	assert.Contains(t, rest, "Nothing failed.")
	at := strings.Index(table, "SEEN")
	assert.Positive(t, at)
	lines := strings.Split(table, "\n")
	folded := 0
	for _, line := range lines {
		assert.Less(t, utf8.RuneCountInString(line), 80, line)
		if strings.HasPrefix(line, strings.Repeat(" ", at)) {
			folded++
			assert.NotEqual(t, byte(' '), line[at], line)
		}
	}
	assert.Positive(t, folded)

	b.columns = func() int { return 40 } // too narrow for a table: the terminal breaks lines
	r = b.bareText(t, "-config", b.config, "check", "-mailbox", "alice@example.test")
	assert.Contains(t, r.stdout, "signed in as svc@example.test")
}

// Quiet draws no progress either.
func TestQuietOnATerminal(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.columns, b.screen = func() int { return 80 }, true
	r := b.bareText(t, "-config", b.config, "-quiet", "find", "-mailbox", "alice@example.test", "-message-id", phishing)
	assert.Equal(t, exitDone, r.status)
	assert.NotContains(t, r.stderr+r.stdout, "\r")
}

// A result that is counted but not shown leaves the status on a terminal alone. After an
// interrupt there can be thousands of them.
func TestNothingIsNotWritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := &slate{}
		s := sessionOn(out, func() int { return 80 })
		s.stdout = s.screen.Above(out)
		p := s.follow("", 3, 1)
		assert.NotEmpty(t, out.wipe())
		assert.NoError(t, s.writeText(nil))
		assert.Empty(t, out.wipe())
		p.ended()
	})
}
