package boltjournal_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/boltjournal"
)

func TestBoltJournalOutlivesItsProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	j, err := boltjournal.Open(path)
	require.NoError(t, err)
	require.NoError(t, begin(j, quarantine.Intent{Operation: "a"}))

	_, err = boltjournal.Open(path)
	require.ErrorIs(t, err, boltjournal.ErrInUse)
	assert.ErrorContains(t, err, "journal")

	require.NoError(t, j.Close())
	j, err = boltjournal.Open(path)
	require.NoError(t, err)
	defer j.Close()
	got, err := openIntents(t.Context(), j)
	require.NoError(t, err)
	assert.Len(t, got, 1)
}

func TestBoltJournalThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	_, err := boltjournal.Open(filepath.Join(t.TempDir(), "missing", "journal"))
	assert.ErrorContains(t, err, "journal")
}
