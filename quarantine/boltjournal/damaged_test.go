package boltjournal_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/boltjournal"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

var whole = flag.Bool("whole", false, "damage files in every way, not in some of each kind")

// intent returns the intent with a number. Numbers that differ by 3 have the same target.
func intent(n int) quarantine.Intent {
	return quarantine.Intent{
		Operation: fmt.Sprintf("operation-%04d", n*7919%10000), Direction: driver.ToQuarantine,
		At: time.Date(2026, 11, 29, 10, 0, n, 0, time.UTC),
		Target: quarantine.Target{
			Mailbox: fmt.Sprintf("user%d@example.test", n%3), MessageID: "<20261124.1@evil.example>", Reason: fmt.Sprint("alert ", n),
		},
		From: quarantine.Place{Mailbox: "alice@example.test", Folder: driver.Folder{ID: "AAMkAD", Path: "/Inbox"}, ItemID: fmt.Sprintf("item-%0200d", n)},
	}
}

// written returns the bytes of a journal in which a number of intents were begun and the
// first of them finished, and the intents that are still open.
func written(t testing.TB, begun, finished int) (file []byte, open []quarantine.Intent) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal")
	j, err := boltjournal.Open(path)
	require.NoError(t, err)
	for n := range begun {
		require.NoError(t, begin(j, intent(n)))
		if n >= finished {
			open = append(open, intent(n))
		}
	}
	for n := range finished {
		require.NoError(t, finish(j, intent(n).Operation))
	}
	require.NoError(t, j.Close())
	file, err = os.ReadFile(path)
	require.NoError(t, err)
	return file, open
}

// read opens a journal and returns its intents. The error is that of Open or of reading
// the intents.
func read(t testing.TB, path string) ([]quarantine.Intent, error) {
	t.Helper()
	j, err := boltjournal.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { require.NoError(t, j.Close()) }()
	return openIntents(t.Context(), j)
}

// damage is what happens to a file.
type damage struct {
	name string
	do   func([]byte) []byte
}

// damages returns what can happen to a file of the given size.
func damages(size int) []damage {
	const page, sector = 4096, 512
	var all []damage
	add := func(name string, do func([]byte) []byte) { all = append(all, damage{name, do}) }
	for _, n := range []int{0, 1, 80, 1024, page, page + 1, 2*page - 1, 2 * page, 3 * page, 4 * page, 5 * page, size / 2, size - 1} {
		add(fmt.Sprint("cut to ", n), func(b []byte) []byte { return b[:n] })
	}
	add("text", func([]byte) []byte { return []byte("mailbox,message_id\nalice@example.test,<1@x>\n") })
	add("long text", func(b []byte) []byte { return fmt.Appendf(nil, "%*d", len(b), 1) })
	add("SQLite", func(b []byte) []byte { copy(b, "SQLite format 3\x00\x10\x00\x01\x01"); return b })
	for at := 0; at < size; at += sector {
		add(fmt.Sprint("zeros at ", at), func(b []byte) []byte { clear(b[at:min(at+sector, len(b))]); return b })
	}
	for i := range size / 97 {
		at, bit := i*97, i%8
		add(fmt.Sprintf("bit %d at %d", bit, at), func(b []byte) []byte { b[at] ^= 1 << bit; return b })
	}
	for at := 0; at < size; at += page { // the most important part of a page
		for i := range 48 {
			add(fmt.Sprintf("bit of the header at %d", at+i), func(b []byte) []byte { b[at+i] ^= 1 << (i % 8); return b })
		}
	}
	random := rand.New(rand.NewPCG(13, 13))
	for range 40 {
		a, b := random.IntN(size/page), random.IntN(size/page)
		add(fmt.Sprintf("page %d over page %d", a, b), func(file []byte) []byte {
			copy(file[b*page:(b+1)*page], file[a*page:(a+1)*page])
			return file
		})
	}
	return all
}

// Whatever happens to a file, it is refused or read as it was: never with fewer intents,
// and never with a crash.
func TestDamaged(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ begun, finished int }{{0, 0}, {2, 0}, {30, 9}} {
		t.Run(fmt.Sprint(tc.begun), func(t *testing.T) {
			t.Parallel()
			file, want := written(t, tc.begun, tc.finished)
			path := filepath.Join(t.TempDir(), "journal")
			refused := 0
			for i, d := range damages(len(file)) {
				if i > 24 && i%17 != 0 && !*whole {
					continue
				}
				bad := d.do(append([]byte(nil), file...))
				require.NoError(t, os.WriteFile(path, bad, 0o600))
				got, err := read(t, path)
				if err == nil {
					require.Equal(t, want, got, d.name)
					continue
				}
				refused++
				if !errors.Is(err, boltjournal.ErrDamaged) { // a record kept for earlier versions
					require.ErrorContains(t, err, "in the journal cannot be read", d.name)
					continue
				}
				require.ErrorContains(t, err, path)
				left, readErr := os.ReadFile(path)
				require.NoError(t, readErr)
				require.Equal(t, bad, left, "%s: it is not changed", d.name)
				saved, salvageErr := boltjournal.Salvage(path)
				if d.name == "text" || d.name == "long text" {
					require.ErrorContains(t, salvageErr, "is not a journal", d.name)
				} else {
					require.NoError(t, salvageErr, d.name)
				}
				for _, in := range saved {
					require.Contains(t, append(want, intents(0, tc.finished)...), in, d.name)
				}
			}
			assert.Greater(t, refused, 20)
		})
	}
}

func intents(from, to int) (all []quarantine.Intent) {
	for n := from; n < to; n++ {
		all = append(all, intent(n))
	}
	return all
}

// begin writes an intent into a journal.
func begin(j *boltjournal.Journal, in quarantine.Intent) error {
	_, err := j.Begin(context.Background(), in, "test", time.Hour)
	return err
}

// finish removes an intent from a journal, if it is there.
func finish(j *boltjournal.Journal, operation string) error {
	_, c, err := j.Claim(context.Background(), operation, "test", time.Hour)
	if errors.Is(err, quarantine.ErrNoIntent) {
		return nil
	}
	if err != nil {
		return err
	}
	return j.Finish(context.Background(), c)
}

// openIntents returns the intents in a journal.
func openIntents(ctx context.Context, j *boltjournal.Journal) (all []quarantine.Intent, err error) {
	var errs []error
	for in, err := range j.Pending(ctx) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		all = append(all, in)
	}
	return all, errors.Join(errs...)
}
