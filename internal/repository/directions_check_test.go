package repository_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/internal/repository"
)

func TestCheckDirections(t *testing.T) {
	t.Parallel()
	tree := made(t, map[string]string{
		"core/a.go":       "package core\n\nimport _ \"example.com/m/low\"\n",
		"core/b.go":       "package core\n\nimport (\n\t\"fmt\"\n\tx \"example.com/m/high\"\n)\n",
		"core/a_test.go":  "package core\n\nimport _ \"example.com/m/suite\"\n",
		"core/deep/d.go":  "package deep\n\nimport _ \"example.com/m/core\"\n",
		"high/h.go":       "//go:build windows\n\npackage high\n\nimport (\n\t_ \"example.com/m/suite\"\n\t_ \"example.org/other\"\n)\n",
		"low/l.go":        "package low\n",
		"suite/s.go":      "package suite\n\nimport _ \"example.com/m/suite/part\"\n",
		"suite/part/p.go": "package part\n",
		"new/n_test.go":   "package new\n",
		"demo/x/main.go":  "package main\n\nimport _ \"example.com/m/suite\"\n",
	})
	rules := []repository.Rule{
		{Package: "core", Imports: []string{"low"}},
		{Package: "core/...", Imports: nil},
		{Package: "core/deep", Imports: []string{"core"}},
		{Package: "low"},
		{Package: "high", Imports: []string{"..."}},
		{Package: "suite/...", Imports: []string{"suite/..."}},
		{Package: "demo/...", Imports: []string{"..."}},
		{Package: "gone"},
	}
	reserved := []repository.Reservation{
		{Package: "suite/...", For: []string{"demo/..."}},
		{Package: "lost/..."},
	}
	assert.Equal(t, []string{
		"core imports high, which its rule does not allow: core/b.go:5",
		"high imports suite, which is reserved for demo/..., tests: high/h.go:6",
		"package new has no rule; add one that says what it may import",
		"the rule for core/... applies to no package",
		"the rule for gone applies to no package",
		"the reservation of lost/... covers no package",
	}, repository.CheckDirections(tree, rules, reserved))
}

func TestCheckDirectionsShortensPlaces(t *testing.T) {
	t.Parallel()
	const src = "package a\n\nimport _ \"example.com/m/b\"\n"
	tree := made(t, map[string]string{
		"a/1.go": src, "a/2.go": src, "a/3.go": src, "a/4.go": src, "a/5.go": src, "b/b.go": "package b\n",
	})
	assert.Equal(t,
		[]string{"a imports b, which its rule does not allow: a/1.go:3, a/2.go:3, a/3.go:3 and 2 more"},
		repository.CheckDirections(tree, []repository.Rule{{Package: "a"}, {Package: "b"}}, nil))
}

func TestCheckModules(t *testing.T) {
	t.Parallel()
	tree := made(t, map[string]string{
		"a/a.go":      "package a\n\nimport (\n\t_ \"encoding/json\"\n\t_ \"example.com/m/b\"\n\t_ \"example.org/one/sub\"\n\t_ \"example.org/onerous\"\n)\n",
		"a/a_test.go": "package a\n\nimport _ \"example.org/testing\"\n",
		"b/b.go":      "package b\n\nimport _ \"example.org/one\"\n",
		"c/c.go":      "package c\n",
	})
	assert.Equal(t, []string{
		"a imports the module example.org/onerous, which the table does not allow: a/a.go:7",
		"b imports the module example.org/one, which the table does not allow: b/b.go:3",
		"c does not import example.org/one: remove it from the table",
		"d does not import example.org/two: remove it from the table",
	}, repository.CheckModules(tree, map[string][]string{
		"a": {"example.org/one"},
		"c": {"example.org/one"},
		"d": {"example.org/two"},
	}))
}
