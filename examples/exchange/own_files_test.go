package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Files that an earlier run did not write are never replaced.
func TestForeignFilesAreLeftAlone(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"targets.csv":    {"-fill", "1x1", "-targets"},
		"ewsq.json":      {"-api", "graph", "-client"},
		"quarantine.pfx": {"-api", "graph", "-client"},
		"ca.pem":         {"-api", "graph", "-client"},
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte("mailbox,message_id\n"), 0o600))
		value := file
		if args[len(args)-1] == "-client" {
			value = dir
		}
		var stderr strings.Builder
		status := run(t.Context(), append([]string{"-addr", "127.0.0.1:0"}, append(args, value)...), io.Discard, &stderr)
		assert.Equal(t, 2, status, name)
		assert.Contains(t, stderr.String(), args[len(args)-1], name)
		assert.Contains(t, stderr.String(), "remove it, or give another", name)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, "mailbox,message_id\n", string(text), name)
	}

	// Files of an earlier run are replaced.
	dir := t.TempDir()
	for range 2 {
		r := start(t, "-api", "graph", "-client", dir)
		assert.Zero(t, r.stop())
	}
	// An empty file has no content to keep.
	empty := filepath.Join(dir, "t.csv")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	r := start(t, "-fill", "1x1", "-targets", empty)
	assert.Zero(t, r.stop())
	text, err := os.ReadFile(empty)
	require.NoError(t, err)
	assert.Contains(t, string(text), "user00001@example.test")
}
