package graphmail_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
)

// watch reads what has come, and returns the state after it.
func watch(t *testing.T, s *graphmail.Strategy, state string) (ids []string, after string, anew bool) {
	t.Helper()
	after = state
	for a, err := range s.Arrivals(t.Context(), alice, "inbox", state) {
		require.NoError(t, err)
		for _, m := range a.Messages {
			assert.NotEmpty(t, m.ItemID)
			assert.Equal(t, "Invoice", m.Subject)
			assert.False(t, m.Received.IsZero())
			ids = append(ids, m.MessageID)
		}
		after, anew = a.State, anew || a.Anew
	}
	return ids, after, anew
}

func TestArrivals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	s := w.strategy(t)
	w.LimitPages(2)
	for i := range 5 {
		w.Mailbox(alice).Deliver(eml(fmt.Sprintf("<%d@evil.example>", i), "Invoice"))
	}
	ids, state, _ := watch(t, s, "")
	assert.Len(t, ids, 5, "all that is there, in pages")

	ids, state, _ = watch(t, s, state)
	assert.Empty(t, ids)

	w.Mailbox(alice).Deliver(eml("<new@evil.example>", "Invoice"))
	w.userMoves(t, "<0@evil.example>", "Elsewhere")
	ids, state, anew := watch(t, w.strategy(t), state) // another process
	assert.Equal(t, []string{"<new@evil.example>"}, ids, "what has gone is not told")
	assert.False(t, anew)

	w.userMoves(t, "<1@evil.example>", "Elsewhere")
	box := w.Mailbox(alice)
	for _, m := range w.in(alice, "<1@evil.example>") {
		box.MoveMessage(m.ID, box.Folder(ews.FolderInbox))
	}
	ids, state, _ = watch(t, s, state)
	assert.Equal(t, []string{"<1@evil.example>"}, ids, "what was moved away and back comes again")

	w.ForgetDeltas()
	w.Mailbox(alice).Deliver(eml("<later@evil.example>", "Invoice"))
	ids, state, anew = watch(t, s, state)
	assert.True(t, anew)
	assert.ElementsMatch(t, []string{"<1@evil.example>", "<2@evil.example>", "<3@evil.example>", "<4@evil.example>", "<new@evil.example>", "<later@evil.example>"}, ids)
	ids, _, anew = watch(t, s, state)
	assert.Empty(t, ids)
	assert.False(t, anew)
}

func TestArrivalsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	s := w.strategy(t)
	for _, c := range []struct {
		address, folder, state string
		is                     error
	}{
		{"nobody@example.test", "inbox", "", driver.ErrUnreachable},
		{alice, "no-such-folder", "", driver.ErrGone},
		{alice, "inbox", "https://evil.example/v1.0/users/x/mailFolders/inbox/messages/delta?$deltatoken=1", nil},
		{alice, "inbox", w.DirectURL() + "/v1.0/users/x/messages", nil},
	} {
		w.ResetRequests()
		n := 0
		for _, err := range s.Arrivals(t.Context(), c.address, c.folder, c.state) {
			n++
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			} else {
				require.Error(t, err)
				for _, q := range w.Requests() {
					assert.NotContains(t, q.Operation, "Delta", "a state that leads elsewhere is not followed")
				}
			}
		}
		assert.Equal(t, 1, n)
	}
}
