package repository_test

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/repository"
)

// phrases must not be used in comments, strings and documents. Each comes with what to
// write instead. A phrase is found across the lines of a paragraph. Expressions that begin
// with plain text are the fastest.
var phrases = []struct{ re, instead, except string }{
	{re: `stands? for the defaults?\b`, instead: `"nil means the defaults", "the zero value means the default"`},
	{
		re: `is no (SMTP|setting|message|file|result|page|number|name|error|failure|` +
			`address|folder|mailbox|item|journal|id|header)\b`,
		except:  `(\b[Tt]here |\w)is no \w+$`,
		instead: `"is not a ..."`,
	},
	{re: `That (a|an|the|there|it) [^.]* is no (error|failure)\b`, instead: `"It is not an error if ..."`},
	{re: `of one['’]s own\b`, instead: `"custom"`},
	{re: `here is none\b`, instead: `"does not exist", "has none"`},
	{re: `takes? the messages up\b`, instead: `"receives quarantined messages"`},
	{re: `what hangs on\b`, instead: `"what depends on"`},
	{re: `Again says\b`, instead: `"Again reports"`},
	{re: `is not there any more\b`, instead: `"is gone", "no longer exists"`},
	{re: `as need be\b`, instead: `"as needed"`},
	{re: `at the longest\b`, instead: `"at most"`},
	{re: `goes before the general\b`, instead: `"takes precedence over the general"`},
	{re: `put right first\b`, instead: `"fix ... first"`},
	{re: `keeps rights in a cache\b`, instead: `"caches rights"`},
	{re: `Err([A-Z]\w+ matches (a|an|the|what|who)|Gone matches)\b`, instead: `"reports that ..."`},
}

func compiled() []repository.Phrase {
	var out []repository.Phrase
	for _, p := range phrases {
		c := repository.Phrase{RE: regexp.MustCompile(p.re), Instead: p.instead}
		if p.except != "" {
			c.Except = regexp.MustCompile(p.except)
		}
		out = append(out, c)
	}
	return out
}

func TestPhrases(t *testing.T) {
	t.Parallel()
	const self = "internal/repository/phrases_test.go"
	report(t, "Plain English, as native speakers write it. The list is in "+self+".",
		repository.CheckPhrases(repository.ProseOf(tree(t)), compiled(), self))
}

func TestPhrasesMatch(t *testing.T) {
	t.Parallel()
	// Each line is how many phrases must be found in the text after it.
	lines, err := os.ReadFile("testdata/phrases.txt")
	require.NoError(t, err)
	for line := range strings.Lines(string(lines)) {
		number, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		want, err := strconv.Atoi(number)
		require.NoError(t, err, line)
		prose := repository.ProseOf(made(t, map[string]string{"a.md": text}))
		assert.Len(t, repository.CheckPhrases(prose, compiled(), ""), want, text)
	}
}
