package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const scaleFile = "internal/mutate/testdata/scale/scale.go"

// scaleJob tries the package in testdata.
func scaleJob(t *testing.T, out io.Writer) *job {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	pkg := "internal/mutate/testdata/scale"
	return &job{
		scope: scope{
			files:  []string{pkg + "/*.go"},
			tables: []table{{name: "rules", columns: []int{0}, wildcard: "anywhere"}},
			killers: []killer{
				{name: "explorer", pkg: pkg, run: "^TestExplore$", explorer: true, virtual: true},
				{name: "scale", pkg: pkg, run: "^Test", skip: "^TestExplore$"},
			},
		},
		root: root, jobs: 2, timeout: time.Minute, out: out, progress: io.Discard,
	}
}

func TestFindsEveryCondition(t *testing.T) {
	t.Parallel()
	_, all, err := scaleJob(t, nil).sources()
	require.NoError(t, err)
	var got []string
	for _, c := range all {
		assert.Equal(t, scaleFile, c.file)
		got = append(got, strings.TrimPrefix(c.key(), scaleFile+" "))
	}
	assert.Equal(t, []string{
		`rules: row {"sea", func(grams int) bool { return grams > 1000 }, "by sea"}`,
		`rules: row {anywhere, nil, "by air"}`,
		`rules: cell 1 of {"sea", func(grams int) bool { return grams > 1000 }, "by sea"}`,
		`rules: grams > 1000`,
		`Way: (r.from == anywhere || r.from == from) && (r.heavy == nil || r.heavy(grams))`,
		`Way: r.from == anywhere || r.from == from`,
		`Way: r.heavy == nil || r.heavy(grams)`,
		`Way: r.from == anywhere`,
		`Way: r.from == from`,
		`Way: r.heavy == nil`,
		`Way: r.heavy(grams)`,
		`Kind: case "letter"`,
		`Kind: case "card"`,
		`Kind: true`,
		`Kind: !light`,
		`Kind: grams < 0`,
		`Kind: grams < 20`,
		`Kind: true #2`,
		`Kind: false`,
		`Kind: false #2`,
		`Weighed: grams == 0`,
		`Weighed: grams > 0`,
		`Known: case "leaf"`,
		`Known: known = true`,
		`Known: known`,
		`Spoons: !(left < 20)`,
	}, got)
}

func TestTriesEveryMutant(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	j := scaleJob(t, &out)
	j.equivalent = map[string]string{scaleFile + " Kind: grams < 0": "what is lighter than nothing does not matter"}
	j.results = filepath.Join(t.TempDir(), "results")
	before, err := os.ReadFile("testdata/scale/scale.go")
	require.NoError(t, err)
	sum, err := j.try(t.Context())
	require.NoError(t, err)
	for condition, fate := range map[string]string{
		`row {"sea"`:             "test: scale TestWay",
		`cell 1 of {"sea"`:       "test: scale TestWay",
		`row {anywhere`:          "test: scale TestWay",
		`grams > 1000`:           "test: scale TestWay",
		`r.heavy(grams)`:         "test: scale TestWay",
		`case "letter"`:          "explorer: fails",
		`case "card"`:            "explorer: lost",
		`!light`:                 "explorer: fails",
		`grams < 0`:              "equivalent: what is lighter than nothing does not matter",
		`case "leaf"`:            "test: scale TestKnown",
		`known = true`:           "test: scale TestKnown",
		`false`:                  "SURVIVED: no test comes here",
		`!(left < 20)`:           "test: scale TestSpoons hangs",
		`r.from == anywhere`:     "test: scale TestWay",
		`grams < 20`:             "explorer: fails",
		`r.from == from`:         "test: scale TestWay",
		`r.heavy == nil`:         "test: scale TestWay",
		`r.heavy == nil || r.he`: "test: scale TestWay",
	} {
		re := regexp.MustCompile(`\d+ +` + regexp.QuoteMeta(scaleFile) + `:\d+ +` + regexp.QuoteMeta(condition) + `.*` + regexp.QuoteMeta(fate))
		assert.Regexp(t, re, out.String())
	}
	assert.Equal(t, tally{conditions: 26, explorer: 5, tests: 15, survived: 5, equivalent: 1}, sum)
	assert.True(t, strings.HasSuffix(out.String(), "\nmutate: conditions=26 killed=20 survived=5 equivalent=1\n"), out.String())
	after, err := os.ReadFile("testdata/scale/scale.go")
	require.NoError(t, err)
	assert.Equal(t, before, after, "no file is changed")
}

func TestEquivalentConditionsExist(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	_, all, err := (&job{scope: engine(true), root: root, equivalent: equivalent}).sources()
	require.NoError(t, err)
	assert.NotEmpty(t, all)
	_, _, err = (&job{scope: engine(true), root: root, equivalent: map[string]string{"x.go F: a": "gone"}}).sources()
	require.ErrorContains(t, err, "one that does not exist: x.go F: a")
}

func TestResultsAreUsedAgain(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "results")
	c := condition{file: "a.go", function: "F", text: "x", nth: 2, body: "func F"}
	killed := result{Condition: "a.go F: x #2", Function: fingerprint("func F"), Test: "T"}
	j := &job{quick: true}
	assert.True(t, j.enough(killed))
	j.quick = false
	assert.False(t, j.enough(killed), "the explorer has had no turn")
	killed.Explored = true
	assert.True(t, j.enough(killed))
	j.scope = engine(true)
	assert.False(t, j.enough(killed), "the whole explorer has had none")
	first, err := openResults(name)
	require.NoError(t, err)
	_, tried := first.of(c)
	assert.False(t, tried)
	require.NoError(t, first.add(killed))
	require.NoError(t, first.add(result{Condition: "a.go F: x", Function: fingerprint("func F")}))
	require.NoError(t, first.close())

	again, err := openResults(name)
	require.NoError(t, err)
	r, tried := again.of(c)
	assert.True(t, tried)
	assert.Equal(t, killed, r)
	survivor := c
	survivor.nth = 1
	_, tried = again.of(survivor)
	assert.False(t, tried, "what survived is tried again")
	changed := c
	changed.body = "func F2"
	_, tried = again.of(changed)
	assert.False(t, tried, "the function has changed")
	require.NoError(t, again.close())
}
