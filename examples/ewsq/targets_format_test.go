package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A spreadsheet in many countries separates by semicolons: it is read, and said.
func TestSemicolons(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for name, text := range map[string]string{
		"semicolon": "mailbox;message_id;reason\r\nalice@example.test;" + phishing + ";\"one; two, three\"\r\n",
		"tab":       "mailbox\tmessage_id\treason\nalice@example.test\t" + phishing + "\tone; two, three\n",
	} {
		r := b.run(t, "quarantine", "-dry-run", "-targets", b.write(t, name+".csv", text))
		require.Equal(t, exitDone, r.status, r.stderr)
		assert.Equal(t, "one; two, three", r.lines[0]["receipt"].(map[string]any)["target"].(map[string]any)["reason"])
		assert.Contains(t, r.stderr, "separated by "+name+"s")
	}
	r := b.run(t, "find", "-targets", b.write(t, "odd.csv", "mailbox;message_id\nalice@example.test,"+phishing+"\n"))
	assert.Equal(t, exitUsage, r.status)
	assert.Contains(t, r.stderr, "line 2")
}

// What is not UTF-8 would ask for another message than the one that is meant.
func TestNotUTF8(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for name, text := range map[string]string{
		"t.csv":   "mailbox,sender,subject\nalice@example.test,x@evil.example,plain\nalice@example.test,x@evil.example,Gr\xfc\xdfe\n",
		"t.jsonl": "{\"mailbox\":\"alice@example.test\",\"message_id\":\"<a@b>\"}\n\n{\"mailbox\":\"alice@example.test\",\"message_id\":\"<\xfc@b>\"}\n",
	} {
		r := b.run(t, "find", "-targets", b.write(t, name, text))
		assert.Equal(t, exitUsage, r.status, name)
		assert.Regexp(t, `line 3 is not UTF-8`, r.stderr, name)
	}
}
