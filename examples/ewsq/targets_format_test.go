package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Spreadsheets in many countries separate columns by semicolons: the file is read, and the
// separator is reported.
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

// A misspelt column that would be lost unnoticed is reported; other columns of an export are
// not.
func TestMisspeltColumn(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	r := b.run(t, "quarantine", "-dry-run", "-targets", b.write(t, "t.csv", "mailbox,message_id,Refrence,Severity\nalice@example.test,"+phishing+",INC-1,high\n"))
	require.Equal(t, exitDone, r.status, r.stderr)
	assert.Contains(t, r.stderr, `the column "Refrence" is not read; did you mean reference?`)
	assert.NotContains(t, r.stderr, "Severity")
}

// A file with a million columns is refused immediately.
func TestManyColumns(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	r := b.run(t, "find", "-targets", b.write(t, "t.csv", "mailbox,message_id"+strings.Repeat(",x", 1000000)+"\n"))
	assert.Equal(t, exitUsage, r.status)
	assert.Contains(t, r.stderr, "names 1000002 columns, more than 1000; is it the right file?")
}

// Text that is not UTF-8 would ask for a different message than the intended one.
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

// The lines that programs write before the column names are understood, and so are their
// names for columns. Errors about other forms name the form and say what to do.
func TestFormsOfTargets(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	const alice = "alice@example.test"
	for name, text := range map[string]string{
		"separator said":      "sep=;\r\nmailbox;message_id\r\n" + alice + ";" + phishing + "\r\n",
		"separator in quotes": "\"sep=,\"\nmailbox,message_id\n" + alice + "," + phishing + "\n",
		"tab said":            "sep=\t\nmailbox\tmessage_id\n" + alice + "\t" + phishing + "\n",
		"PowerShell":          "\ufeff#TYPE Selected.System.Object\r\n\"mailbox\",\"message_id\"\r\n\"" + alice + "\",\"" + phishing + "\"\r\n",
		"Defender":            "Timestamp,NetworkMessageId,InternetMessageId,RecipientEmailAddress\n2026-11-24,x," + phishing + "," + alice + "\n",
		"Defender, JSON":      `{"InternetMessageId":"` + phishing + `","RecipientEmailAddress":"` + alice + `","NetworkMessageId":"x"}`,
		"Graph":               `{"mailbox":"` + alice + `","internetMessageId":"` + phishing + `"}`,
		"both names":          `{"mailbox":"` + alice + `","message_id":"` + phishing + `","messageId":"` + phishing + `"}`,
	} {
		r := b.run(t, "find", "-targets", b.write(t, "t", text))
		require.Equal(t, exitDone, r.status, "%s: %s", name, r.stderr)
		require.Len(t, r.lines, 1, name)
		assert.Equal(t, "found", r.lines[0]["outcome"], name)
	}
	for name, tt := range map[string]struct{ text, says string }{
		"UTF-16 without a mark": {"m\x00a\x00i\x00l\x00", "is UTF-16; save it as UTF-8"},
		"old Macintosh":         {"mailbox,message_id\r" + alice + "," + phishing + "\r", "no line feeds"},
		"array":                 {`[{"mailbox":"` + alice + `","message_id":"` + phishing + `"}]`, "is a JSON array; ewsq reads one object a line"},
		"only a separator":      {"sep=;\n", "is empty"},
		"line of a mistake":     {"#TYPE x\nmailbox,message_id\n" + alice + "," + phishing + "\n" + alice + ",\n", "line 4: names no message"},
		"two ids":               {`{"mailbox":"` + alice + `","message_id":"<a@b.example>","messageId":"<c@d.example>"}`, `names two Message-IDs, "<c@d.example>" and "<a@b.example>"; remove one`},
		"two mailboxes":         {`{"mailbox":"` + alice + `","recipientEmailAddress":"bob@example.test","message_id":"<a@b.example>"}`, "names two mailboxes"},
		"two columns":           {"mailbox,message_id,InternetMessageId\n", `names the Message-ID twice, as "message_id" and "InternetMessageId"`},
	} {
		r := b.run(t, "find", "-targets", b.write(t, "t", tt.text))
		assert.Equal(t, exitUsage, r.status, name)
		assert.Contains(t, r.stderr, tt.says, name)
	}
}
