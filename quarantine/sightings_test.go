package quarantine_test

import (
	"bytes"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// patient returns options for a world with the times used in production, for bubbles.
func patient(o worldOptions) worldOptions {
	set := o.settings
	o.settings = func(s *quarantine.Options) {
		s.Wait, s.SearchLag, s.WriteDoubt = 0, 0, 0
		if set != nil {
			set(s)
		}
	}
	return o
}

// crowd adds folders until one search of the mailbox takes several calls, and
// returns the last of them.
func crowd(box *ewstest.Mailbox, parent *ewstest.Folder) (last *ewstest.Folder) {
	for i := range 40 {
		last = box.AddFolder(parent, fmt.Sprintf("F%02d", i))
	}
	return last
}

// byStamp reports whether a request searches for a stamp.
func byStamp(r *ewstest.Request) bool {
	return r.Operation == ews.OpFindItem && bytes.Contains(r.Body, []byte(driver.StampOperation))
}

// played reports whether a plain run plays a test with the number-th access: each test is
// played with two of the five, and not always the same ones.
func played(t *testing.T, number int) bool {
	return *whole || (number+len(t.Name()))%len(accesses) < 2
}

// everyAccess runs a test for each access and way that is played, in a bubble.
func everyAccess(t *testing.T, f func(*testing.T, worldOptions)) {
	t.Parallel()
	for i, a := range accesses {
		if !played(t, i) {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { f(t, patient(a.worldOptions)) })
		})
	}
}

// count checks how many copies the user has, and how many are in quarantine.
func (w *world) count(t *testing.T, user, taken int, what string) {
	t.Helper()
	assert.Len(t, w.in(alice, theID), user, "with the user: %s", what)
	assert.Len(t, w.in(vault, theID), taken, "in quarantine: %s", what)
}

func (w *world) taken(t *testing.T) *quarantine.Receipt {
	t.Helper()
	r, err := w.service.Quarantine(t.Context(), theTarget)
	require.NoError(t, err)
	return r
}

// A restored message is filed while the run looks for it, from a folder that has been
// searched to one that has yet to be: it is seen twice, but is one item.
func TestSeenTwiceOnRestore(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		box := w.Mailbox(alice)
		last := crowd(box, box.Folder(ews.FolderInbox))
		box.Deliver(eml(theID, "Invoice"))
		r := w.taken(t)
		carried, filed := false, false
		w.OnResponse(func(_ int, q *ewstest.Request) {
			carried = carried || q.Operation == carriesBy(o)
			if carried && !filed && q.Anchor == alice && byStamp(q) {
				for _, m := range w.in(alice, theID) {
					filed = true
					box.MoveMessage(m.ID, last)
				}
			}
		})
		back, err := w.service.Restore(t.Context(), r)
		require.NoError(t, err)
		require.NoError(t, back.Err())
		w.count(t, 1, 0, "after the restore")
	})
}

// An analyst files an item in quarantine while the same target is run again.
func TestSeenTwiceInQuarantine(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		v := w.Mailbox(vault)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		require.NoError(t, w.taken(t).Err())
		last := crowd(v, v.AddFolder(nil, "Quarantine"))
		filed := false
		w.OnResponse(func(_ int, q *ewstest.Request) {
			if !filed && q.Operation == ews.OpFindItem && q.Anchor == vault {
				for _, m := range w.in(vault, theID) {
					filed = true
					v.MoveMessage(m.ID, last)
				}
			}
		})
		r := w.taken(t)
		require.NoError(t, r.Err())
		assert.Equal(t, quarantine.AlreadyQuarantined, r.Outcome())
		w.count(t, 0, 1, "after the second run")
	})
}

