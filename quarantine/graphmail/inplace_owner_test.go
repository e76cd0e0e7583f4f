package graphmail_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// kept is a message that has been taken in place.
type kept struct {
	*world
	q     *quarantine.Service
	taken *quarantine.Receipt
}

func newKept(t *testing.T, o *graphtest.Options) *kept {
	t.Helper()
	w := newWorld(t, o)
	w.inPlace = true
	w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
	k := &kept{world: w, q: w.openInPlace(t)}
	var err error
	k.taken, err = k.q.Quarantine(t.Context(), target)
	require.NoError(t, err)
	require.NoError(t, k.taken.Err())
	require.Len(t, k.in(vault, theID), 1)
	return k
}

func (k *kept) held(t *testing.T) (all []quarantine.Held) {
	t.Helper()
	for h, err := range k.q.List(t.Context(), quarantine.ListRequest{Mailbox: alice}) {
		require.NoError(t, err)
		all = append(all, h)
	}
	return all
}

// A message that the owner takes out of the vault is no longer reported to be in it, and
// is taken again. It is never in two places.
func TestInPlaceOwnerTakesItOut(t *testing.T) {
	t.Parallel()
	for name, take := range map[string]func(k *kept){
		"into the Inbox": func(k *kept) {
			k.Mailbox(alice).MoveMessage(k.in(vault, theID)[0].ID, k.Mailbox(alice).Folder(ews.FolderInbox))
		},
		"into Deleted Items": func(k *kept) {
			k.Mailbox(alice).MoveMessage(k.in(vault, theID)[0].ID, k.Mailbox(alice).Folder(ews.FolderDeletedItems))
		},
		"with its folder": func(k *kept) {
			box := k.Mailbox(alice)
			for _, f := range box.Folders() {
				if f.Name() == graphmail.VaultFolder {
					_ = box.Person("alice").MoveFolder(f, box.Folder(ews.FolderInbox))
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				k := newKept(t, &graphtest.Options{National: true})
				take(k)
				require.Empty(t, k.in(vault, theID))
				time.Sleep(time.Hour)
				assert.Empty(t, k.held(t))
				found, err := k.q.Find(t.Context(), target)
				require.NoError(t, err)
				assert.Len(t, found.Items, 1, "it is in the owner's part again")

				again, err := k.q.Quarantine(t.Context(), target)
				require.NoError(t, err)
				require.NoError(t, again.Err())
				assert.Equal(t, quarantine.Quarantined, again.Outcome())
				assert.Len(t, k.in(vault, theID), 1)
				assert.Empty(t, k.in(alice, theID))

				back, err := k.q.RestoreMessage(t.Context(), target)
				require.NoError(t, err)
				require.NoError(t, back.Err())
				assert.Len(t, k.in(alice, theID), 1)
				assert.Empty(t, k.in(vault, theID))
				assert.Empty(t, k.Server.Notices())
			})
		})
	}
}

// A restore reports that the owner has taken the message out, or deleted it.
func TestInPlaceRestoreTells(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newKept(t, nil)
		k.Mailbox(alice).MoveMessage(k.in(vault, theID)[0].ID, k.Mailbox(alice).Folder(ews.FolderInbox))
		time.Sleep(time.Hour)
		back, err := k.q.Restore(t.Context(), k.taken)
		require.NoError(t, err)
		assert.Equal(t, quarantine.AlreadyRestored, back.Outcome())
		assert.NotEmpty(t, back.Items[0].Residue, "its stamp is told of")
		require.Len(t, k.in(alice, theID), 1)

		k = newKept(t, nil)
		k.Mailbox(alice).DeleteMessage(k.in(vault, theID)[0].ID)
		time.Sleep(time.Hour)
		back, err = k.q.Restore(t.Context(), k.taken)
		require.NoError(t, err)
		assert.Equal(t, quarantine.NotFound, back.Outcome())
		require.ErrorIs(t, back.Err(), driver.ErrGone)
	})
}

