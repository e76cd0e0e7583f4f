package quarantine_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/boltjournal"
)

// The copy in quarantine was deleted, and another message came in the same second.
func TestRestoreTakesNoOtherMessageForIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, searching(false, quarantine.Limits{}))
	box := w.Mailbox(alice)
	box.DeliverWith(eml("", "Your invoice"), ewstest.Delivery{Received: noon})
	box.DeliverWith([]byte("From: boss@example.test\r\nTo: alice@example.test\r\nSubject: Lunch with a long text\r\n\r\n"+strings.Repeat("innocent ", 5000)), ewstest.Delivery{Received: noon})
	taken, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, Criteria: lure})
	require.NoError(t, err)
	require.NoError(t, taken.Err())
	require.Len(t, taken.Items, 1)
	for _, m := range w.Mailbox(vault).Messages() {
		w.Mailbox(vault).DeleteMessage(m.ID)
	}
	require.Empty(t, w.subjects(vault))
	back, err := w.service.Restore(t.Context(), taken)
	require.NoError(t, err)
	assert.Equal(t, quarantine.NotFound, back.Outcome(), "%+v", back.Items)
}

// A server keeps 255 characters of a long subject.
func TestByCriteriaLongSubject(t *testing.T) {
	t.Parallel()
	w := newWorld(t, searching(false, quarantine.Limits{}))
	long := strings.TrimSpace(strings.Repeat("abcdefghij ", 30))
	w.Mailbox(alice).DeliverWith(eml("", long), ewstest.Delivery{Received: noon})
	// what a server that keeps 255 has
	cut := long[:255]
	w.Mailbox(bob).DeliverWith(eml("", cut), ewstest.Delivery{Received: noon})
	long2 := ""
	for i := range 28 {
		long2 += fmt.Sprintf("w%08d ", i)
	}
	long2 = strings.TrimSpace(long2)
	w.Mailbox(carol).DeliverWith(eml("", long2[:255]), ewstest.Delivery{Received: noon})
	for box, s := range map[string]string{alice: long, bob: long, carol: long2} {
		for _, m := range []quarantine.SubjectMatch{quarantine.SubjectExact, quarantine.SubjectPrefix} {
			r, err := w.service.Find(t.Context(), quarantine.Target{Mailbox: box, Criteria: quarantine.Criteria{Subject: s, SubjectMatch: m}})
			require.NoError(t, err)
			assert.Len(t, r.Items, 1, box+string(m))
		}
	}
}

// A run was interrupted before it wrote the stamp; then the owner filed the message
// elsewhere. Nothing of the attempt is left anywhere: recovery does not take what only
// looks like the message, and reports that; running the target again does take it.
func TestByCriteriaRecoverMoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, searching(false, quarantine.Limits{}))
	box := w.Mailbox(alice)
	m := box.DeliverWith(eml("<x@evil.example>", "Your invoice"), ewstest.Delivery{Received: noon})
	ctx, cancel := context.WithCancel(t.Context())
	w.OnRequest(func(_ int, r *ewstest.Request) {
		if r.Operation == ews.OpUpdateItem {
			cancel()
		}
	})
	w.FailNext(ews.OpUpdateItem, ewstest.DropBefore)
	_, _ = w.service.Quarantine(ctx, quarantine.Target{Mailbox: alice, Criteria: lure})
	w.ClearFaults()
	box.MoveMessage(m.ID, box.AddFolder(box.Folder(ews.FolderInbox), "Elsewhere"))
	settled := w.recovered(t)
	require.Len(t, settled, 1)
	require.ErrorIs(t, settled[0].Err(), quarantine.ErrGone)
	assert.Equal(t, quarantine.NotFound, settled[0].Outcome())
	assert.Len(t, w.subjects(alice), 1)

	r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, Criteria: lure})
	require.NoError(t, err)
	require.NoError(t, r.Err())
	assert.Empty(t, w.subjects(alice))
	assert.Len(t, w.subjects(vault), 1)
}

// A message sent before this one arrived did not pass it on, whatever its thread
// headers say.
func TestForwardsForgedThread(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	index := func(s string) []ews.ExtendedProperty {
		return []ews.ExtendedProperty{{Field: ews.ExtendedField{Tag: 0x0071, Type: ews.TypeBinary}, Value: base64.StdEncoding.EncodeToString([]byte(s))}}
	}
	root := strings.Repeat("x", 22)
	box := w.Mailbox(alice)
	text := "From: alice@example.test\r\nTo: bob@example.test\r\nDate: Sun, 01 Nov 2026 10:00:00 +0000\r\nSubject: Re: Lure\r\nMessage-ID: <old@example.test>\r\n\r\nhonest"
	box.DeliverWith([]byte(text), ewstest.Delivery{Folder: box.Folder(ews.FolderSentItems), Received: noon.AddDate(0, 0, -23), Extended: index(root + "reply")})
	box.DeliverWith(eml("<lure@evil.example>", "Lure"), ewstest.Delivery{Received: noon, Extended: index(root)})
	trail, err := w.service.FollowForwards(t.Context(), quarantine.Target{Mailbox: alice, MessageID: "<lure@evil.example>"}, nil)
	require.NoError(t, err)
	assert.Empty(t, copies(trail), "sent 23 days before the lure came")
}

