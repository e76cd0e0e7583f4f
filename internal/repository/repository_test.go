package repository_test

import (
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/repository"
)

// rootDir is the module's root, relative to this package.
const rootDir = "../.."

// root is the repository itself.
func root() fs.FS { return os.DirFS(rootDir) }

var loadOnce = sync.OnceValues(func() (*repository.Tree, error) { return repository.Load(root()) })

// tree returns the repository; all tests share it.
func tree(t *testing.T) *repository.Tree {
	t.Helper()
	tree, err := loadOnce()
	require.NoError(t, err)
	return tree
}

// report fails the test if there are violations, with the rule and the first fifty.
func report(t *testing.T, rule string, violations []string) {
	t.Helper()
	if len(violations) == 0 {
		return
	}
	const most = 50
	shown := violations[:min(most, len(violations))]
	t.Errorf("%s\n%d violations, %d of them here:\n%s", rule, len(violations), len(shown), strings.Join(shown, "\n"))
}

// made returns a made-up repository of module m with the given files.
func made(t *testing.T, files map[string]string) *repository.Tree {
	t.Helper()
	tree, err := repository.Load(madeFS(files))
	require.NoError(t, err)
	return tree
}

func madeFS(files map[string]string) fs.FS {
	root := fstest.MapFS{"go.mod": {Data: []byte("module example.com/m\n")}}
	for name, text := range files {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return root
}
