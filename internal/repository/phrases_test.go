package repository_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"

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
	for text, want := range map[string]int{
		"A nil Limiter stands for the defaults.":              1,
		"Zero values stand for the default.":                  1,
		"A nil Limiter means the defaults.":                   0,
		"alice is no SMTP address":                            1,
		"\"x\" is no setting":                                 1,
		"is no header":                                        1,
		"a page that is no page":                              1,
		"There is no message, and there is no error.":         0,
		"(there is no folder)":                                0,
		"With this no item is left.":                          0,
		"It is no longer there.":                              0,
		"That a message is not found is no failure.":          2, // as the general phrase, too
		"That is it. There is no error.":                      0,
		"a strategy of one's own":                             1,
		"nil if there is none":                                1,
		"the mailbox that takes the messages up":              1,
		"what hangs on it is skipped":                         1,
		"Again says whether it helps.":                        1,
		"the folder is not there any more":                    1,
		"as often as need be":                                 1,
		"a minute at the longest":                             1,
		"the special one goes before the general one":         1,
		"not looked at: mailbox has to be put right first":    1,
		"Exchange keeps rights in a cache":                    1,
		"ErrGone matches errors":                              1,
		"ErrThrottled matches what a server says":             1,
		"ErrThrottled matches errors that say so":             0,
		"ErrThrottled reports that the server asked to wait.": 0,
	} {
		prose := repository.ProseOf(made(t, map[string]string{"a.md": text}))
		assert.Len(t, repository.CheckPhrases(prose, compiled(), ""), want, text)
	}
}
