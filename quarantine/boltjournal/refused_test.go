package boltjournal_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/boltjournal"
)

// edit changes a journal behind its back.
func edit(t *testing.T, path string, do func(*bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(do))
	require.NoError(t, db.Close())
}

// A file that is not a journal is refused, with the reason, and left alone.
func TestNotAJournal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, _ := written(t, 3, 0)
	for name, tc := range map[string]struct {
		make func(t *testing.T, path string)
		is   error
		says string
	}{
		"directory":     {func(t *testing.T, p string) { require.NoError(t, os.Mkdir(p, 0o700)) }, boltjournal.ErrDamaged, "it is a directory"},
		"dangling link": {func(t *testing.T, p string) { require.NoError(t, os.Symlink("nothing", p)) }, nil, "a link to a file that does not exist"},
		"empty":         {func(t *testing.T, p string) { require.NoError(t, os.WriteFile(p, nil, 0o600)) }, boltjournal.ErrDamaged, "Move the file away"},
		"another database": {func(t *testing.T, p string) {
			edit(t, p, func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("cats")); return err })
		}, boltjournal.ErrDamaged, `it has the table "cats"`},
		"another table": {func(t *testing.T, p string) {
			require.NoError(t, os.WriteFile(p, file, 0o600))
			edit(t, p, func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("#cats")); return err })
		}, boltjournal.ErrDamaged, `it has the table "#cats"`},
		"another kind": {func(t *testing.T, p string) {
			require.NoError(t, os.WriteFile(p, file, 0o600))
			edit(t, p, func(tx *bbolt.Tx) error { return putState(tx, "alerts 2 0 00") })
		}, boltjournal.ErrDamaged, `it is a "alerts"`},
		"later version": {func(t *testing.T, p string) {
			require.NoError(t, os.WriteFile(p, file, 0o600))
			edit(t, p, func(tx *bbolt.Tx) error { return putState(tx, "journal 4 and more") })
		}, boltjournal.ErrNewer, "it has the format 4"},
		"no state": {func(t *testing.T, p string) {
			require.NoError(t, os.WriteFile(p, file, 0o600))
			edit(t, p, func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte("#")) })
		}, boltjournal.ErrDamaged, "number and digest"},
		"an intent less": {func(t *testing.T, p string) {
			require.NoError(t, os.WriteFile(p, file, 0o600))
			edit(t, p, func(tx *bbolt.Tx) error { return tx.Bucket([]byte("#intents")).Delete([]byte(intent(1).Operation)) })
		}, boltjournal.ErrDamaged, "should have 6 records and has 5"},
		"no target": {func(t *testing.T, p string) {
			require.NoError(t, os.WriteFile(p, file, 0o600))
			edit(t, p, func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte("#targets")) })
		}, boltjournal.ErrDamaged, "should have 6 records and has 3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(dir, name)
			tc.make(t, path)
			before, _ := os.ReadFile(path)
			_, err := boltjournal.Open(path)
			require.ErrorContains(t, err, tc.says)
			assert.ErrorContains(t, err, path)
			if tc.is != nil {
				require.ErrorIs(t, err, tc.is)
			}
			after, _ := os.ReadFile(path)
			assert.True(t, bytes.Equal(before, after))
		})
	}
}

// putState writes the state record of a journal, with its checksum.
func putState(tx *bbolt.Tx, text string) error {
	const table, key = "#", "state"
	var b []byte
	for _, part := range []string{table, key} {
		b = append(binary.BigEndian.AppendUint64(b, uint64(len(part))), part...)
	}
	sum := sha256.Sum256(append(b, text...))
	return tx.Bucket([]byte(table)).Put([]byte(key), append(sum[:16], text...))
}

// A file of the first version has no checksums. Even so, nothing is missing without an
// error.
func TestDamagedFirstVersion(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("testdata/journal-1.bolt")
	require.NoError(t, err)
	text, err := os.ReadFile("testdata/journal-1.json")
	require.NoError(t, err)
	var want []quarantine.Intent
	require.NoError(t, json.Unmarshal(text, &want))
	path := filepath.Join(t.TempDir(), "journal")
	refused := 0
	for i, d := range damages(len(file)) {
		if i > 24 && i%23 != 0 && !*whole {
			continue
		}
		require.NoError(t, os.WriteFile(path, d.do(bytes.Clone(file)), 0o600))
		got, err := read(t, path)
		if err != nil {
			refused++
			continue
		}
		require.Len(t, got, len(want), d.name)
		for i, in := range got {
			require.Equal(t, want[i].Operation, in.Operation, d.name)
		}
	}
	assert.Greater(t, refused, 20)
}

