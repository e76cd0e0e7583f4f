package repository

import (
	"fmt"
	"regexp"
	"strings"
)

// Phrase is a turn of phrase that must not be used.
type Phrase struct {
	RE      *regexp.Regexp
	Except  *regexp.Regexp // fine if this matches the paragraph up to the phrase's end; may be nil
	Instead string
}

// CheckPhrases returns each occurrence of a phrase, with what to write instead. It
// skips the file that lists the phrases.
func CheckPhrases(prose []*Prose, phrases []Phrase, list string) []string {
	var out []string
	for _, p := range prose {
		if p.File == list {
			continue
		}
		for _, phrase := range phrases {
			if prefix, _ := phrase.RE.LiteralPrefix(); !strings.Contains(p.Text, prefix) {
				continue // much faster than trying the expression
			}
			for _, m := range phrase.RE.FindAllStringIndex(p.Text, -1) {
				if phrase.Except == nil || !phrase.Except.MatchString(p.Text[:m[1]]) {
					out = append(out, fmt.Sprintf("%s:%d: %q: write %s", p.File, p.Line(m[0]), p.Text[m[0]:m[1]], phrase.Instead))
				}
			}
		}
	}
	return out
}
