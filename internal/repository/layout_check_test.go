package repository_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/repository"
)

func TestCheckFolders(t *testing.T) {
	t.Parallel()
	got, err := repository.CheckFolders(madeFS(map[string]string{
		".gitignore":  "*.test\n/bin/\n",
		".ci/run":     "",
		"bin/tool":    "",
		"auth/a.go":   "package auth",
		"extra/x.txt": "",
	}), "auth", "ews")
	require.NoError(t, err)
	assert.Equal(t, []string{
		"extra: the top level has only the folders auth, ews",
		"ews: the folder is missing",
	}, got)

	_, err = repository.CheckFolders(madeFS(nil))
	require.Error(t, err, "no .gitignore")
}

func TestCheckLines(t *testing.T) {
	t.Parallel()
	tree := made(t, map[string]string{
		"a/short.go":     "package a" + strings.Repeat("\n", 5),
		"a/long.go":      "package a" + strings.Repeat("\n", 6),
		"a/long_test.go": "package a" + strings.Repeat("\n", 7),
		"a/long.md":      strings.Repeat("\n", 9),
	})
	assert.Equal(t, []string{
		"a/long.go has 6 lines, the limit is 5",
		"a/long_test.go has 7 lines, the limit is 5",
	}, repository.CheckLines(tree, 5))
}

func TestCheckSizes(t *testing.T) {
	t.Parallel()
	got, err := repository.CheckSizes(madeFS(map[string]string{
		".gitignore":     "*.test\n/bin/\n/tool\n",
		".git/pack":      strings.Repeat("x", 101),
		"bin/a":          strings.Repeat("x", 101),
		"tool":           strings.Repeat("x", 101),
		"a/x.test":       strings.Repeat("x", 101),
		"a/tool":         strings.Repeat("x", 101),
		"a/small":        strings.Repeat("x", 100),
		"testdata/large": strings.Repeat("x", 102),
	}), 100)
	require.NoError(t, err)
	assert.Equal(t, []string{
		"a/tool has 101 bytes, the limit is 100",
		"testdata/large has 102 bytes, the limit is 100",
	}, got)

	_, err = repository.CheckSizes(madeFS(nil), 100)
	require.Error(t, err, "no .gitignore")
}

func TestCheckNames(t *testing.T) {
	t.Parallel()
	tree := made(t, map[string]string{
		"util/a.go":       "package tools",
		"util/b.go":       "package tools",
		"util/sub/c.go":   "package sub",
		"x/common.go":     "package x",
		"x/util_test.go":  "package util_test",
		"helpersome/h.go": "package helpersome",
	})
	assert.Equal(t, []string{
		"util: a package named util does not say what it is for",
		"x: a package named util does not say what it is for",
	}, repository.CheckNames(tree, "util", "common", "helpers"))
}

func TestCheckContextFields(t *testing.T) {
	t.Parallel()
	tree := made(t, map[string]string{
		"a/a.go": `package a

import "context"

type bad struct {
	n   int
	ctx context.Context
}
type embeds struct{ context.Context }
type points struct {
	a, b *(context.Context)
	c    []context.Context
}
type good struct {
	f func(context.Context)
	g context.CancelFunc
	h other.Context
}

func f(ctx context.Context) any {
	return struct{ c context.Context }{ctx}
}

type Interface interface{ M(context.Context) }
`,
		"a/a_test.go":  "package a\n\nimport \"context\"\n\ntype t struct{ ctx context.Context }\n",
		"a/renamed.go": "package a\n\nimport std \"context\"\n\ntype r struct{ ctx std.Context }\n",
		"a/dot.go":     "package a\n\nimport . \"context\"\n\ntype d struct{ ctx Context }\n",
		"a/other.go":   "package a\n\nimport context \"example.org/other\"\n\ntype o struct{ ctx context.Context }\n",
	})
	const what = ": a struct contains a context.Context; pass it to each call instead"
	assert.Equal(t, []string{
		"a/a.go:7" + what, "a/a.go:9" + what, "a/a.go:11" + what, "a/a.go:12" + what, "a/a.go:21" + what,
		"a/dot.go:5" + what, "a/renamed.go:5" + what,
	}, repository.CheckContextFields(tree))
}

func TestCheckComments(t *testing.T) {
	t.Parallel()
	const src = `

func Bare() {}

// Said is explained.
func Said() {}

//go:noinline
func Directive() {}

func unexported() {}

type T struct{}

func (t *T) M() {}

// N is explained.
func (T) N() {}

type hidden struct{}

func (hidden) M() {}

// G has a parameter.
type G[P any] struct{}

func (*G[P]) M() {}

// A comment on a group of types is not enough.
type (
	U int
	// V is explained.
	V int
)

// Constants of one kind.
const (
	A = 1
	B = 2
)

const (
	C = 1
	D = 2 // explained
	// E is explained.
	E = 3
	f = 4
)

var X, y, Z = 1, 2, 3
`
	tree := made(t, map[string]string{
		"a/a.go":            "package a" + src,
		"a/a_test.go":       "package a" + src,
		"a/internal/b/b.go": "package b" + src,
		"cmd/main.go":       "package main" + src,
	})
	const what = " has no doc comment"
	assert.Equal(t, []string{
		"a/a.go:3: Bare" + what, "a/a.go:9: Directive" + what, "a/a.go:13: T" + what, "a/a.go:15: T.M" + what,
		"a/a.go:27: G.M" + what, "a/a.go:31: U" + what, "a/a.go:43: C" + what, "a/a.go:50: X" + what, "a/a.go:50: Z" + what,
	}, repository.CheckComments(tree))
}