// An earlier version that is used after an upgrade reports that it cannot read the
// journal. Anything that it still writes is adopted.
func TestEarlierVersionAfterUpgrade(t *testing.T) {
	t.Parallel()
	file, open := written(t, 3, 1)
	path := filepath.Join(t.TempDir(), "journal")
	require.NoError(t, os.WriteFile(path, file, 0o600))
	edit(t, path, func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte("intents"))
		require.NotNil(t, b, "or the earlier version finds nothing, and says nothing")
		unreadable := 0
		require.NoError(t, b.ForEach(func(operation, text []byte) error {
			if json.Unmarshal(text, new(quarantine.Intent)) != nil {
				unreadable++
				assert.Contains(t, string(operation), "written by a later version")
			}
			return nil
		}))
		assert.Equal(t, 1, unreadable)
		text, err := json.Marshal(intent(3))
		require.NoError(t, err)
		return errors.Join(b.Put([]byte(intent(3).Operation), text), b.Put([]byte("zz"), text))
	})
	for range 2 {
		got, err := read(t, path)
		require.ErrorContains(t, err, `intent "zz" in the journal cannot be read: it names another operation`)
		assert.Equal(t, append(open, intent(3)), got)
	}
	j, err := boltjournal.Open(path)
	require.NoError(t, err)
	defer j.Close()
	_, _, err = j.FindOperation(t.Context(), "zz")
	require.ErrorContains(t, err, "zz", "it may be there")
	_, err = j.FindTarget(t.Context(), intent(0).Target)
	require.ErrorContains(t, err, "zz")
}

// The directory is not created, and the error names it, not a temporary file.
func TestNoDirectory(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "none", "journal")
	_, err := boltjournal.Open(path)
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.ErrorContains(t, err, path)
	assert.ErrorContains(t, err, "create it")
	assert.NotContains(t, err.Error(), ".new-")
}

// Whatever can be read of a damaged journal is saved: with one page gone, most of it;
// with both heads gone, everything, including finished intents.
func TestDamagedAndSalvaged(t *testing.T) {
	t.Parallel()
	file, open := written(t, 30, 9)
	path := filepath.Join(t.TempDir(), "journal")
	saved := func(damage func([]byte)) []quarantine.Intent {
		b := bytes.Clone(file)
		damage(b)
		require.NoError(t, os.WriteFile(path, b, 0o600))
		_, err := boltjournal.Open(path)
		require.ErrorIs(t, err, boltjournal.ErrDamaged)
		got, err := boltjournal.Salvage(path)
		require.NoError(t, err)
		return got
	}
	assert.Subset(t, saved(func(b []byte) { clear(b[:8192]) }), open)
	assert.Subset(t, saved(func(b []byte) { clear(b[4096:8192]) }), open)
	at := bytes.Index(file, []byte(open[7].From.ItemID))
	require.Positive(t, at)
	least := len(open)
	for range bytes.Count(file, []byte(open[7].From.ItemID)) { // pages of earlier transactions contain it as well
		got := saved(func(b []byte) {
			copy(b, bytes.ReplaceAll(b, []byte(open[7].From.ItemID), bytes.Repeat([]byte("x"), len(open[7].From.ItemID))))
		})
		least = min(least, len(got))
		assert.NotContains(t, got, open[7])
	}
	assert.GreaterOrEqual(t, least, len(open)-1)

	_, err := boltjournal.Salvage(filepath.Join(t.TempDir(), "missing"))
	require.ErrorContains(t, err, "missing")
	for _, other := range []string{"testdata/journal-1.json", "journal.go"} {
		_, err = boltjournal.Salvage(other)
		require.ErrorContains(t, err, "is not a journal")
		assert.ErrorContains(t, err, other)
	}
	require.NoError(t, os.WriteFile(path, make([]byte, 100_000), 0o600))
	none, err := boltjournal.Salvage(path)
	require.NoError(t, err, "a crash can leave zeros")
	assert.Empty(t, none)
	first, err := boltjournal.Salvage("testdata/journal-1.bolt")
	require.NoError(t, err)
	assert.Len(t, first, 8)
}