// The owner files the message while it is carried, and moves it back while it is
// looked for: no look finds it, but it is not gone.
func TestNotSeenIsNotGone(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		box := w.Mailbox(alice)
		inbox := box.Folder(ews.FolderInbox)
		last := crowd(box, inbox)
		box.Deliver(eml(theID, "Invoice"))
		carried, back := false, false
		w.OnResponse(func(_ int, q *ewstest.Request) {
			for _, m := range w.in(alice, theID) {
				switch {
				case q.Operation == carriesBy(o) && !carried:
					carried = true
					box.MoveMessage(m.ID, last)
				case carried && !back && q.Anchor == alice && byStamp(q):
					back = true
					box.MoveMessage(m.ID, inbox)
				}
			}
		})
		r := w.taken(t)
		if r.Err() == nil {
			w.count(t, 0, 1, "after "+string(r.Outcome()))
		}
		r = w.taken(t)
		require.NoError(t, r.Err())
		w.count(t, 0, 1, "in the end")
	})
}

// The answer to a carry is lost, and a rule files the restored message.
func TestFiledAfterALostAnswer(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		box := w.Mailbox(alice)
		work := box.AddFolder(box.Folder(ews.FolderInbox), "Work")
		box.Deliver(eml(theID, "Invoice"))
		r := w.taken(t)
		w.FailNext(carriesBy(o), ewstest.DropAfter)
		carried, filed := false, false
		w.OnResponse(func(_ int, q *ewstest.Request) {
			if carried && !filed && (q.Operation == ews.OpDeleteItem || byStamp(q)) {
				for _, m := range w.in(alice, theID) {
					filed = true
					box.MoveMessage(m.ID, work)
				}
			}
			carried = carried || q.Operation == carriesBy(o)
		})
		_, err := w.service.Restore(t.Context(), r)
		require.NoError(t, err)
		time.Sleep(time.Hour)
		back, err := w.service.Restore(t.Context(), r)
		require.NoError(t, err)
		require.NoError(t, back.Err())
		w.count(t, 1, 0, "in the end")
	})
}

// A policy or an analyst immediately files the copy elsewhere in the quarantine mailbox.
func TestFiledElsewhereInQuarantine(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		v := w.Mailbox(vault)
		held := v.AddFolder(nil, "Held")
		v.AddPolicy(ewstest.Policy{Trigger: ewstest.Arrivals, Folder: v.AddFolder(nil, "Quarantine"), To: held})
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		for _, want := range []quarantine.Outcome{quarantine.Quarantined, quarantine.AlreadyQuarantined, quarantine.AlreadyQuarantined} {
			r := w.taken(t)
			require.NoError(t, r.Err())
			assert.Equal(t, want, r.Outcome())
			w.count(t, 0, 1, "after each run")
		}
		back, err := w.service.RestoreMessage(t.Context(), theTarget)
		require.NoError(t, err)
		require.NoError(t, back.Err())
		w.count(t, 1, 0, "after the restore")
	})
}

// A search that does not show what has just arrived is not trusted.
func TestSearchBehind(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		time.Sleep(time.Hour)
		w.Fail(ewstest.When{}, ewstest.Lag(50*time.Second))
		r := w.taken(t)
		require.NoError(t, r.Err())
		assert.Equal(t, quarantine.Quarantined, r.Outcome())
		w.count(t, 0, 1, "after the quarantine")
		back, err := w.service.Restore(t.Context(), r)
		require.NoError(t, err)
		require.NoError(t, back.Err())
		w.count(t, 1, 0, "after the restore")
	})
}

// Success is read back: a removal, a move or a stamp that did not happen.
func TestSuccessIsReadBack(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		for _, op := range []ews.Operation{ews.OpUpdateItem, ews.OpMoveItem, ews.OpDeleteItem} {
			w := newWorld(t, o)
			w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
			w.Fail(ewstest.When{Operation: op, Times: 1}, ewstest.FalseSuccess)
			if r := w.taken(t); r.Err() == nil {
				w.count(t, 0, 1, string(op))
			}
			time.Sleep(time.Hour)
			require.NoError(t, w.taken(t).Err(), op)
			w.count(t, 0, 1, string(op))
		}
	})
}

