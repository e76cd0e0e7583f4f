package terminal_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/examples/internal/terminal"
)

// glass renders what a terminal would show.
type glass struct {
	lines  [][]rune
	column int
	writes int
}

func (g *glass) Write(b []byte) (int, error) {
	g.writes++
	if g.lines == nil {
		g.lines = [][]rune{nil}
	}
	for _, r := range string(b) {
		last := &g.lines[len(g.lines)-1]
		switch {
		case r == '\n':
			g.lines, g.column = append(g.lines, nil), 0
		case r == '\r':
			g.column = 0
		default:
			g.put(last, r)
			if r == '東' || r == '京' {
				g.put(last, 0) // it takes up two columns
			}
		}
	}
	return len(b), nil
}

func (g *glass) put(line *[]rune, r rune) {
	if g.column < len(*line) {
		(*line)[g.column] = r
	} else {
		*line = append(*line, r)
	}
	g.column++
}

func (g *glass) String() string {
	var all []string
	for _, l := range g.lines {
		all = append(all, strings.TrimRight(strings.ReplaceAll(string(l), "\x00", ""), " "))
	}
	return strings.Join(all, "\n")
}

func wide(n int) func() int { return func() int { return n } }

func TestScreen(t *testing.T) {
	t.Parallel()
	var g glass
	s := terminal.NewScreen(&g, wide(20))
	require.True(t, s.IsTerminal())
	s.Status("1/10 done, slow")
	s.Status("2/10 done")
	assert.Equal(t, "2/10 done", g.String(), "nothing is left of the longer one before")
	writes := g.writes
	n, err := fmt.Fprintln(s, "alice: quarantined")
	require.NoError(t, err)
	assert.Equal(t, len("alice: quarantined\n"), n)
	assert.Equal(t, writes+1, g.writes, "in one go")
	assert.Equal(t, "alice: quarantined\n2/10 done", g.String())
	_, err = fmt.Fprintln(s.Above(&g), "{}")
	require.NoError(t, err)
	assert.Equal(t, "alice: quarantined\n{}\n2/10 done", g.String())
	s.Status("a text that is longer than the terminal is wide")
	assert.Equal(t, "alice: quarantined\n{}\na text that is long", g.String())
	s.Status("東京東京東京東京東京東京")
	assert.Equal(t, "alice: quarantined\n{}\n東京東京東京東京東", g.String(), "they take up two columns each")
	s.Status("\x1b[2J")
	assert.Contains(t, g.String(), `\x1b[2J`)
	s.Status("")
	assert.Equal(t, "alice: quarantined\n{}\n", g.String())
	assert.Zero(t, g.column)
	s.Status("")
	_, err = fmt.Fprintln(s, "end")
	require.NoError(t, err)
	assert.Equal(t, "alice: quarantined\n{}\nend\n", g.String())
}

func TestScreenElsewhere(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := terminal.NewScreen(&out, nil)
	assert.False(t, s.IsTerminal())
	s.Status("1/10 done")
	_, err := fmt.Fprintln(s.Above(&out), "line")
	require.NoError(t, err)
	assert.Equal(t, "line\n", out.String())
}

func TestScreenConcurrently(t *testing.T) {
	t.Parallel()
	var g glass
	s := terminal.NewScreen(&g, wide(40))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 20 {
				s.Status(strings.Repeat("*", i+1))
				_, _ = fmt.Fprintln(s, "line")
			}
		})
	}
	wg.Wait()
	s.Status("")
	assert.Equal(t, strings.Repeat("line\n", 160), g.String())
}

func TestColumnsOfAFile(t *testing.T) {
	t.Parallel()
	f, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	defer f.Close()
	assert.Nil(t, terminal.Columns(f))
}
