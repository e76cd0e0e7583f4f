package passage

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each row has a distinct name: for rows that end alike, the condition is part of it.
func TestRowsHaveNames(t *testing.T) {
	t.Parallel()
	assert.Contains(t, Rows(), "prove")
	assert.Contains(t, Rows(), "carry (sent nothing yet)")
	seen := map[string]bool{}
	for _, name := range Rows() {
		assert.False(t, seen[name], name)
		seen[name] = true
	}
}

// The table in the package comment, which people read, is the one that runs.
func TestTableOfThePackageComment(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	var written [][4]string
	columns := []int(nil)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(strings.TrimPrefix(line, "//\t"), "\n")
		if strings.HasPrefix(line, "original ") {
			for _, head := range []string{"original", "copy", "and", "row", "so"} {
				columns = append(columns, strings.Index(line, head))
			}
			continue
		}
		if columns == nil || strings.HasPrefix(line, "//") || len(line) < columns[4] {
			continue
		}
		cell := func(i int) string { return strings.TrimSpace(line[columns[i]:columns[i+1]]) }
		written = append(written, [4]string{cell(0), cell(1), cell(2), cell(3)})
	}
	var run [][4]string
	for _, r := range rules {
		run = append(run, [4]string{string(r.original), string(r.copied), r.and, string(r.row)})
	}
	run = append(run, [4]string{"otherwise", "", "", string(rowLookAgain)})
	assert.Equal(t, run, written)
}
