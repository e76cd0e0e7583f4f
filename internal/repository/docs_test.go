package repository_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/repository"
)

// TestDocs checks that the Go code in the documentation compiles.
func TestDocs(t *testing.T) {
	t.Parallel()
	violations, blocks, err := docs(t).Check(tree(t).Markdown)
	require.NoError(t, err)
	assert.NotZero(t, blocks)
	report(t, "Each ```go block compiles: as a file, or with ctx, t and the packages it names.", violations)
}

func docs(t *testing.T) repository.Docs {
	t.Helper()
	tree := tree(t)
	return repository.Docs{Dir: rootDir, Module: tree.Module, ByName: repository.PackagesByName(tree)}
}

func TestPackagesByName(t *testing.T) {
	t.Parallel()
	byName := repository.PackagesByName(made(t, map[string]string{
		"auth/a.go":          "package auth",
		"auth/a_test.go":     "package auth_test",
		"deep/below/auth.go": "package auth",
		"slog/s.go":          "package slog",
		"examples/tool/m.go": "package main",
		"internal/hid/h.go":  "package hid",
	}))
	for name, want := range map[string]string{
		"auth": "example.com/m/auth", "slog": "example.com/m/slog", "http": "net/http",
		"context": "context", "main": "", "hid": "", "auth_test": "",
	} {
		assert.Equal(t, want, byName[name], name)
	}
}

func TestBlocks(t *testing.T) {
	t.Parallel()
	got, err := repository.Blocks(repository.TextFile{Path: "a.md", Text: "text\n" +
		"```go\none()\n\n\ttwo()\n```\n" +
		"```json\n{}\n```\n" +
		"```\nplain\n```\n" +
		"- item\n\n  ```go title\n  three()\n    four()\n  ```\n" +
		"~~~go\n```\nfive()\n~~~\n" +
		"````go\n```go\n````\n" +
		"```go\r\nsix()\r\n```\r\n" +
		"```gomod\nmodule m\n```\n"})
	require.NoError(t, err)
	assert.Equal(t, []repository.Block{
		{File: "a.md", Line: 3, Code: "one()\n\n\ttwo()\n"},
		{File: "a.md", Line: 16, Code: "three()\n  four()\n"},
		{File: "a.md", Line: 20, Code: "```\nfive()\n"},
		{File: "a.md", Line: 24, Code: "```go\n"},
		{File: "a.md", Line: 27, Code: "six()\r\n"},
	}, got)

	_, err = repository.Blocks(repository.TextFile{Path: "a.md", Text: "text\n\n```go\nf()\n"})
	require.EqualError(t, err, "a.md:3: the block is not closed")
}
