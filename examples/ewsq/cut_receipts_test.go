package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A full disk or a killed run can leave a file of receipts incomplete: the complete lines are
// put back, and the others are named.
func TestCutReceipts(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	csv := b.write(t, "targets.csv", "mailbox,message_id\nalice@example.test,"+phishing+"\nbob@example.test,"+phishing+"\n")
	for name, damage := range map[string]func(string) string{
		"the last line": func(lines string) string { return lines[:len(lines)-40] },
		// The next run was appended to it.
		"one in the middle": func(lines string) string {
			first, second, _ := strings.Cut(lines, "\n")
			return first[:len(first)/2] + second + "\n" + first + "\n"
		},
	} {
		taken := b.run(t, "quarantine", "-targets", csv)
		require.Equal(t, exitDone, taken.status, taken.stderr)
		file := b.write(t, "receipts.jsonl", damage(taken.stdout))
		r := b.run(t, "restore", "-receipt", file)
		assert.Equal(t, exitSome, r.status, name)
		require.Len(t, r.lines, 1, "%s: %s", name, r.stderr)
		assert.Equal(t, "restored", r.lines[0]["outcome"])
		assert.Regexp(t, `line [12] is not a whole line`, r.stderr, name)
		assert.Contains(t, r.stderr, "ewsq list")
		assert.Equal(t, exitDone, b.run(t, "restore", "-targets", csv).status)

		quiet := b.run(t, "restore", "-json", "-receipt", file)
		assert.Equal(t, exitSome, quiet.status)
		last := quiet.lines[len(quiet.lines)-1]
		assert.Contains(t, last["error"], "is not a whole line", name)
	}

	nothing := b.write(t, "nothing.jsonl", `{"mailbox":"alice@exa`)
	r := b.run(t, "restore", "-receipt", nothing)
	assert.Equal(t, exitUsage, r.status, "no line of it is whole")
	assert.Contains(t, r.stderr, "line 1")
}
