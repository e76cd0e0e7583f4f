package quarantine_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// heldAs returns the message with a Message-ID that lies in quarantine.
func (w *world) heldAs(t *testing.T, id string) quarantine.Held {
	t.Helper()
	for _, h := range w.held(t) {
		if h.MessageID == id {
			return h
		}
	}
	require.Fail(t, "not in quarantine", id)
	return quarantine.Held{}
}

func (w *world) takes(t *testing.T, target quarantine.Target) {
	t.Helper()
	r, err := w.service.Quarantine(t.Context(), target)
	require.NoError(t, err)
	require.NoError(t, r.Err())
	require.Equal(t, quarantine.Quarantined, r.Outcome())
}

func TestExport(t *testing.T) {
	t.Parallel()
	for number, a := range accesses {
		if !played(t, number) {
			continue
		}
		w := newWorld(t, a.worldOptions)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice", attached("invoice.pdf")))
		w.takes(t, quarantine.Target{Mailbox: alice, MessageID: theID})
		h := w.heldAs(t, theID)
		// Somebody files it elsewhere: it is still found.
		keeper := w.Mailbox(vault)
		_, err := keeper.Person("keeper").File(w.in(vault, theID)[0], keeper.AddFolder(nil, "Evidence"))
		require.NoError(t, err)

		var file bytes.Buffer
		got, err := w.service.Export(t.Context(), h, &file)
		require.NoError(t, err, a.name)
		sum := sha256.Sum256(file.Bytes())
		assert.Equal(t, quarantine.Exported{Size: int64(file.Len()), SHA256: hex.EncodeToString(sum[:]), Rendering: true}, got)
		assert.Contains(t, file.String(), "invoice.pdf")
		assert.Contains(t, file.String(), theID)
		assert.Len(t, w.in(vault, theID), 1, "nothing was changed")

		_, err = w.service.Export(t.Context(), h, writerFunc(func([]byte) (int, error) { return 0, errors.New("disk full") }))
		assert.ErrorContains(t, err, "disk full")
		h.Operation = "abcdefghijklmnopqrstuvwxy2"
		_, err = w.service.Export(t.Context(), h, io.Discard)
		require.ErrorIs(t, err, quarantine.ErrGone)
		h.Operation = "no operation"
		_, err = w.service.Export(t.Context(), h, io.Discard)
		require.ErrorIs(t, err, quarantine.ErrInvalid)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// TestExportOfACutMessage: part of a message is not passed off as the message.
func TestExportOfACutMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.Mailbox(alice).Deliver([]byte("From: mallory@evil.example\r\nSubject: Invoice\r\nMessage-ID: " + theID + "\r\n\r\nClick here.\r\n=== Truncated Data ==="))
	w.takes(t, quarantine.Target{Mailbox: alice, MessageID: theID})
	_, err := w.service.Export(t.Context(), w.heldAs(t, theID), io.Discard)
	require.ErrorIs(t, err, quarantine.ErrTruncated)
}

// older makes the stamps of what lies in quarantine older by the given time.
func (w *world) older(t *testing.T, by time.Duration) {
	t.Helper()
	mailbox := w.newStrategy(t, worldOptions{}).Mailbox(vault)
	for _, h := range w.held(t) {
		it, err := mailbox.Inspect(t.Context(), h.Place.ItemID)
		require.NoError(t, err)
		stamp := *it.Stamp
		stamp.At = stamp.At.Add(-by)
		stamp.Lease = stamp.Lease.Add(-by)
		_, err = mailbox.Mark(t.Context(), it, driver.Change{Stamp: &stamp})
		require.NoError(t, err)
	}
}

// purged returns the outcome of a purge for each Message-ID.
func (w *world) purged(t *testing.T, req quarantine.PurgeRequest) map[string]quarantine.PurgeOutcome {
	t.Helper()
	all := make(map[string]quarantine.PurgeOutcome)
	for p, err := range w.service.Purge(t.Context(), req) {
		require.NoError(t, err)
		assert.Equal(t, p.Outcome == quarantine.PurgeRefused || p.Outcome == quarantine.PurgeUndecided || p.Outcome == quarantine.PurgeFailed, p.Err != nil, "%v", p.Err)
		all[p.MessageID] = p.Outcome
	}
	return all
}

func TestPurge(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for number, a := range accesses {
		if !played(t, number) {
			continue
		}
		w := newWorld(t, a.worldOptions)
		for _, id := range []string{"<old@evil.example>", "<kept@evil.example>"} {
			w.Mailbox(alice).Deliver(eml(id, "Invoice"))
			w.takes(t, quarantine.Target{Mailbox: alice, MessageID: id, Reference: "case " + id[1:4]})
		}
		w.older(t, 100*day)
		w.Mailbox(bob).Deliver(eml("<new@evil.example>", "Invoice"))
		w.takes(t, quarantine.Target{Mailbox: bob, MessageID: "<new@evil.example>"})
		w.Mailbox(vault).Deliver(eml("<other@good.example>", "Not ours"))

		req := quarantine.PurgeRequest{Before: time.Now().Add(-90 * day), Keep: []string{"case kep"}, DryRun: true}
		assert.Equal(t, map[string]quarantine.PurgeOutcome{"<old@evil.example>": quarantine.Purgeable, "<kept@evil.example>": quarantine.PurgeKept}, w.purged(t, req), a.name)
		assert.Len(t, w.held(t), 3, "a dry run removes nothing")
		req.DryRun = false
		assert.Equal(t, map[string]quarantine.PurgeOutcome{"<old@evil.example>": quarantine.PurgeDone, "<kept@evil.example>": quarantine.PurgeKept}, w.purged(t, req), a.name)
		assert.Empty(t, w.in(vault, "<old@evil.example>"))
		assert.Len(t, w.in(vault, "<kept@evil.example>"), 1)
		assert.Len(t, w.in(vault, "<new@evil.example>"), 1)
		assert.Len(t, w.in(vault, "<other@good.example>"), 1, "what others have put there stays")
		assert.Empty(t, w.Notices(), "nobody is told")
		assert.Equal(t, map[string]quarantine.PurgeOutcome{"<kept@evil.example>": quarantine.PurgeKept}, w.purged(t, req), a.name)
	}
}

func TestPurgeRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	for _, before := range []time.Time{{}, time.Now(), time.Now().Add(-23 * time.Hour), time.Now().Add(time.Hour)} {
		n := 0
		for _, err := range w.service.Purge(t.Context(), quarantine.PurgeRequest{Before: before}) {
			n++
			require.ErrorIs(t, err, quarantine.ErrInvalid)
		}
		assert.Equal(t, 1, n)
	}
	old := quarantine.PurgeRequest{Before: time.Now().Add(-48 * time.Hour)}
	w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
	w.takes(t, quarantine.Target{Mailbox: alice, MessageID: theID})
	w.older(t, 72*time.Hour)
	h := w.heldAs(t, theID)

	// An intent for it is open.
	in := quarantine.Intent{Operation: h.Operation, Target: quarantine.Target{Mailbox: alice, MessageID: theID}, At: time.Now(), From: quarantine.Place{Mailbox: alice}}
	claim, err := w.journal.Begin(t.Context(), in, "another", time.Hour)
	require.NoError(t, err)
	assert.Equal(t, map[string]quarantine.PurgeOutcome{theID: quarantine.PurgeRefused}, w.purged(t, old))
	assert.Len(t, w.in(vault, theID), 1)
	require.NoError(t, w.journal.Finish(t.Context(), claim))

	// A run has its lease, a restore has begun, or there are two copies.
	mailbox := w.newStrategy(t, worldOptions{}).Mailbox(vault)
	mark := func(change func(*driver.Stamp)) {
		it, err := mailbox.Inspect(t.Context(), w.heldAs(t, theID).Place.ItemID)
		require.NoError(t, err)
		stamp := *it.Stamp
		change(&stamp)
		_, err = mailbox.Mark(t.Context(), it, driver.Change{Stamp: &stamp})
		require.NoError(t, err)
	}
	var was driver.Stamp
	mark(func(s *driver.Stamp) { was = *s; s.Lease = time.Now().Add(time.Hour) })
	assert.Equal(t, map[string]quarantine.PurgeOutcome{theID: quarantine.PurgeRefused}, w.purged(t, old))
	mark(func(s *driver.Stamp) { *s = was; s.Direction = driver.ToUser })
	assert.Equal(t, map[string]quarantine.PurgeOutcome{theID: quarantine.PurgeRefused}, w.purged(t, old))
	mark(func(s *driver.Stamp) { *s = was })
	keeper := w.Mailbox(vault)
	_, err = keeper.Person("keeper").Copy(w.in(vault, theID)[0], keeper.AddFolder(nil, "Copies"))
	require.NoError(t, err)
	assert.Equal(t, map[string]quarantine.PurgeOutcome{theID: quarantine.PurgeRefused}, w.purged(t, old))
	assert.Len(t, w.in(vault, theID), 2)
}

