package boltjournal_test

import (
	"bytes"
	"encoding/binary"
	"hash/fnv"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/boltjournal"
)

// Arbitrary bytes are refused, or are a journal that works. The argument sum gives both
// heads matching checksums, so that what they lead to is examined.
func FuzzOpen(f *testing.F) {
	first, err := os.ReadFile("testdata/journal-1.bolt")
	require.NoError(f, err)
	empty, _ := written(f, 0, 0)
	some, _ := written(f, 12, 3)
	for _, b := range [][]byte{first, empty, empty[:8192], some, nil, []byte("SQLite format 3\x00")} {
		f.Add(b, false)
		f.Add(b, true)
	}
	f.Fuzz(func(t *testing.T, file []byte, sum bool) {
		for at := 16; sum && at+64 <= len(file) && at <= 4096+16; at += 4096 {
			h := fnv.New64a()
			_, _ = h.Write(file[at : at+56])
			binary.NativeEndian.PutUint64(file[at+56:], h.Sum64())
		}
		path := filepath.Join(t.TempDir(), "journal")
		require.NoError(t, os.WriteFile(path, file, 0o600))
		saved, err := boltjournal.Salvage(path)
		if err != nil {
			require.ErrorContains(t, err, "is not a journal")
			require.Empty(t, saved)
		}
		j, openErr := boltjournal.Open(path)
		if openErr != nil {
			return
		}
		require.NoError(t, err)
		before, unread := openIntents(t.Context(), j)
		if unread != nil {
			require.NotContains(t, unread.Error(), "while it was open")
		}
		require.LessOrEqual(t, len(before), len(saved), "what is open can be salvaged")
		require.NoError(t, begin(j, intent(5000)))
		require.NoError(t, finish(j, intent(5000).Operation))
		require.NoError(t, j.Close())
		if unread == nil {
			after, err := read(t, path)
			require.NoError(t, err)
			require.Len(t, after, len(before))
		}
	})
}

// Replacing a piece of a journal leaves all intents, or causes an error.
func FuzzDamage(f *testing.F) {
	file, want := written(f, 30, 9)
	f.Add(uint32(0), []byte{0})
	f.Add(uint32(4096), make([]byte, 4096))
	f.Add(uint32(16), []byte("\xed\xda\x0c\xed\x02"))
	for at := uint32(2 * 4096); at < uint32(len(file)); at += 4096 {
		f.Add(at+8, []byte{2, 0, 1, 0, 0, 0, 0, 0})
	}
	f.Fuzz(func(t *testing.T, at uint32, piece []byte) {
		bad := bytes.Clone(file)
		copy(bad[int(at)%len(bad):], piece)
		path := filepath.Join(t.TempDir(), "journal")
		require.NoError(t, os.WriteFile(path, bad, 0o600))
		if got, err := read(t, path); err == nil {
			require.Equal(t, want, got)
		}
	})
}
