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

// plainJournal only has what a journal needs.
type plainJournal struct{ quarantine.Journal }

// indexedJournal must not be read whole, and counts how it is read.
type indexedJournal struct {
	*quarantine.MemoryJournal
	operations, targets, lists int
}

func (j *indexedJournal) Open(context.Context) ([]quarantine.Intent, error) {
	return nil, errors.New("it was read whole")
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
		all, err := j.MemoryJournal.Open(ctx)
		if err != nil || !yield(quarantine.Intent{}, errors.New("intent 17 cannot be read")) {
			return
		}
		for _, in := range all {
			if !yield(in, nil) {
				return
			}
		}
	}
}

// A journal that can be asked for one operation or target is not read whole for each
// item, and one that can list its intents is not read whole for a recovery. Without
// these the same is done.
func TestJournalIsNotReadWhole(t *testing.T) {
	t.Parallel()
	for _, plain := range []bool{false, true} {
		memory := &quarantine.MemoryJournal{}
		indexed := &indexedJournal{MemoryJournal: memory}
		var journal quarantine.Journal = indexed
		if plain {
			journal = plainJournal{memory}
		}
		w := newWorld(t, worldOptions{settings: func(s *quarantine.Options) { s.Journal = journal }})
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
		open, err := memory.Open(ctx)
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
		require.NoError(t, memory.Begin(ctx, left))
		r, err = w.service.Quarantine(ctx, quarantine.Target{Mailbox: bob, MessageID: theID})
		require.NoError(t, err)
		require.Len(t, r.Items, 1, "nothing is there, but something was begun")
		assert.Equal(t, "left", r.Items[0].Operation)
		for _, in := range append(open, left) {
			require.NoError(t, memory.Finish(ctx, in.Operation))
		}

		left.Target.MessageID = "<other@evil.example>"
		require.NoError(t, memory.Begin(ctx, left))
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
		if plain {
			assert.NoError(t, problem)
			continue
		}
		assert.ErrorContains(t, problem, "journal: intent 17 cannot be read")
		assert.Positive(t, indexed.operations)
		assert.Positive(t, indexed.targets)
		assert.Equal(t, 1, indexed.lists)
	}
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
