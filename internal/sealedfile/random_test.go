package sealedfile_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/ewsquarantine/ewsquarantine/internal/sealedfile"
)

// Whatever is written and removed, small and large, the file passes its check whenever it
// is opened again, and has what was written; the same holds for a file of an earlier
// version.
func TestRandomWork(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 13))
	path := filepath.Join(t.TempDir(), "file")
	earlier := filepath.Join(t.TempDir(), "earlier")
	db, err := bbolt.Open(earlier, 0o600, &bbolt.Options{NoSync: true, InitialMmapSize: 1 << 26})
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("old")); return err }))
	want := map[string]string{}
	for round := range 5 {
		f, err := sealedfile.Open(path, format())
		require.NoError(t, err)
		for range 6 {
			changes := map[string]string{}
			for range 1 + random.IntN(40) {
				key := fmt.Sprint(random.IntN(150))
				changes[key] = ""
				if random.IntN(3) > round%2 {
					changes[key] = string(bytes.Repeat([]byte("v"), 1+random.IntN(300)*random.IntN(20)))
				}
			}
			require.NoError(t, f.Update(func(tx *sealedfile.Tx) (err error) {
				for key, value := range changes {
					if value == "" {
						err = errors.Join(err, tx.Delete("new", []byte(key)))
					} else {
						err = errors.Join(err, tx.Put("new", []byte(key), []byte(value)))
					}
				}
				return err
			}))
			reading, err := db.Begin(false) // retains pages that are freed meanwhile
			require.NoError(t, err)
			require.NoError(t, db.Update(func(tx *bbolt.Tx) (err error) {
				b := tx.Bucket([]byte("old"))
				for key, value := range changes {
					if value == "" {
						err = errors.Join(err, b.Delete([]byte(key)))
					} else {
						err = errors.Join(err, b.Put([]byte(key), []byte(value)))
					}
				}
				return err
			}))
			require.NoError(t, reading.Rollback())
			maps.Copy(want, changes)
			maps.DeleteFunc(want, func(_, value string) bool { return value == "" })
		}
		require.NoError(t, f.Close())
		require.Equal(t, want, all(t, path))
		b, err := os.ReadFile(earlier)
		require.NoError(t, err)
		copied := filepath.Join(t.TempDir(), "copy")
		require.NoError(t, os.WriteFile(copied, b, 0o600))
		require.Equal(t, want, all(t, copied))
	}
	require.NoError(t, db.Close())
}
