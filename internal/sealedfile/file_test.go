package sealedfile_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/ewsquarantine/ewsquarantine/internal/sealedfile"
)

// format has one table, which was once the bucket "old".
func format() sealedfile.Format {
	return sealedfile.Format{
		Kind: "test", Version: 2, Tables: []string{"new"}, Earlier: []string{"old"},
		Adopt: func(tx *sealedfile.Tx, _ string, key, value []byte) (bool, error) {
			return true, tx.Put("new", key, value)
		},
	}
}

// all returns the records of a file.
func all(t *testing.T, path string) map[string]string {
	t.Helper()
	f, err := sealedfile.Open(path, format())
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	got := map[string]string{}
	require.NoError(t, f.View(func(tx *sealedfile.Tx) error {
		return tx.Scan("new", nil, func(key, value []byte) error { got[string(key)] = string(value); return nil })
	}))
	return got
}

// Records of an earlier version are adopted in portions. Whenever the process ends in
// between, none is missing.
func TestAdoptIsCutOff(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	db, err := bbolt.Open(path, 0o600, nil)
	require.NoError(t, err)
	want := map[string]string{}
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("old"))
		require.NoError(t, err)
		for i := range 2500 {
			key := fmt.Sprintf("%05d", i)
			want[key] = "value " + key
			require.NoError(t, b.Put([]byte(key), []byte(want[key])))
		}
		return nil
	}))
	require.NoError(t, db.Close())

	n := 0
	counting := format()
	counting.Adopt = func(tx *sealedfile.Tx, bucket string, key, value []byte) (bool, error) {
		if n%700 == 0 { // copies the file as it is at this moment
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprint(n)), b, 0o600))
		}
		n++
		return format().Adopt(tx, bucket, key, value)
	}
	f, err := sealedfile.Open(path, counting)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	assert.Equal(t, 2500, n)
	for _, name := range []string{"file", "0", "700", "1400", "2100"} {
		assert.Equal(t, want, all(t, filepath.Join(dir, name)), name)
	}
}

// Changes that wait for each other share a transaction; a change that is refused changes
// nothing, and does not keep others from being written.
func TestConcurrentUpdates(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	f, err := sealedfile.Open(path, format())
	require.NoError(t, err)
	refused := errors.New("refused")
	var calls atomic.Int32
	var wg sync.WaitGroup
	want := map[string]string{}
	for i := range 60 {
		key := fmt.Sprint(i)
		if i%10 != 0 {
			want[key] = "v"
		}
		wg.Go(func() {
			err := f.Update(func(tx *sealedfile.Tx) error {
				calls.Add(1)
				if err := tx.Put("new", []byte(key), []byte("v")); err != nil || i%10 != 0 {
					return err
				}
				return refused
			})
			if i%10 == 0 {
				assert.ErrorIs(t, err, refused)
			} else {
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
	assert.GreaterOrEqual(t, calls.Load(), int32(60))
	require.NoError(t, f.Close())
	assert.Equal(t, want, all(t, path))
}

// Processes that create the same file at the same moment get the same file.
func TestCreatedAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			f, err := sealedfile.Open(path, format())
			if errors.Is(err, sealedfile.ErrInUse) {
				return
			}
			if !assert.NoError(t, err) {
				return
			}
			key := fmt.Append(nil, i)
			assert.NoError(t, f.Update(func(tx *sealedfile.Tx) error { return tx.Put("new", key, key) }))
			assert.NoError(t, f.Close())
		})
	}
	wg.Wait()
	assert.NotEmpty(t, all(t, path))
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, left, 1)
}

// A panic while the file is written becomes an error; the file is no longer touched, and
// can be opened again.
func TestPanicWhileWriting(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	f, err := sealedfile.Open(path, format())
	require.NoError(t, err)
	put := func(tx *sealedfile.Tx) error { return tx.Put("new", []byte("a"), []byte("1")) }
	require.NoError(t, f.Update(put))
	err = f.Update(func(*sealedfile.Tx) error { panic("page 7 already freed") })
	require.ErrorIs(t, err, sealedfile.ErrDamaged)
	require.ErrorContains(t, err, "page 7")
	require.ErrorIs(t, f.Update(put), sealedfile.ErrDamaged)
	require.ErrorIs(t, f.View(func(*sealedfile.Tx) error { return nil }), sealedfile.ErrDamaged)
	require.NoError(t, f.Close())
	assert.Equal(t, map[string]string{"a": "1"}, all(t, path))
}
