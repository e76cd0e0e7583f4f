package graphmail_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// box returns a mailbox as one process sees it.
func box(t *testing.T, s *graphmail.Strategy, address string) driver.Watchable {
	t.Helper()
	w, ok := driver.As[driver.Watchable](s.Mailbox(address))
	require.True(t, ok)
	return w
}

// watch reads what has come into the Inbox and left it since a state, and returns the
// state after that.
func watch(t *testing.T, s *graphmail.Strategy, state string) (came []driver.Arrival, went int, after string) {
	t.Helper()
	for after = state; ; {
		a, err := box(t, s, alice).Arrivals(t.Context(), driver.Folder{}, after)
		require.NoError(t, err)
		for _, one := range a.Items {
			if one.Gone {
				went++
				continue
			}
			assert.False(t, one.Received.IsZero())
			came = append(came, one)
		}
		if after = a.State; !a.More {
			return came, went, after
		}
	}
}

func TestArrivals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	s := w.strategy(t)
	w.LimitPages(2)
	for i := range 5 {
		w.Mailbox(alice).Deliver(eml(fmt.Sprintf("<%d@evil.example>", i), "Invoice"))
	}
	came, went, state := watch(t, s, "")
	assert.Len(t, came, 5, "all that is there, in pages")
	assert.Zero(t, went)
	came, _, state = watch(t, s, state)
	assert.Empty(t, came)

	w.Mailbox(alice).Deliver(eml("<new@evil.example>", "Invoice"))
	w.userMoves(t, "<0@evil.example>", "Elsewhere")
	came, went, state = watch(t, w.strategy(t), state) // another process
	assert.Len(t, came, 1)
	assert.Equal(t, 1, went)

	w.userMoves(t, "<1@evil.example>", "Elsewhere")
	inbox := w.Mailbox(alice)
	for _, m := range w.in(alice, "<1@evil.example>") {
		inbox.MoveMessage(m.ID, inbox.Folder(ews.FolderInbox))
	}
	came, _, state = watch(t, s, state)
	assert.Len(t, came, 1, "what was moved away and back comes again")

	w.ForgetDeltas()
	_, err := box(t, s, alice).Arrivals(t.Context(), driver.Folder{}, state)
	require.ErrorIs(t, err, driver.ErrStateExpired)
	w.FailNext(graphtest.OpDeltaMessages, graphtest.Status(400, "BadRequest"))
	_, err = box(t, s, alice).Arrivals(t.Context(), driver.Folder{}, state)
	require.ErrorIs(t, err, driver.ErrStateExpired)
	came, _, _ = watch(t, s, "")
	assert.Len(t, came, 5)
}

func TestArrivalsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	s := w.strategy(t)
	_, _, good := watch(t, s, "")
	user, rest, _ := strings.Cut(good, " ")
	folder, link, _ := strings.Cut(rest, " ")
	sent := w.Mailbox(alice).Folder(ews.FolderSentItems)
	for name, c := range map[string]struct {
		address, folder, state string
		is                     error
	}{
		"no user":        {"nobody@example.test", "", "", driver.ErrUnreachable},
		"no folder":      {alice, "AAMk", "", driver.ErrGone},
		"another host":   {alice, "", user + " " + folder + " https://evil.example/v1.0/users/x/mailFolders/inbox/messages/delta?$deltatoken=1", driver.ErrStateExpired},
		"another path":   {alice, "", user + " " + folder + " " + w.DirectURL() + "/v1.0/users/x/messages", driver.ErrStateExpired},
		"another user":   {bob, "", good, driver.ErrStateExpired},
		"another folder": {alice, sent.ID().ID, good, driver.ErrStateExpired},
		"a link alone":   {alice, "", link, driver.ErrStateExpired},
		"no link":        {alice, "", user + " " + folder + " ", driver.ErrStateExpired},
	} {
		w.ResetRequests()
		_, err := box(t, s, c.address).Arrivals(t.Context(), driver.Folder{ID: c.folder}, c.state)
		require.ErrorIs(t, err, c.is, name)
		for _, q := range w.Requests() {
			assert.False(t, c.state != "" && q.Operation == graphtest.OpDeltaMessages, "%s: a state that leads elsewhere is not followed", name)
		}
	}
}

// TestArrivalsTellNotes: the notes of a long list are read together.
func TestArrivalsTellNotes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	s := w.strategy(t)
	field := ews.ExtendedField{GUID: driver.NoteSet, Name: driver.NoteName, Type: ews.TypeString}
	for i := range 150 {
		d := ewstest.Delivery{Received: time.Date(2026, 11, 24, 10, 0, i, 0, time.UTC)}
		if i%3 == 0 {
			d.Extended = []ews.ExtendedProperty{{Field: field, Value: fmt.Sprint("note ", i)}}
		}
		w.Mailbox(alice).DeliverWith(eml(fmt.Sprintf("<%d@evil.example>", i), "Invoice"), d)
	}
	watch(t, s, "") // now the user is known
	w.ResetRequests()
	came, _, _ := watch(t, s, "")
	assert.Len(t, came, 150)
	noted := 0
	for _, one := range came {
		if one.Note != nil {
			noted++
			assert.Contains(t, *one.Note, "note ")
		}
	}
	assert.Equal(t, 50, noted)
	assert.Len(t, w.Requests(), 4, "two pages, and a look at the notes of each")
}
