package repository_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/repository"
)

// TestFiguresAgree checks that CI enforces the time that the documents promise.
func TestFiguresAgree(t *testing.T) {
	t.Parallel()
	violations, err := repository.CheckFigures(root(), 80, "CONTRIBUTING.md", "README.md")
	require.NoError(t, err)
	report(t, `"go test ./..." takes about 80 seconds, and all places say so.`, violations)
}

func TestCheckFigures(t *testing.T) {
	t.Parallel()
	got, err := repository.CheckFigures(madeFS(map[string]string{
		".ci/run":   "# limit=60\n  limit=60\nlimit=600\n",
		"same.md":   "text\n    go test ./...   # in 60 seconds\n",
		"around.md": "    go test ./...\n\nshows it, in at most 60\nseconds\n",
		"before.md": "In 60 seconds\n\n\n    go test ./...\n",
		"far.md":    "    go test ./...\n\n\n\nin 60 seconds\n",
		"none.md":   "go test ./... in 120 seconds",
	}), 60, "same.md", "around.md", "before.md", "far.md", "none.md")
	require.NoError(t, err)
	assert.Equal(t, []string{
		`.ci/run: no line "limit=60"`,
		`far.md: no "60 seconds" next to "go test ./..."`,
		`none.md: no "60 seconds" next to "go test ./..."`,
	}, got)

	got, err = repository.CheckFigures(madeFS(map[string]string{".ci/run": "set -e\nlimit=60 # seconds\n"}), 60)
	require.NoError(t, err)
	assert.Empty(t, got)

	_, err = repository.CheckFigures(madeFS(nil), 60)
	require.Error(t, err, "no .ci/run")
	_, err = repository.CheckFigures(madeFS(map[string]string{".ci/run": ""}), 60, "missing.md")
	require.Error(t, err)
}
