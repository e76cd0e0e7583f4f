package repository_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/repository"
)

// TestLinks checks that a product with its own mail system links nothing for Exchange.
func TestLinks(t *testing.T) {
	t.Parallel()
	roots := []string{"quarantine", "quarantine/quarantinetest", "examples/customstrategy"}
	rule := repository.Links{
		Module: tree(t).Module,
		Own: []string{
			"ews/...", "auth", "throttle",
			"quarantine/exchange/...", "quarantine/ewsmail", "quarantine/boltjournal",
		},
		Modules: []string{"golang.org/x/net", "golang.org/x/text", "github.com/emersion/go-message"},
	}
	args := []string{"-deps"}
	for _, r := range roots {
		args = append(args, "./"+r)
	}
	packages, err := repository.List(rootDir, args...)
	require.NoError(t, err)
	var violations []string
	for _, r := range roots {
		violations = append(violations, rule.Check(packages, r)...)
	}
	report(t, "These packages must link neither Exchange nor a module beyond the few in links_test.go.", violations)
}

func TestLinksCheck(t *testing.T) {
	t.Parallel()
	module := func(path string) *struct{ Path string } { return &struct{ Path string }{path} }
	packages := map[string]*repository.Package{}
	for _, p := range []repository.Package{
		{ImportPath: "example.com/m/core", Imports: []string{"fmt", "example.com/m/mid", "example.org/good/x"}},
		{ImportPath: "example.com/m/mid", Imports: []string{"example.com/m/far", "example.com/m/ews/client", "example.org/bad"}},
		{ImportPath: "example.com/m/far", Imports: []string{"example.com/m/ews/client"}},
		{ImportPath: "example.com/m/ews/client", Imports: []string{"example.com/m/ews/hidden"}},
		{ImportPath: "example.com/m/ews/hidden"},
		{ImportPath: "example.com/m/clean", Imports: []string{"fmt", "C", "unsafe", "example.org/good/x"}},
		{ImportPath: "example.com/m/torn", Imports: []string{"example.org/lost"}},
		{ImportPath: "example.com/m/broken", Error: &struct{ Err string }{"syntax error"}},
		{ImportPath: "example.org/good/x", Module: module("example.org/good")},
		{ImportPath: "example.org/bad", Module: module("example.org/bad")},
		{ImportPath: "fmt", Standard: true, Imports: []string{"vendor/unlisted"}},
		{ImportPath: "unsafe", Standard: true},
	} {
		packages[p.ImportPath] = &p
	}
	rule := repository.Links{Module: "example.com/m", Own: []string{"ews/..."}, Modules: []string{"example.org/good"}}
	assert.Equal(t, []string{
		"core links ews/client: core -> mid -> ews/client",
		"core links example.org/bad: core -> mid -> example.org/bad",
	}, rule.Check(packages, "core"))
	assert.Empty(t, rule.Check(packages, "clean"))
	assert.Equal(t, []string{"torn links example.org/lost: torn -> example.org/lost"}, rule.Check(packages, "torn"))
	assert.Equal(t, []string{"broken cannot be loaded"}, rule.Check(packages, "broken"))
	assert.Equal(t, []string{"missing cannot be loaded"}, rule.Check(packages, "missing"))
}

func TestList(t *testing.T) {
	t.Parallel()
	packages, err := repository.List(rootDir, "-deps", "./internal/repository", "./internal/xmlwire", "./no/such/folder")
	require.NoError(t, err)
	own := packages["github.com/ewsquarantine/ewsquarantine/internal/repository"]
	require.NotNil(t, own)
	assert.Contains(t, own.Imports, "go/types")
	assert.Equal(t, tree(t).Module, own.Module.Path)
	assert.True(t, packages["go/types"].Standard)
	lost := packages["./no/such/folder"]
	require.NotNil(t, lost)
	assert.NotNil(t, lost.Error)

	_, err = repository.List(rootDir, "-no-such-flag")
	require.ErrorContains(t, err, "no-such-flag")
}
