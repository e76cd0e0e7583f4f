package quarantine_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// indexedJournal counts how it is read, and has an intent that cannot be read.
type indexedJournal struct {
	*quarantine.MemoryJournal
	operations, targets, lists int
}

func (j *indexedJournal) FindOperation(ctx context.Context, operation string) (quarantine.Intent, bool, error) {
	j.operations++
	return j.MemoryJournal.FindOperation(ctx, operation)
}

func (j *indexedJournal) FindTarget(ctx context.Context, t quarantine.Target) ([]quarantine.Intent, error) {
	j.targets++
	return j.MemoryJournal.FindTarget(ctx, t)
}

func (j *indexedJournal) Pending(ctx context.Context) iter.Seq2[quarantine.Intent, error] {
	j.lists++
	return func(yield func(quarantine.Intent, error) bool) {
		if !yield(quarantine.Intent{}, errors.New("intent 17 cannot be read")) {
			return
		}
		for in, err := range j.MemoryJournal.Pending(ctx) {
			if !yield(in, err) {
				return
			}
		}
	}
}

// A journal is not read whole for each item: it is asked for one operation or target.
func TestJournalIsNotReadWhole(t *testing.T) {
	t.Parallel()
	memory := &quarantine.MemoryJournal{}
	indexed := &indexedJournal{MemoryJournal: memory}
	w := newWorld(t, worldOptions{settings: func(s *quarantine.Options) { s.Journal = indexed }})
	w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
	target := quarantine.Target{Mailbox: alice, MessageID: theID}
	ctx, cancel := context.WithCancel(t.Context())
	w.FailNext(ews.OpMoveItem, ewstest.DropBefore)
	w.OnRequest(func(_ int, r *ewstest.Request) {
		if r.Operation == ews.OpMoveItem {
			cancel() // the item keeps its stamp, and the journal the intent
		}
	})
	_, _ = w.service.Quarantine(ctx, target)
	ctx = t.Context()
	open, err := openIntents(ctx, memory)
	require.NoError(t, err)
	require.Len(t, open, 1)
	r, err := w.service.Quarantine(ctx, target)
	require.NoError(t, err)
	require.Len(t, r.Items, 1)
	assert.Equal(t, open[0].Operation, r.Items[0].Operation, "the same attempt goes on")

	left := quarantine.Intent{
		Operation: "left", Direction: driver.ToQuarantine, Target: quarantine.Target{Mailbox: bob, MessageID: theID, Reason: "earlier"},
		From: quarantine.Place{Mailbox: bob, ItemID: "gone"}, At: time.Now().Add(-time.Hour),
	}
	beginFor(t, memory, left)
	r, err = w.service.Quarantine(ctx, quarantine.Target{Mailbox: bob, MessageID: theID})
	require.NoError(t, err)
	require.Len(t, r.Items, 1, "nothing is there, but something was begun")
	assert.Equal(t, "left", r.Items[0].Operation)
	open, err = openIntents(ctx, memory)
	require.NoError(t, err)
	for _, in := range open {
		_, c, err := memory.Claim(ctx, in.Operation, "test", 0)
		require.NoError(t, err)
		require.NoError(t, memory.Finish(ctx, c))
	}
	require.Zero(t, indexed.lists)

	left.Target.MessageID = "<other@evil.example>"
	beginFor(t, memory, left)
	var problem error
	receipts := 0
	for r, err := range w.service.Recover(ctx) {
		if r != nil {
			receipts++
		} else {
			problem = err
		}
	}
	assert.Equal(t, 1, receipts)
	assert.ErrorContains(t, problem, "journal: intent 17 cannot be read")
	assert.Positive(t, indexed.operations)
	assert.Positive(t, indexed.targets)
	assert.Equal(t, 1, indexed.lists)
}

func TestTargetSame(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	a := quarantine.Target{Mailbox: alice, Criteria: quarantine.Criteria{Subject: "Your invoice", ReceivedAfter: at}, Reason: "phishing"}
	b := a
	b.Reason = ""
	b.Criteria.ReceivedAfter = at.In(time.FixedZone("", 3600))
	assert.True(t, a.Same(b))
	b.Criteria.ReceivedBefore = at
	assert.False(t, a.Same(b))
	b = a
	b.Mailbox = bob
	assert.False(t, a.Same(b))
}
