package main

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Something can stay undecided for a third more than writeDoubt, plus searchLag. With the
// defaults that the guide gives, that is the number of minutes stated in the guide and the
// help.
func TestRecoverTime(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../OPERATING.md")
	require.NoError(t, err)
	help := (&bundle{}).bare(t, "help", "recover").stdout
	for of, minutes := range map[string]*regexp.Regexp{
		"the guide, Undecided":     regexp.MustCompile(`(\d+) minutes after it was stamped`),
		"the guide, After a crash": regexp.MustCompile(`can be \[undecided\]\(#undecided\) for\s+(\d+) minutes`),
		"the help":                 regexp.MustCompile(`may still take effect,\s+for\s+(\d+) minutes`),
	} {
		in := string(text)
		if of == "the help" {
			in = help
		}
		found := minutes.FindStringSubmatch(in)
		require.NotNil(t, found, of)
		assert.Equal(t, "21", found[1], "%s: writeDoubt 15m, a third more, and searchLag 1m", of)
	}
}
