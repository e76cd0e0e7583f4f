package passage_test

import (
	"flag"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the records of what the engine does anew; read the diff")

// names are those of operations and attempts, which are random.
var names = regexp.MustCompile(`\b[a-z2-7]{26}\b`)

// record is a file that says what the engine does, a line for each case.
type record struct {
	file string
	want []string
	got  []string
}

func open(t *testing.T, file string) *record {
	t.Helper()
	text, err := os.ReadFile(file)
	if !*update {
		require.NoError(t, err)
	}
	return &record{file: file, want: strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")}
}

// line compares a line with the next one of the file.
func (r *record) line(t *testing.T, line string) {
	t.Helper()
	line = strings.TrimSpace(counted(names.ReplaceAllString(line, "NAME")))
	r.got = append(r.got, line)
	if !*update {
		require.LessOrEqual(t, len(r.got), len(r.want), line)
		require.Equal(t, r.want[len(r.got)-1], line)
	}
}

// counted writes looks that are like the one before as a number.
func counted(line string) string {
	var b strings.Builder
	looks := strings.Split(line, " look-again ")
	for i, n := 0, 0; i < len(looks); i += n {
		for n = 1; i+n < len(looks) && looks[i+n] == looks[i]; n++ {
		}
		if i > 0 {
			b.WriteString(" look-again ")
		}
		if b.WriteString(looks[i]); n > 1 {
			b.WriteString("*" + strconv.Itoa(n))
		}
	}
	return b.String()
}

// close checks that there was a case for each line.
func (r *record) close(t *testing.T) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(r.file, []byte(strings.Join(r.got, "\n")+"\n"), 0o600))
		return
	}
	require.Len(t, r.got, len(r.want))
}
