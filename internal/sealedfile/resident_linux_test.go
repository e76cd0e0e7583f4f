package sealedfile_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/sealedfile"
)

// However large the file is, only a little of it counts as memory of the process.
func TestResident(t *testing.T) {
	t.Parallel()
	const records, most = 20_000, 8 << 10 // KiB
	path := filepath.Join(t.TempDir(), "file")
	f, err := sealedfile.Open(path, format())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, f.Close()) })
	key := func(n int) []byte { return fmt.Appendf(nil, "%d", n*7919%records) } // spread over the file
	require.NoError(t, f.Update(func(tx *sealedfile.Tx) error {
		for n := range records {
			if err := tx.Put("new", key(n), bytes.Repeat([]byte("x"), 1000)); err != nil {
				return err
			}
		}
		return nil
	}))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Greater(t, info.Size(), int64(16<<20))

	for n := range 2000 {
		require.NoError(t, f.View(func(tx *sealedfile.Tx) error {
			value, err := tx.Get("new", key(n))
			assert.Len(t, value, 1000)
			return err
		}))
		if n%500 == 0 {
			assert.Less(t, resident(t, path), most, "after %d reads", n)
		}
	}
	for n := range 100 {
		require.NoError(t, f.Update(func(tx *sealedfile.Tx) error { return tx.Put("new", key(n), []byte("changed")) }))
	}
	assert.Less(t, resident(t, path), most, "after writing")
	for n := range 200 {
		require.NoError(t, f.View(func(tx *sealedfile.Tx) error {
			value, err := tx.Get("new", key(n))
			assert.Equal(t, n < 100, string(value) == "changed")
			return err
		}))
	}
}

// resident returns how much of a file is mapped and counted as memory, in KiB.
func resident(t *testing.T, path string) (sum int) {
	t.Helper()
	maps, err := os.Open("/proc/self/smaps")
	require.NoError(t, err)
	defer maps.Close()
	in, found := false, false
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		line := lines.Text()
		if head, _, _ := strings.Cut(line, " "); !strings.HasSuffix(head, ":") {
			in = strings.HasSuffix(line, " "+path)
			found = found || in
		}
		var kib int
		if _, err := fmt.Sscanf(line, "Rss: %d kB", &kib); in && err == nil {
			sum += kib
		}
	}
	require.True(t, found, "the file is not mapped")
	return sum
}
