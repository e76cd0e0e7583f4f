package ews_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// TestMailboxStateIsBounded: a run over many mailboxes leaves nothing behind, but what a
// view has learnt is kept as long as the view.
func TestMailboxStateIsBounded(t *testing.T) {
	srv := &staticServer{soap(response(ews.OpGetFolder, goodFolder))}
	c := newClient(t, srv, nil)
	kept := c.ForMailbox("kept@example.test")
	require.NoError(t, getFolder(t.Context(), kept))
	before := heap()
	for i := range 100_000 {
		c.ForMailbox(fmt.Sprintf("user%d@example.test", i)).Version()
		if i%10_000 == 9_999 {
			collected(t, before, 8<<20, "bytes kept for 100,000 mailboxes")
		}
	}
	assert.False(t, kept.Build().IsZero())
	assert.Equal(t, kept.Build(), c.Impersonating("KEPT@example.test").Build(), "a new view of the same mailbox")
}

// TestDroppedClientIsCollected: a program that makes a client for each run retains
// neither the clients nor what they have learnt.
func TestDroppedClientIsCollected(t *testing.T) {
	before := heap()
	for i := range 100 {
		c := newClient(t, &staticServer{}, nil)
		for j := range 1_000 {
			c.ForMailbox(fmt.Sprintf("user%d@example.test", j)).Version()
		}
		if i%10 == 9 {
			collected(t, before, 8<<20, "bytes kept for 100 clients of 1,000 mailboxes")
		}
	}
}

// collected fails if the heap in use has grown by more than most, once the collector has
// had time for the garbage: cleanups run after a collection, concurrently with the test.
func collected(t *testing.T, before uint64, most int64, what string) {
	t.Helper()
	var more int64
	for range 200 {
		if more = int64(heap()) - int64(before); more < most {
			return
		}
		runtime.Gosched()
	}
	require.Less(t, more, most, what)
}

// heap returns the size of the heap in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
