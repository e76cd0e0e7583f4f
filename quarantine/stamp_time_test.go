package quarantine_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// The time in a stamp is the time of the quarantine, even if a restore that began later
// was interrupted.
func TestStampTellsWhenItWasTaken(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		begin := time.Now()
		taken := w.taken(t)
		require.NoError(t, taken.Err())
		time.Sleep(5 * time.Hour)
		ctx, kill := context.WithCancel(t.Context())
		w.FailNext(carriesBy(o), ewstest.DropBefore)
		w.OnRequest(func(_ int, q *ewstest.Request) {
			if q.Operation == carriesBy(o) {
				kill()
			}
		})
		_, err := w.service.Restore(ctx, taken)
		require.NoError(t, err)
		w.OnRequest(nil)
		for it, err := range w.service.List(t.Context(), quarantine.ListRequest{Mailbox: alice}) {
			require.NoError(t, err)
			assert.WithinDuration(t, begin, it.Quarantined, 5*time.Minute)
		}
	})
}

// keeping is a journal that forgets nothing.
type keeping struct{ *quarantine.MemoryJournal }

func (keeping) Finish(context.Context, quarantine.Claim) error {
	return errors.New("the disk is broken")
}

// A journal that cannot forget an intent changes nothing about the message, and is
// reported in the log; the recovery looks again.
func TestFinishFails(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		var log bytes.Buffer
		w := newWorld(t, o)
		set := o.settings
		o.settings = func(s *quarantine.Options) {
			set(s)
			s.Journal, s.Logger = keeping{w.journal}, slog.New(slog.NewTextHandler(&log, nil))
		}
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		r, err := w.newService(t, o).Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
		require.NoError(t, err)
		assert.Equal(t, quarantine.Quarantined, r.Outcome())
		assert.Contains(t, log.String(), "intent could not be removed")
		w.count(t, 0, 1, "in the end")
		for r, err := range w.service.Recover(t.Context()) {
			require.NoError(t, err)
			require.NoError(t, r.Err())
		}
		open, err := openIntents(t.Context(), w.journal)
		require.NoError(t, err)
		assert.Empty(t, open)
	})
}
