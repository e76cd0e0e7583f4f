//go:build unix && !aix && !android && !illumos && !solaris

package sealedfile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/ewsquarantine/ewsquarantine/internal/sealedfile"
)

// What a process left when it was killed while creating a file is removed by the next
// process that creates it, but not what another process holds, what has another name, or
// what holds records.
func TestSweep(t *testing.T) {
	t.Parallel()
	dir, source := t.TempDir(), filepath.Join(t.TempDir(), "source")
	f, err := sealedfile.Open(source, format())
	require.NoError(t, err)
	require.NoError(t, f.Close())
	sound, err := os.ReadFile(source)
	require.NoError(t, err)
	f, err = sealedfile.Open(source, format())
	require.NoError(t, err)
	require.NoError(t, f.Update(func(tx *sealedfile.Tx) error { return tx.Put("new", []byte("a"), []byte("1")) }))
	require.NoError(t, f.Close())
	used, err := os.ReadFile(source)
	require.NoError(t, err)
	require.NoError(t, os.Remove(source))
	db, err := bbolt.Open(source, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	begun, err := os.ReadFile(source)
	require.NoError(t, err)

	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		return path
	}
	for n, content := range [][]byte{nil, make([]byte, 16<<10), begun, sound} {
		write(fmt.Sprint("file.new-", 1000000+n), content)
	}
	var stay []string
	for name, content := range map[string][]byte{
		"file.new-1": used, "file.new-2": []byte("notes"), "file.new-3": sound[:len(sound)/2], // the name may be intentional
		"file.new-": nil, "file.new-a1": nil, "file.new-1a": nil, "file.new-1.bak": nil, "xfile.new-1": nil, "file2.new-1": nil, "ile.new-1": nil, "file.new": nil,
	} {
		write(name, content)
		stay = append(stay, name)
	}
	held, err := os.Open(write("file.new-77", sound))
	require.NoError(t, err)
	defer held.Close()
	require.NoError(t, syscall.Flock(int(held.Fd()), syscall.LOCK_EX))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "file.new-78"), 0o700))
	require.NoError(t, os.Symlink("file.new-", filepath.Join(dir, "file.new-79")))
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "file.new-80"), 0o600))
	stay = append(stay, "file.new-77", "file.new-78", "file.new-79", "file.new-80", "file")

	assert.Empty(t, all(t, filepath.Join(dir, "file")))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, d := range left {
		names = append(names, d.Name())
	}
	assert.ElementsMatch(t, stay, names)

	// So many are left over that one start removes only some of them.
	require.NoError(t, os.Remove(filepath.Join(dir, "file")))
	for n := range 150 {
		write(fmt.Sprint("file.new-", 1000000+n), nil)
	}
	assert.Empty(t, all(t, filepath.Join(dir, "file")))
	left, err = os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, left, len(stay)+50)
}
