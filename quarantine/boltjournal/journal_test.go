package boltjournal_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/boltjournal"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

func TestJournals(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T) quarantine.Journal{
		"memory": func(*testing.T) quarantine.Journal { return &quarantine.MemoryJournal{} },
		"bolt": func(t *testing.T) quarantine.Journal {
			j, err := boltjournal.Open(filepath.Join(t.TempDir(), "journal"))
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, j.Close()) })
			return j
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, j := t.Context(), open(t)
			got, err := j.Open(ctx)
			require.NoError(t, err)
			assert.Empty(t, got)

			at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
			second := quarantine.Intent{Operation: "a", Direction: driver.ToUser, At: at.Add(time.Hour)}
			first := quarantine.Intent{
				Operation: "b", Direction: driver.ToQuarantine, At: at,
				Target: quarantine.Target{Mailbox: "alice@example.test", MessageID: "<1@x>", Reason: "why"},
				From:   quarantine.Place{Mailbox: "alice@example.test", Folder: driver.Folder{ID: "f", Path: "/Inbox"}, ItemID: "i"},
			}
			require.NoError(t, j.Begin(ctx, second))
			require.NoError(t, j.Begin(ctx, first))
			require.NoError(t, j.Begin(ctx, first), "the same once more")
			got, err = j.Open(ctx)
			require.NoError(t, err)
			assert.Equal(t, []quarantine.Intent{first, second}, got)

			require.NoError(t, j.Finish(ctx, "b"))
			require.NoError(t, j.Finish(ctx, "b"), "what is not there")
			got, err = j.Open(ctx)
			require.NoError(t, err)
			assert.Equal(t, []quarantine.Intent{second}, got)

			var wg sync.WaitGroup
			for i := range 50 {
				wg.Go(func() {
					op := fmt.Sprint(i)
					assert.NoError(t, j.Begin(ctx, quarantine.Intent{Operation: op}))
					assert.NoError(t, j.Finish(ctx, op))
				})
			}
			wg.Wait()
			got, err = j.Open(ctx)
			require.NoError(t, err)
			assert.Equal(t, []quarantine.Intent{second}, got)
		})
	}
}

func TestBoltJournalOutlivesItsProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	j, err := boltjournal.Open(path)
	require.NoError(t, err)
	require.NoError(t, j.Begin(t.Context(), quarantine.Intent{Operation: "a"}))

	_, err = boltjournal.Open(path)
	require.ErrorIs(t, err, boltjournal.ErrInUse)
	assert.ErrorContains(t, err, "journal")

	require.NoError(t, j.Close())
	j, err = boltjournal.Open(path)
	require.NoError(t, err)
	defer j.Close()
	got, err := j.Open(t.Context())
	require.NoError(t, err)
	assert.Len(t, got, 1)
}

func TestBoltJournalThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	_, err := boltjournal.Open(filepath.Join(t.TempDir(), "missing", "journal"))
	assert.ErrorContains(t, err, "journal")
}
