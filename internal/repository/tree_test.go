package repository_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/repository"
)

func TestLoad(t *testing.T) {
	t.Parallel()
	const src = "package p\n\nvar x = 1\n"
	tree := made(t, map[string]string{
		"README.md":              "text",
		".git/x.go":              "not Go",
		".github/README.md":      "text",
		"a/a.go":                 src,
		"a/a_test.go":            src,
		"a/tagged.go":            "//go:build never\n\n" + src,
		"a/testdata/broken.go":   "not Go",
		"a/testdata/README.md":   "text",
		"a/internal/b/README.md": "text",
		"a/internal/b/b.go":      src,
		"cmd/main.go":            "package main",
		"testdata/testdata.go":   src,
		"testdata/mail/note.md":  "text",
		"testdata/own/go.mod":    "module example.com/own",
		"testdata/own/own.go":    src,
		"a/data.txt":             "text",
	})
	assert.Equal(t, "example.com/m", tree.Module)
	var files, public, tests []string
	for _, f := range tree.Go {
		files = append(files, f.Path)
		if f.Public() {
			public = append(public, f.Path)
		}
		if f.IsTest() {
			tests = append(tests, f.Path)
		}
	}
	assert.Equal(t, []string{"a/a.go", "a/a_test.go", "a/internal/b/b.go", "a/tagged.go", "cmd/main.go", "testdata/testdata.go"}, files)
	assert.Equal(t, []string{"a/a.go", "a/a_test.go", "a/tagged.go", "testdata/testdata.go"}, public)
	assert.Equal(t, []string{"a/a_test.go"}, tests)
	assert.Equal(t, 3, tree.Go[0].Lines)
	assert.Equal(t, []repository.TextFile{{Path: "README.md", Text: "text"}, {Path: "a/internal/b/README.md", Text: "text"}}, tree.Markdown)
}

func TestLoadFails(t *testing.T) {
	t.Parallel()
	for name, root := range map[string]fstest.MapFS{
		"no go.mod":   {},
		"no module":   {"go.mod": {Data: []byte("go 1.26\n")}},
		"does not go": {"go.mod": {Data: []byte("module m\n")}, "a.go": {Data: []byte("not Go")}},
	} {
		_, err := repository.Load(root)
		require.Error(t, err, name)
	}
}