// The intents of one target are found without the others, whatever the reason and the
// time zone.
func TestFindTarget(t *testing.T) {
	t.Parallel()
	j, err := boltjournal.Open(filepath.Join(t.TempDir(), "journal"))
	require.NoError(t, err)
	defer j.Close()
	ctx := t.Context()
	for n := range 9 {
		require.NoError(t, begin(j, intent(n)))
	}
	target := intent(1).Target
	target.Reason = "another"
	got, err := j.FindTarget(ctx, target)
	require.NoError(t, err)
	assert.Equal(t, []quarantine.Intent{intent(1), intent(4), intent(7)}, got)

	moved := intent(4) // same operation, another target
	moved.Target.Mailbox = "carol@example.test"
	require.NoError(t, begin(j, moved))
	require.NoError(t, finish(j, intent(7).Operation))
	got, err = j.FindTarget(ctx, target)
	require.NoError(t, err)
	assert.Equal(t, []quarantine.Intent{intent(1)}, got)
	got, err = j.FindTarget(ctx, moved.Target)
	require.NoError(t, err)
	assert.Equal(t, []quarantine.Intent{moved}, got)

	in, found, err := j.FindOperation(ctx, moved.Operation)
	require.NoError(t, err)
	assert.True(t, found)
	assert.Equal(t, moved, in)
	_, found, err = j.FindOperation(ctx, "none")
	require.NoError(t, err)
	assert.False(t, found)
}

// A journal that is changed while the process has it open fails, and the process
// continues.
func TestDamagedWhileOpen(t *testing.T) {
	t.Parallel()
	file, _ := written(t, 30, 0)
	path := filepath.Join(t.TempDir(), "journal")
	require.NoError(t, os.WriteFile(path, file, 0o600))
	j, err := boltjournal.Open(path)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(path, 0))
	_, err = openIntents(t.Context(), j)
	require.ErrorIs(t, err, boltjournal.ErrDamaged)
	require.ErrorContains(t, err, "it was changed while it was open")
	require.Error(t, begin(j, intent(40)))
	require.Error(t, finish(j, intent(2).Operation))
	require.NoError(t, j.Close())
	_, err = boltjournal.Open(path)
	require.ErrorIs(t, err, boltjournal.ErrDamaged, "and not in use")
}

// Each transaction may be cut off at any point: the file then has the content from before
// it, or what it wrote.
func TestCutOffWhileWriting(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	file, open := written(t, 30, 9)
	require.NoError(t, os.WriteFile(path, file, 0o600))
	j, err := boltjournal.Open(path)
	require.NoError(t, err)
	const page = 4096
	for n, do := range []func() error{
		func() error { return begin(j, intent(30)) },
		func() error { return finish(j, intent(20).Operation) },
	} {
		before, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, do())
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		before = append(before, make([]byte, len(after)-len(before))...)
		var changed []int
		for at := 2 * page; at < len(after); at += page {
			if !bytes.Equal(before[at:at+page], after[at:at+page]) {
				changed = append(changed, at)
			}
		}
		require.NotEmpty(t, changed)
		copied := filepath.Join(t.TempDir(), "journal")
		for i := range 1 << min(len(changed), 4) {
			cut := bytes.Clone(before)
			for k, at := range changed {
				if i&(1<<(k%4)) != 0 {
					copy(cut[at:at+page-i*100], after[at:])
				}
			}
			require.NoError(t, os.WriteFile(copied, cut, 0o600))
			got, err := read(t, copied)
			require.NoError(t, err, fmt.Sprint(n, i))
			require.Equal(t, open, got)
		}
		require.NoError(t, os.WriteFile(copied, after, 0o600))
		open, err = read(t, copied)
		require.NoError(t, err)
		require.Len(t, open, 22-n)
	}
	require.NoError(t, j.Close())
}
