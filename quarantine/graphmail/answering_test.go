package graphmail_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

const answerMark = "aaaaaaaaaaaaaaaaaaaaaaaaaa"

var answerText = []byte("From: alice@example.test\r\nTo: bob@example.test\r\nSubject: thanks\r\nMessage-ID: <answer@example.test>\r\nAuto-Submitted: auto-replied\r\n\r\nThank you.\r\n")

func answering(t *testing.T, s *graphmail.Strategy) driver.Answering {
	t.Helper()
	a, ok := driver.As[driver.Answering](s.Mailbox(alice))
	require.True(t, ok)
	return a
}

// TestAnswering: a draft is found by its mark, and sent once.
func TestAnswering(t *testing.T) {
	t.Parallel()
	for _, delay := range []time.Duration{0, 3 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, &graphtest.Options{SendDelay: delay})
			a := answering(t, w.strategy(t))
			found, err := a.Answers(t.Context(), answerMark)
			require.NoError(t, err)
			assert.Empty(t, append(append(found.Drafts, found.Leaving...), found.Sent...))
			require.NoError(t, a.Draft(t.Context(), answerMark, answerText))
			found, err = a.Answers(t.Context(), answerMark)
			require.NoError(t, err)
			require.Len(t, found.Drafts, 1)
			assert.Zero(t, len(w.Notices()), "a draft is told nobody")
			other, err := a.Answers(t.Context(), "b"+answerMark[1:])
			require.NoError(t, err)
			assert.Empty(t, other.Drafts)

			stale := found.Drafts[0]
			stale.Version = "CQAAAA=="
			err = a.Send(t.Context(), stale)
			require.ErrorIs(t, err, driver.ErrConflict)
			assert.True(t, driver.Untouched(err))
			require.NoError(t, a.Send(t.Context(), found.Drafts[0]))
			err = a.Send(t.Context(), found.Drafts[0])
			require.ErrorIs(t, err, driver.ErrGone, "it has left Drafts when Send returns")
			assert.True(t, driver.Untouched(err))
			sent, err := a.Answers(t.Context(), answerMark)
			require.NoError(t, err)
			assert.Empty(t, sent.Drafts)
			require.Len(t, sent.Sent, 1)
			require.ErrorIs(t, a.Send(t.Context(), sent.Sent[0]), driver.ErrConflict, "what was sent is no draft")
			got := w.Mailbox(bob).Folder(ews.FolderInbox).Messages()
			require.Len(t, got, 1)
			assert.Contains(t, string(got[0].MIME), "Auto-Submitted: auto-replied")
			assert.Equal(t, "<answer@example.test>", got[0].MessageID)
		})
	}
}

// TestAnsweringIsRefused: failures are reported, and a draft that could not be marked
// does not count as one.
func TestAnsweringIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := answering(t, w.strategy(t))
	w.FailNext(graphtest.OpCreateMessage, graphtest.CreatesNothing)
	require.Error(t, a.Draft(t.Context(), answerMark, answerText))
	w.FailNext(graphtest.OpUpdateMessage, graphtest.Conflict, graphtest.Conflict)
	require.NoError(t, a.Draft(t.Context(), answerMark, answerText), "conflicts are nothing unusual")
	w.FailNext(graphtest.OpUpdateMessage, graphtest.DropBefore)
	err := a.Draft(t.Context(), answerMark, answerText)
	require.Error(t, err)
	assert.False(t, driver.Untouched(err))
	found, err := a.Answers(t.Context(), answerMark)
	require.NoError(t, err)
	require.Len(t, found.Drafts, 1, "one was not marked")

	w.Consent("app", "Mail.ReadWrite", "User.Read.All")
	err = a.Send(t.Context(), found.Drafts[0])
	require.ErrorContains(t, err, "Mail.Send")
	assert.True(t, driver.Untouched(err))
	w.Consent("app", graphtest.AllRoles()...)
	w.FailNext(graphtest.OpSendMessage, graphtest.DropAfter)
	err = a.Send(t.Context(), found.Drafts[0])
	require.Error(t, err)
	assert.False(t, driver.Untouched(err), "it may have been sent")
	assert.False(t, errors.Is(err, driver.ErrGone))
	sends := 0
	for _, r := range w.Requests() {
		if r.Operation == graphtest.OpSendMessage && r.Acted {
			sends++
		}
	}
	assert.Equal(t, 1, sends, "it is not repeated")
}
