package terminal_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/examples/internal/terminal"
)

func TestEscape(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                         "",
		`C:\dir "x"`:               `C:\dir "x"`,
		"Zürich, 東京 💰":             "Zürich, 東京 💰",
		"\x1b[2J\x1b]0;title\x07":  `\x1b[2J\x1b]0;title\x07`,
		"a\r\nalice: quarantined":  `a\x0d\x0aalice: quarantined`,
		"\u009b31m":                `\x9b31m`,
		"invoice\u202efdp.exe":     `invoice\u202efdp.exe`,
		"a\u2028b\ufeffc\u200bd":   `a\u2028b\ufeffc\u200bd`,
		"\U000e0041":               `\U000e0041`,
		"caf\xe9":                  `caf\xe9`,
		"\ufffd":                   `\ufffd`,
		"no\u00a0break\tand\x7fes": `no\xa0break\x09and\x7fes`,
	} {
		assert.Equal(t, want, terminal.Escape(in))
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "Grüße", terminal.Cut("Grüße", 5))
	assert.Equal(t, "Grü…", terminal.Cut("Grüße", 4))
	assert.Equal(t, `\x1b…`, terminal.Cut("\x1b\x1b", 5), "an escape counts as it is shown")
}

func FuzzJSONLine(f *testing.F) {
	f.Add("\x1b[2J\u009b\u202e\U000e0041\u2028<&> Zürich")
	f.Add("\xff\ufffd\x00")
	f.Add(`\\u003c \\\u003c \u003e & <`)
	f.Fuzz(func(t *testing.T, s string) {
		line, err := terminal.JSONLine(map[string]string{s: s})
		require.NoError(t, err)
		text, found := strings.CutSuffix(string(line), "\n")
		require.True(t, found)
		assert.False(t, strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) && r != 0xFFFD }), "%q", text)
		var back map[string]string
		require.NoError(t, json.Unmarshal(line, &back))
		want := strings.ToValidUTF8(s, "\ufffd")
		for k, v := range back {
			// Runs of bad bytes count one by one in JSON.
			assert.Equal(t, strings.ReplaceAll(want, "\ufffd", ""), strings.ReplaceAll(v, "\ufffd", ""))
			assert.Equal(t, k, v)
		}
		assert.False(t, strings.ContainsFunc(terminal.Escape(s), func(r rune) bool { return !unicode.IsPrint(r) }))
	})
}

// own has a MarshalJSON method that escapes for HTML, as a receipt's item does.
type own string

func (o own) MarshalJSON() ([]byte, error) { return json.Marshal(string(o)) }

func TestJSONLineReadsAsItIs(t *testing.T) {
	t.Parallel()
	line, err := terminal.JSONLine([]any{"<a&b@c>", `\u003c`, "\u2028", own("<a&b@c>"), own(`\u003c`)})
	require.NoError(t, err)
	assert.Equal(t, `["<a&b@c>","\\u003c","\u2028","<a&b@c>","\\u003c"]`+"\n", string(line))
	line, err = terminal.JSONLine([]any{own("<a&b@c>"), `\u003c`})
	require.NoError(t, err)
	assert.Equal(t, `["<a&b@c>","\\u003c"]`+"\n", string(line))
}

func ExampleEscape() {
	subject := "Your parcel \x1b[2J\x1b[31mis waiting"
	fmt.Println(terminal.Escape(subject))
	// Output: Your parcel \x1b[2J\x1b[31mis waiting
}