// With a server that keeps no named properties, nothing is carried that could
// not be recognised, and the message stays.
func TestStampNotKept(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		w.Fail(ewstest.When{}, ewstest.PropertiesLost)
		r := w.taken(t)
		assert.Equal(t, quarantine.Refused, r.Outcome())
		assert.ErrorContains(t, r.Err(), "did not keep the named properties")
		w.count(t, 1, 0, "after the run")
	})
}

// A carry whose answer was lost takes effect later: if it does so within the
// doubt, there is one copy in the end, whatever is asked in the meantime.
func TestLateCarry(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		for _, late := range []time.Duration{50 * time.Second, 3 * time.Minute, 10 * time.Minute} {
			w := newWorld(t, o)
			w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
			w.FailNext(carriesBy(o), ewstest.Late(late))
			w.taken(t)
			_, err := w.service.RestoreMessage(t.Context(), theTarget)
			require.NoError(t, err)
			time.Sleep(late / 2)
			w.taken(t)
			time.Sleep(time.Hour)
			r := w.taken(t)
			require.NoError(t, r.Err(), late)
			w.count(t, 0, 1, late.String())

			w.FailNext(carriesBy(o), ewstest.Late(late))
			_, err = w.service.Restore(t.Context(), r)
			require.NoError(t, err)
			time.Sleep(time.Hour)
			back, err := w.service.Restore(t.Context(), r)
			require.NoError(t, err)
			require.NoError(t, back.Err(), late)
			w.count(t, 1, 0, late.String())
		}
	})
}

// Two products with quarantine mailboxes of their own take one copy.
func TestTwoProducts(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		const second = "vault2@example.test"
		for _, op := range []ews.Operation{ews.OpUpdateItem, ews.OpGetItem, carriesBy(o), ews.OpDeleteItem} {
			w := newWorld(t, o)
			w.AddMailbox(second, nil)
			p := o
			p.vault = second
			set := p.settings
			p.settings = func(s *quarantine.Options) { set(s); s.Journal = nil }
			other := w.newService(t, p)
			w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
			w.between(op, func() {
				_, err := other.Quarantine(t.Context(), theTarget)
				assert.NoError(t, err)
			})
			w.taken(t)
			assert.Equal(t, 1, len(w.in(vault, theID))+len(w.in(second, theID))+len(w.in(alice, theID)), op)
		}
	})
}

// Intents of a version that has other directions are not run, and stay.
func TestIntentsOfOtherVersions(t *testing.T) {
	t.Parallel()
	for _, d := range []driver.Direction{"", "x", "Q", "r "} {
		w := newWorld(t, worldOptions{})
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		beginFor(t, w.journal, quarantine.Intent{
			Operation: "abcdefghijklmnopqrstuvwxy2", Direction: d, Target: theTarget, At: time.Now(),
		})
		for r, err := range w.service.Recover(t.Context()) {
			require.NoError(t, err)
			assert.ErrorContains(t, r.Err(), "which this version does not know")
		}
		w.count(t, 1, 0, string(d))
		open, err := openIntents(t.Context(), w.journal)
		require.NoError(t, err)
		assert.Len(t, open, 1)
	}
}

// The message's only attachment is a picture in its text, which the flag in a
// search does not cover.
func TestInlineAttachmentAlone(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		w := newWorld(t, o)
		w.Mailbox(alice).Deliver([]byte("From: mallory@evil.example\r\nTo: alice@example.test\r\nSubject: Picture\r\nMessage-ID: " + theID + "\r\n" +
			"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n" +
			"--b\r\nContent-Type: text/html\r\n\r\n<img src=\"cid:1@evil.example\">\r\n" +
			"--b\r\nContent-Type: image/png; name=logo.png\r\nContent-Disposition: inline; filename=logo.png\r\nContent-ID: <1@evil.example>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--b--\r\n"))
		r := w.taken(t)
		require.NoError(t, r.Err())
		w.count(t, 0, 1, "after the quarantine")
		back, err := w.service.Restore(t.Context(), r)
		require.NoError(t, err)
		require.NoError(t, back.Err())
		w.count(t, 1, 0, "after the restore")
	})
}