// The owner files the message while its conversation is read.
func TestForwardsOfAMovedMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	index := func(s string) []ews.ExtendedProperty {
		return []ews.ExtendedProperty{{Field: ews.ExtendedField{Tag: 0x0071, Type: ews.TypeBinary}, Value: base64.StdEncoding.EncodeToString([]byte(s))}}
	}
	root := strings.Repeat("x", 22)
	box := w.Mailbox(alice)
	m := box.DeliverWith(eml("<lure@evil.example>", "Lure"), ewstest.Delivery{Received: noon, Extended: index(root)})
	w.files(alice, ews.FolderSentItems, "<fwd@example.test>", bob, index(root+"reply"))
	moved := false
	w.OnRequest(func(_ int, r *ewstest.Request) {
		if r.Operation == ews.OpGetItem && !moved {
			moved = true
			box.MoveMessage(m.ID, box.AddFolder(box.Folder(ews.FolderInbox), "Elsewhere")) // its owner files it in the meantime
		}
	})
	trail, err := w.service.FollowForwards(t.Context(), quarantine.Target{Mailbox: alice, MessageID: "<lure@evil.example>"}, nil)
	require.NoError(t, err)
	assert.True(t, moved)
	assert.True(t, len(trail.Copies) > 0 || !trail.Complete)
}

// Messages that arrive while a run is at work count, too.
func TestByCriteriaLimitOverPasses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, searching(false, quarantine.Limits{PerMailbox: 3}))
	box := w.Mailbox(alice)
	for i := range 3 {
		box.DeliverWith(eml(fmt.Sprintf("<%d@x>", i), "Your invoice"), ewstest.Delivery{Received: noon.Add(time.Duration(i) * time.Minute)})
	}
	first := box.Messages()[0]
	done := false
	w.OnRequest(func(_ int, r *ewstest.Request) {
		if r.Operation != ews.OpUpdateItem || done {
			return
		}
		done = true
		box.MoveMessage(first.ID, box.Folder(ews.FolderDeletedItems))
		for i := range 2 {
			box.DeliverWith(eml(fmt.Sprintf("<n%d@x>", i), "Your invoice"), ewstest.Delivery{Received: noon.Add(time.Hour)})
		}
	})
	r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, Criteria: lure})
	require.NoError(t, err)
	assert.ErrorContains(t, r.Err(), "perMailbox")
	assert.LessOrEqual(t, len(w.subjects(vault)), 3)
}

// What was found before the context ended is reported.
func TestFindAllTellsWhatWasFound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, _, targets := counting(t, 100)
		ctx, cancel := context.WithCancel(t.Context())
		seq := func(yield func(quarantine.Target) bool) {
			for _, x := range targets {
				if !yield(x) {
					return
				}
			}
			synctest.Wait() // all have been searched
			cancel()
			yield(targets[0])
		}
		var got int
		var last error
		for receipt, err := range r.FindAll(ctx, seq) {
			if last = err; receipt != nil {
				require.NoError(t, err)
				got++
			}
		}
		assert.Equal(t, len(targets), got)
		assert.ErrorIs(t, last, context.Canceled)
	})
}

// An intent that cannot be read does not keep the others from being settled.
func TestRecoverBesideAnUnreadableIntent(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "j")
	j, err := boltjournal.Open(file)
	require.NoError(t, err)
	o := searching(false, quarantine.Limits{})
	usual := o.settings
	set := func(s *quarantine.Options) { usual(s); s.WriteDoubt = time.Second }
	o.settings = func(s *quarantine.Options) { set(s); s.Journal = j }
	w := newWorld(t, o)
	w.Mailbox(alice).DeliverWith(eml("", "Your invoice"), ewstest.Delivery{Received: noon})
	ctx, cancel := context.WithCancel(t.Context())
	w.OnRequest(func(_ int, r *ewstest.Request) {
		if r.Operation == ews.OpMoveItem {
			cancel()
		}
	})
	w.FailNext(ews.OpMoveItem, ewstest.DropBefore)
	_, _ = w.service.Quarantine(ctx, quarantine.Target{Mailbox: alice, Criteria: lure})
	w.ClearFaults()
	require.NoError(t, j.Close())
	db, err := bbolt.Open(file, 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte("intents")).Put([]byte("zz"), []byte("{")) }))
	require.NoError(t, db.Close())
	j2, err := boltjournal.Open(file)
	require.NoError(t, err)
	defer j2.Close()
	o.settings = func(s *quarantine.Options) { set(s); s.Journal = j2 }
	time.Sleep(2 * time.Second) // as long as the lost request may take effect
	for r, err := range w.newService(t, o).Recover(t.Context()) {
		t.Log(r, err)
	}
	assert.Len(t, w.subjects(vault), 1)
}