// TestPurgeReadsBack: a purge does not rely on the answer, whether that was lost or is a
// false success.
func TestPurgeReadsBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault ewstest.Fault
		want  quarantine.PurgeOutcome
		left  int
	}{
		"the answer is lost":  {ewstest.DropAfter, quarantine.PurgeDone, 0},
		"the request is lost": {ewstest.DropBefore, quarantine.PurgeUndecided, 1},
		"the server refuses":  {ewstest.MemberCode("ErrorAccessDenied"), quarantine.PurgeFailed, 1},
	} {
		w := newWorld(t, worldOptions{})
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		w.takes(t, quarantine.Target{Mailbox: alice, MessageID: theID})
		w.older(t, 72*time.Hour)
		w.Fail(ewstest.When{Operation: ews.OpDeleteItem, Times: 10}, c.fault)
		got := w.purged(t, quarantine.PurgeRequest{Before: time.Now().Add(-48 * time.Hour)})
		assert.Equal(t, c.want, got[theID], name)
		assert.Len(t, w.in(vault, theID), c.left, name)
	}
}

func TestPurgeEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
	w.takes(t, quarantine.Target{Mailbox: alice, MessageID: theID})
	w.older(t, 72*time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for p, err := range w.service.Purge(ctx, quarantine.PurgeRequest{Before: time.Now().Add(-48 * time.Hour)}) {
		require.Error(t, err)
		assert.Zero(t, p)
	}
	assert.Len(t, w.in(vault, theID), 1)
}
