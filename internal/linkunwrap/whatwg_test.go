package linkunwrap_test

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/linkunwrap"
)

// URLs are read as browsers read them.
func TestCasesWHATWG(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("testdata/whatwg.txt")
	require.NoError(t, err)
	character := regexp.MustCompile(`\\u[0-9a-f]{4}`)
	n := 0
	for line := range strings.Lines(string(table)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' && strings.Count(line, "\t") == 0 {
			continue
		}
		fields := strings.Split(line, "\t")
		require.Len(t, fields, 3, line)
		link := strings.NewReplacer(`\t`, "\t", `\n`, "\n", `\r`, "\r").Replace(fields[0])
		link = character.ReplaceAllStringFunc(link, func(s string) string {
			r, _ := strconv.ParseUint(s[2:], 16, 32)
			return string(rune(r))
		})
		if fields[1] != "-" {
			var ok bool
			link, ok = linkunwrap.Resolve(fields[1], link)
			require.True(t, ok, line)
		}
		m, err := linkunwrap.NewMatcher(fields[2])
		require.NoError(t, err, line)
		assert.True(t, m.Match(link), "%s: %q", line, link)
		other, err := linkunwrap.NewMatcher(strings.NewReplacer("lure", "fine", "192.168.1.1", "192.168.1.2", "db8::1", "db8::2", "bcher-kva", "mnchen-3ya", "fa-hia", "bcher-kva").Replace(fields[2]))
		require.NoError(t, err, line)
		assert.False(t, other.Match(link), "%s: %q", line, link)
		n++
	}
	t.Logf("%d URLs", n)
}
