//go:build unix

package boltjournal_test

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/boltjournal"
)

// A pipe is not opened: that would wait for a writer.
func TestNamedPipe(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	_, err := boltjournal.Open(path)
	require.ErrorIs(t, err, boltjournal.ErrDamaged)
	require.ErrorContains(t, err, "it is a named pipe")
	_, err = boltjournal.Salvage(path)
	require.ErrorContains(t, err, "it is a named pipe")
}

// TestFullDisk creates and fills a journal where there is room for only a part of it, in
// a process of its own. No part of a new journal is left behind, and no intent of an old
// one is lost.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv("BOLTJOURNAL_FULL_DISK"); dir != "" {
		fillDisk(t, dir)
		return
	}
	self, err := os.Executable()
	require.NoError(t, err)
	child := exec.CommandContext(t.Context(), self, "-test.run=^TestFullDisk$", "-test.v")
	child.Env = append(os.Environ(), "BOLTJOURNAL_FULL_DISK="+t.TempDir())
	out, err := child.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "intents before the disk was full")
}

func fillDisk(t *testing.T, dir string) {
	signal.Ignore(syscall.SIGXFSZ)
	var most syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &most))
	room := func(bytes uint64) {
		most.Cur = min(most.Max, bytes)
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &most))
	}
	path := filepath.Join(dir, "journal")
	for _, bytes := range []uint64{100, 12 << 10, 20 << 10} {
		room(bytes)
		_, err := boltjournal.Open(path)
		require.ErrorIs(t, err, boltjournal.ErrFull)
		require.ErrorContains(t, err, syscall.EFBIG.Error())
		require.ErrorContains(t, err, "Make room on the disk")
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, left)
	}
	room(most.Max)
	j, err := boltjournal.Open(path)
	require.NoError(t, err)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1, "the temporary file is gone")

	room(48 << 10)
	n := 0
	for err == nil {
		if err = begin(j, intent(n)); err == nil {
			n++
		}
	}
	require.ErrorIs(t, err, boltjournal.ErrFull)
	require.ErrorContains(t, err, syscall.EFBIG.Error())
	require.ErrorContains(t, err, path)
	require.ErrorContains(t, err, "Nothing is lost")
	got, err := openIntents(t.Context(), j)
	require.NoError(t, err)
	assert.Equal(t, intents(0, n), got)
	for _, bytes := range []uint64{8 << 10, 4 << 10} { // no page but the heads can be written
		room(bytes)
		err := finish(j, intent(0).Operation)
		require.ErrorIs(t, err, boltjournal.ErrFull, bytes)
		got, err := openIntents(t.Context(), j)
		require.NoError(t, err)
		assert.Equal(t, intents(0, n), got)
	}
	room(48 << 10)
	require.NoError(t, finish(j, intent(0).Operation), "there is room for less")
	require.NoError(t, j.Close())
	got, err = read(t, path)
	require.NoError(t, err)
	assert.Equal(t, intents(1, n), got)
	t.Log(n, "intents before the disk was full")
}
