package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The reference of a case comes from the flag, a column or a member. A repetition with the
// same reference reports the same copies as quarantined.
func TestReference(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	csv := b.write(t, "targets.csv", "mailbox,message_id,reference\nalice@example.test,"+phishing+",INC-1\nbob@example.test,"+phishing+",\n")
	lines := b.write(t, "targets.jsonl", `{"mailbox":"alice@example.test","message_id":"`+phishing+`","reference":"INC-1"}
{"mailbox":"bob@example.test","message_id":"`+phishing+`","reference":"INC-2"}
`)
	for _, args := range [][]string{{"-targets", csv, "-reference", "INC-2"}, {"-targets", lines}} {
		r := b.run(t, append([]string{"quarantine"}, args...)...)
		require.Equal(t, exitDone, r.status, r.stderr)
		assert.Contains(t, r.stderr, "2 targets: 2 quarantined")
		for _, l := range r.lines {
			target := l["receipt"].(map[string]any)["target"].(map[string]any)
			assert.Equal(t, map[any]any{"alice@example.test": "INC-1", "bob@example.test": "INC-2"}[l["mailbox"]], target["reference"])
		}
	}
	one := []string{"quarantine", "-mailbox", "alice@example.test", "-message-id", phishing, "-reference"}
	assert.Equal(t, "alreadyQuarantined", b.run(t, append(one, "INC-2")...).lines[0]["outcome"])
	assert.Equal(t, "quarantined", b.run(t, append(one, "INC-1")...).lines[0]["outcome"])

	long := strings.Repeat("9", 101)
	for _, args := range [][]string{append(one, long), {"quarantine", "-targets", csv, "-reference", long}} {
		r := b.run(t, args...)
		assert.Equal(t, exitUsage, r.status)
		assert.Contains(t, r.stderr, "reference")
		assert.Contains(t, r.stderr, "100 bytes")
	}
}
