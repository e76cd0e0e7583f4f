package boltjournal_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/boltjournal"
	"github.com/ewsquarantine/ewsquarantine/quarantine/quarantinetest"
)

// The journal passes the suite. The damaged intent is one of the first version: damage to
// any other is noticed when the file is opened.
func TestSuite(t *testing.T) {
	t.Parallel()
	quarantinetest.RunJournal(t, func(t *testing.T) quarantinetest.JournalStore {
		path := filepath.Join(t.TempDir(), "journal")
		return quarantinetest.JournalStore{
			Alone: true,
			Open: func(t testing.TB) quarantine.Journal {
				j, err := boltjournal.Open(path)
				require.NoError(t, err)
				return j
			},
			Close: func(t testing.TB, j quarantine.Journal) { assert.NoError(t, j.(*boltjournal.Journal).Close()) },
			Damage: func(_ testing.TB, operation string) {
				edit(t, path, func(tx *bbolt.Tx) error { return tx.Bucket([]byte("intents")).Put([]byte(operation+"x"), []byte("{")) })
			},
		}
	})
}

// Several services use one journal at the same time: claims are kept apart even while the
// file is being written.
func TestClaimsWhileWriting(t *testing.T) {
	t.Parallel()
	j, err := boltjournal.Open(filepath.Join(t.TempDir(), "journal"))
	require.NoError(t, err)
	defer j.Close()
	ctx := context.Background()
	c, err := j.Begin(ctx, intent(0), "a", 0)
	require.NoError(t, err)
	finished := make(chan error, 2)
	go func() { finished <- j.Finish(ctx, c) }()
	go func() {
		_, c, err := j.Claim(ctx, intent(0).Operation, "b", 0)
		if err == nil {
			err = j.Finish(ctx, c)
		}
		finished <- err
	}()
	for range 2 {
		if err := <-finished; !errors.Is(err, quarantine.ErrClaimLost) && !errors.Is(err, quarantine.ErrNoIntent) {
			require.NoError(t, err)
		}
	}
	got, err := openIntents(ctx, j)
	require.NoError(t, err)
	assert.Empty(t, got)
}