// If the owner can see a folder with the name of the vault, nothing is put into it.
func TestInPlaceVisibleFolder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.inPlace = true
		box := w.Mailbox(alice)
		box.AddFolder(nil, graphmail.VaultFolder)
		box.Deliver(eml(theID, "Invoice"))
		r, err := w.openInPlace(t).Quarantine(t.Context(), target)
		require.NoError(t, err)
		assert.Equal(t, quarantine.Refused, r.Outcome())
		require.ErrorContains(t, r.Err(), "not hidden")
		assert.Equal(t, "/Inbox", w.in(alice, theID)[0].Folder)
		assert.False(t, stamped(w.in(alice, theID)[0]))
	})
}

// Searches by criteria keep to the owner's part, too: they do not find messages in the
// vault.
func TestInPlaceCriteria(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newKept(t, nil)
		byCriteria := quarantine.Target{Mailbox: alice, Criteria: quarantine.Criteria{Sender: "mallory@evil.example"}}
		found, err := k.q.Find(t.Context(), byCriteria)
		require.NoError(t, err)
		require.NoError(t, found.Err())
		assert.Empty(t, found.Items)
		k.Mailbox(alice).Deliver(eml("<2@evil.example>", "Reminder"))
		found, err = k.q.Find(t.Context(), byCriteria)
		require.NoError(t, err)
		require.Len(t, found.Items, 1)
		assert.Equal(t, "<2@evil.example>", found.Items[0].MessageID)
		back, err := k.q.RestoreMessage(t.Context(), byCriteria)
		require.NoError(t, err)
		require.NoError(t, back.Err())
		assert.Equal(t, quarantine.Restored, back.Outcome())
		assert.Len(t, k.in(alice, theID), 1)
	})
}

// Purging removes permanently, or reports that the cloud cannot.
func TestInPlacePurge(t *testing.T) {
	t.Parallel()
	for _, national := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			k := newKept(t, &graphtest.Options{National: national})
			time.Sleep(48 * time.Hour)
			req := quarantine.PurgeRequest{Before: time.Now().Add(-quarantine.MinPurgeAge)}
			for _, err := range k.q.Purge(t.Context(), req) {
				require.ErrorIs(t, err, quarantine.ErrInvalid, "which mailbox?")
			}
			req.Mailbox = alice
			n := 0
			for p, err := range k.q.Purge(t.Context(), req) {
				require.NoError(t, err)
				n++
				if national {
					assert.Equal(t, quarantine.PurgeFailed, p.Outcome)
					assert.ErrorContains(t, p.Err, "sovereign clouds, which have no permanentDelete; it stays where it is")
				} else {
					assert.Equal(t, quarantine.PurgeDone, p.Outcome, "%v", p.Err)
				}
			}
			assert.Equal(t, 1, n)
			assert.Equal(t, national, len(k.in(vault, theID)) == 1)
		})
	}
}

// A move that Graph makes twice leaves one copy, or is reported.
func TestInPlaceMoveDoubled(t *testing.T) {
	t.Parallel()
	for _, national := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, &graphtest.Options{National: national})
			w.inPlace = true
			w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
			w.FailNext(graphtest.OpMoveMessage, graphtest.MoveDoubled)
			r, err := w.openInPlace(t).Quarantine(t.Context(), target)
			require.NoError(t, err)
			require.Len(t, w.in(vault, theID), 1)
			if national {
				require.ErrorContains(t, r.Err(), "could not be removed")
				assert.Equal(t, quarantine.Failed, r.Outcome())
				assert.Contains(t, r.Items[0].Residue, "still in "+alice)
				assert.Len(t, w.in(alice, theID), 1)
				return
			}
			require.NoError(t, r.Err())
			assert.Empty(t, w.in(alice, theID))
		})
	}
}

// A receipt for messages kept in place is not mistaken for one of a quarantine mailbox.
func TestInPlaceReceiptElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newKept(t, nil)
		other, err := quarantine.New(k.strategy(t), vault, nil)
		require.NoError(t, err)
		_, err = other.Restore(t.Context(), k.taken)
		require.ErrorIs(t, err, quarantine.ErrInvalid)
		require.ErrorContains(t, err, "inPlace")
		require.Len(t, k.in(vault, theID), 1)
	})
}

