package repository_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/repository"
)

func TestLayout(t *testing.T) {
	t.Parallel()
	t.Run("folders", func(t *testing.T) {
		t.Parallel()
		violations, err := repository.CheckFolders(root(),
			"auth", "ews", "examples", "internal", "quarantine", "testdata", "throttle")
		require.NoError(t, err)
		report(t, "A new folder goes into one of those at the top.", violations)
	})
	t.Run("lines", func(t *testing.T) {
		t.Parallel()
		report(t, "One idea a file; split these.", repository.CheckLines(tree(t), 400))
	})
	t.Run("sizes", func(t *testing.T) {
		t.Parallel()
		violations, err := repository.CheckSizes(root(), 1<<20)
		require.NoError(t, err)
		report(t, "What was built does not belong here.", violations)
	})
	t.Run("names", func(t *testing.T) {
		t.Parallel()
		report(t, "Packages are named after what they provide.",
			repository.CheckNames(tree(t), "util", "utils", "common", "helper", "helpers"))
	})
	t.Run("contexts", func(t *testing.T) {
		t.Parallel()
		report(t, "Contexts are parameters, not state.", repository.CheckContextFields(tree(t)))
	})
	t.Run("comments", func(t *testing.T) {
		t.Parallel()
		report(t, "What other modules can use is documented.", repository.CheckComments(tree(t)))
	})
}
