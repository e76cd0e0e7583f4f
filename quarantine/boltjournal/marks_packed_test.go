package boltjournal_test

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/sealedfile"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/boltjournal"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// finished returns the receipt of a target, with the given number of folders searched.
func finished(n, folders int) *quarantine.Receipt {
	r := &quarantine.Receipt{Action: "quarantine", Target: quarantine.Target{Mailbox: fmt.Sprintf("user%d@example.test", n), MessageID: "<1@evil.example>"}, Items: []quarantine.ReceiptItem{}}
	for i := range folders {
		r.Searched = append(r.Searched, driver.Searched{Folder: driver.Folder{ID: fmt.Sprintf("AAMkAGI0ZTZlODAxLTFlZDMtYjJjNi04YmM0%s%08d", strings.Repeat("A", 60), i), Path: fmt.Sprintf("/Folder %d", i)}, Pages: 1})
	}
	return r
}

// A receipt takes up a fraction of its length in the file, and comes back whole, even one
// written by an earlier version.
func TestMarksArePacked(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	j, err := boltjournal.Open(path)
	require.NoError(t, err)
	const marks = 200
	length := 0
	for n := range marks {
		require.NoError(t, j.Mark(t.Context(), "c", finished(n, 40)))
		text, err := json.Marshal(finished(n, 40))
		require.NoError(t, err)
		length += len(text)
	}
	require.NoError(t, j.Mark(t.Context(), "c", finished(marks, 20_000)))
	require.NoError(t, j.Close())
	size, err := os.Stat(path)
	require.NoError(t, err)
	assert.Less(t, size.Size(), int64(length/2), "%d bytes of receipts", length)

	old := finished(marks+1, 3)
	text, err := json.Marshal(old)
	require.NoError(t, err)
	writeMark(t, path, "c", old.Target, text)
	bad := finished(marks+2, 3)
	writeMark(t, path, "c", bad.Target, []byte("\x01not compressed"))

	j, err = boltjournal.Open(path)
	require.NoError(t, err)
	defer j.Close()
	for n, folders := range map[int]int{0: 40, marks - 1: 40, marks: 20_000, marks + 1: 3} {
		want := finished(n, folders)
		got, err := j.Marked(t.Context(), "c", want.Target)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		has, err := j.HasMark(t.Context(), "c", want.Target)
		require.NoError(t, err)
		assert.True(t, has)
	}
	_, err = j.Marked(t.Context(), "c", bad.Target)
	require.ErrorContains(t, err, "cannot be read")
	_, err = j.MarkOf(t.Context(), "c", bad.Target.Key())
	require.ErrorContains(t, err, "cannot be read")
	read, unread := 0, 0
	for _, err := range j.Marks(t.Context(), "c") {
		if err != nil {
			unread++
		} else {
			read++
		}
	}
	assert.Equal(t, marks+2, read)
	assert.Equal(t, 1, unread)
}

// writeMark writes the stored form of a receipt.
func writeMark(t *testing.T, path, campaign string, target quarantine.Target, stored []byte) {
	t.Helper()
	f, err := sealedfile.Open(path, sealedfile.Format{Kind: "journal", Version: 3, Tables: []string{"intents", "targets", "campaigns"}, Earlier: []string{"intents"}})
	require.NoError(t, err)
	key, err := hex.DecodeString(target.Key())
	require.NoError(t, err)
	key = append(append(binary.AppendUvarint(nil, uint64(len(campaign))), campaign...), key...)
	require.NoError(t, f.Update(func(tx *sealedfile.Tx) error { return tx.Put("campaigns", key, stored) }))
	require.NoError(t, f.Close())
}
