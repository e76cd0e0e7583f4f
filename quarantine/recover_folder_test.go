package quarantine_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// The receipt of a recovered restore names the folder that the message was taken from, and
// not that of the quarantine, whoever finished the restore.
func TestRecoverNamesTheUsersFolder(t *testing.T) {
	for name, meanwhile := range map[string]func(t *testing.T, q *quarantine.Service, target quarantine.Target){
		"Recover finishes it":         func(*testing.T, *quarantine.Service, quarantine.Target) {},
		"another restore finished it": restoreWhole,
	} {
		inBubbleSub(t, name, func(t *testing.T, w *world, o worldOptions) {
			target := quarantine.Target{Mailbox: alice, MessageID: "<1@evil.example>"}
			w.Mailbox(alice).Deliver(eml(target.MessageID, "Invoice"))
			takeWhole(t, w.service, target)

			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			moved := false
			w.OnRequest(func(_ int, r *ewstest.Request) {
				if moved {
					cancel(errPowerCut)
				}
				moved = moved || r.Operation == ews.OpMoveItem
			})
			r, err := w.service.RestoreMessage(ctx, target)
			require.Error(t, errors.Join(err, r.Err()))
			w.OnRequest(nil)

			other, set := o, o.settings
			other.settings = func(s *quarantine.Options) { set(s); s.Journal = &quarantine.MemoryJournal{} }
			meanwhile(t, w.newService(t, other), target)
			receipts := recoveries(t, w.newService(t, o))
			require.Len(t, receipts, 1)
			require.NotEmpty(t, receipts[0].Items)
			assert.Equal(t, "/Inbox", receipts[0].Items[0].Folder)
		})
	}
}

func takeWhole(t *testing.T, q *quarantine.Service, target quarantine.Target) {
	t.Helper()
	r, err := q.Quarantine(t.Context(), target)
	require.NoError(t, errors.Join(err, r.Err()))
}

func restoreWhole(t *testing.T, q *quarantine.Service, target quarantine.Target) {
	t.Helper()
	r, err := q.RestoreMessage(t.Context(), target)
	require.NoError(t, errors.Join(err, r.Err()))
}