// immutable asks for ids that stay with a message when it is moved, which Graph returns
// on request.
type immutable struct{ next http.RoundTripper }

func (i immutable) RoundTrip(r *http.Request) (*http.Response, error) {
	const wanted = `IdType="ImmutableId"`
	r = r.Clone(r.Context())
	r.Header.Add("Prefer", wanted)
	if strings.HasSuffix(r.URL.Path, "/$batch") {
		var batch struct {
			Requests []map[string]any `json:"requests"`
		}
		if err := json.NewDecoder(r.Body).Decode(&batch); err != nil {
			return nil, err
		}
		for _, part := range batch.Requests {
			headers, _ := part["headers"].(map[string]any)
			if headers == nil {
				headers = make(map[string]any)
			}
			headers["Prefer"] = wanted
			part["headers"] = headers
		}
		b, err := json.Marshal(batch)
		if err != nil {
			return nil, err
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	}
	return i.next.RoundTrip(r)
}

// The parts of a mailbox have no item in common, even where an item has the same id in both.
func TestInPlaceIdsThatStay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.inPlace = true
		w.Mailbox(alice).DeliverWith(eml(theID, "Invoice"), ewstest.Delivery{Read: true})
		s, err := graphmail.NewInPlace(immutable{w.As(w.Direct(), "app")}, &graphmail.Options{Root: w.DirectURL()})
		require.NoError(t, err)
		q, err := quarantine.New(s, "", &quarantine.Options{InPlace: true})
		require.NoError(t, err)
		before := one(t, s.Mailbox(alice), driver.Query{MessageID: theID})
		taken, err := q.Quarantine(t.Context(), target)
		require.NoError(t, err)
		require.NoError(t, taken.Err())
		require.Equal(t, before.ID, taken.Items[0].To.ItemID, "the test is without its point")
		require.Len(t, w.in(vault, theID), 1)
		_, err = s.Mailbox(alice).Inspect(t.Context(), before.ID)
		require.ErrorIs(t, err, driver.ErrGone)
		err = s.Mailbox(alice).Remove(t.Context(), before)
		require.ErrorIs(t, err, driver.ErrGone)
		_, err = s.Mailbox(alice).Mark(t.Context(), before, driver.Change{Clear: true})
		require.ErrorIs(t, err, driver.ErrGone)
		_, err = s.Vault(alice).Inspect(t.Context(), before.ID)
		require.NoError(t, err)

		back, err := q.Restore(t.Context(), taken)
		require.NoError(t, err)
		require.NoError(t, back.Err())
		require.Len(t, w.in(alice, theID), 1)
		_, err = s.Vault(alice).Inspect(t.Context(), before.ID)
		require.ErrorIs(t, err, driver.ErrGone)
	})
}

// A restore reports where a message lies that has lost its stamp, and does not report it
// as deleted.
func TestInPlaceRestoreWithoutStamp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newKept(t, &graphtest.Options{National: true})
		s, err := graphmail.NewInPlace(k.As(k.Direct(), "app"), &graphmail.Options{Root: k.DirectURL()})
		require.NoError(t, err)
		_, err = s.Vault(alice).Mark(t.Context(), one(t, s.Vault(alice), driver.Query{MessageID: theID}), driver.Change{Clear: true})
		require.NoError(t, err)
		time.Sleep(time.Hour)
		back, err := k.q.Restore(t.Context(), k.taken)
		require.NoError(t, err)
		assert.Equal(t, quarantine.NotFound, back.Outcome())
		require.ErrorIs(t, back.Err(), driver.ErrGone)
		require.ErrorContains(t, back.Err(), "without a stamp, is in /"+graphmail.VaultFolder+"/Quarantine of "+alice)
		assert.Len(t, k.in(vault, theID), 1)
	})
}
