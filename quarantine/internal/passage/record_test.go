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

var (
	update = flag.Bool("update", false, "write the records of what the engine does anew; read the diff")
	whole  = flag.Bool("whole", false, "play all histories of testdata/histories.txt, not a quarter of them")
)

// names matches the names of operations and attempts, which are random.
var names = regexp.MustCompile(`\b[a-z2-7]{26}\b`)

// record is a file that describes what the engine does, with a line for each case.
type record struct {
	file string
	want map[string]string // lines by case, which is the text before the colon
	got  []string
}

func open(t *testing.T, file string) *record {
	t.Helper()
	text, err := os.ReadFile(file)
	if !*update {
		require.NoError(t, err)
	}
	r := &record{file: file, want: map[string]string{}}
	for line := range strings.Lines(string(text)) {
		name, _, _ := strings.Cut(line, ": ")
		r.want[name] = strings.TrimSuffix(line, "\n")
	}
	return r
}

// line compares the line of a case with the one in the file.
func (r *record) line(t *testing.T, line string) {
	t.Helper()
	line = strings.TrimSpace(counted(names.ReplaceAllString(line, "NAME")))
	r.got = append(r.got, line)
	if name, _, _ := strings.Cut(line, ": "); !*update {
		require.Equal(t, r.want[name], line)
	}
}

// counted writes a run of identical looks as a number.
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

// close checks that there was a case for each line, if all were played.
func (r *record) close(t *testing.T, all bool) {
	t.Helper()
	switch {
	case *update:
		require.NoError(t, os.WriteFile(r.file, []byte(strings.Join(r.got, "\n")+"\n"), 0o600))
	case all:
		require.Len(t, r.got, len(r.want))
	}
}
