package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// storeOf opens a store.
func storeOf(t *testing.T, dir string) *store {
	t.Helper()
	s, err := openStore(dir, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return s
}

// A store that was cut short, or in which a bit has changed, is refused with advice on what to
// do: no alert goes missing silently, and nothing crashes.
func TestDamagedStore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := storeOf(t, dir)
	for _, id := range []string{"a1", "a2"} {
		_, fresh, err := s.create(alert{order: order{ID: id}, Action: actionQuarantine, State: stateQueued, Received: time.Now().UTC()})
		require.NoError(t, err)
		require.True(t, fresh)
		require.NoError(t, s.putResult(id, actionQuarantine, result{Mailbox: alice, Outcome: quarantine.Quarantined}))
	}
	require.NoError(t, s.close())
	path := filepath.Join(dir, "alerts.db")
	file, err := os.ReadFile(path)
	require.NoError(t, err)
	for name, damage := range map[string]func([]byte) []byte{
		"cut short": func(b []byte) []byte { return b[:8192] },
		"empty":     func([]byte) []byte { return nil },
		"a head":    func(b []byte) []byte { clear(b[:512]); return b },
		"an alert":  func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(`"queued"`), []byte(`"queueq"`)) },
		"a result":  func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(alice), []byte("m"+alice[1:])) },
		"SQLite":    func(b []byte) []byte { return []byte("SQLite format 3\x00") },
	} {
		bad := damage(bytes.Clone(file))
		require.NotEqual(t, file, bad, name)
		require.NoError(t, os.WriteFile(path, bad, 0o600))
		_, err := openStore(dir, slog.New(slog.DiscardHandler))
		require.ErrorContains(t, err, "Move the file away", name)
		assert.ErrorContains(t, err, path)
	}
	require.NoError(t, os.WriteFile(path, file, 0o600))
	s = storeOf(t, dir)
	open, err := s.open()
	require.NoError(t, err)
	assert.Equal(t, []string{"a1", "a2"}, open)
	require.NoError(t, s.close())
}

// Alerts of an earlier version are kept.
func TestStoreOfEarlierVersion(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := bbolt.Open(filepath.Join(dir, "alerts.db"), 0o600, nil)
	require.NoError(t, err)
	received := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	want := alert{order: order{ID: "a1"}, Action: actionQuarantine, State: stateRunning, Received: received}
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		for bucket, record := range map[string]struct {
			key   string
			value any
		}{
			"alerts":  {"a1", want},
			"results": {"a1/quarantine/" + alice, result{Mailbox: alice, Outcome: quarantine.Quarantined}},
		} {
			b, err := tx.CreateBucket([]byte(bucket))
			require.NoError(t, err)
			text, err := json.Marshal(record.value)
			require.NoError(t, err)
			require.NoError(t, b.Put([]byte(record.key), text))
		}
		return nil
	}))
	require.NoError(t, db.Close())
	for range 2 { // the second time, it has been upgraded
		s := storeOf(t, dir)
		got, err := s.get("a1")
		require.NoError(t, err)
		assert.Equal(t, received, got.Received)
		require.Len(t, got.Results, 1)
		assert.Equal(t, alice, got.Results[0].Mailbox)
		open, err := s.open()
		require.NoError(t, err)
		assert.Equal(t, []string{"a1"}, open)
		require.NoError(t, s.close())
	}
}
