package sealedfile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/filetest"
	"github.com/ewsquarantine/ewsquarantine/internal/sealedfile"
)

// After a write or sync has failed, the file is no longer used, not even for reading.
// When it is opened again, it has what was written before.
func TestFailedWrite(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		other string
		flag  int
		cause string
	}{
		"sync":              {"/dev/null", os.O_RDWR, "invalid argument"},
		"write":             {"", os.O_RDONLY, "bad file descriptor"},
		"full, and damaged": {"/dev/full", os.O_RDWR, "no space left on device"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "file")
			f, err := sealedfile.Open(path, format())
			require.NoError(t, err)
			put := func(value string) func(*sealedfile.Tx) error {
				return func(tx *sealedfile.Tx) error { return tx.Put("new", []byte("a"), []byte(value)) }
			}
			for i := range 4 { // leaves free pages
				require.NoError(t, f.Update(put(fmt.Sprint(i))))
			}
			require.NoError(t, f.Broken())
			if tc.other == "" {
				tc.other = path
			}
			filetest.Redirect(t, path, tc.other, tc.flag)

			err = f.Update(put("4"))
			require.ErrorIs(t, err, sealedfile.ErrBroken)
			require.NotErrorIs(t, err, sealedfile.ErrFull)
			require.ErrorContains(t, err, tc.cause)
			require.ErrorContains(t, err, "close it and open it again")
			assert.Equal(t, err, f.Broken())
			called := false
			for _, again := range []error{
				f.Update(func(*sealedfile.Tx) error { called = true; return nil }),
				f.View(func(*sealedfile.Tx) error { called = true; return nil }),
			} {
				require.Equal(t, err, again)
			}
			assert.False(t, called)
			require.NoError(t, f.Close())
			assert.Equal(t, map[string]string{"a": "3"}, all(t, path))
		})
	}
}
