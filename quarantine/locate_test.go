package quarantine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

func everywhere(impersonation bool) worldOptions {
	return worldOptions{impersonation: impersonation, strategy: ewsmail.Options{ScanRecoverableItems: true, ScanOnlineArchive: true}}
}

func TestCopiesInRecoverableItemsAndArchive(t *testing.T) {
	t.Parallel()
	for _, impersonation := range []bool{false, true} {
		t.Run(fmt.Sprint(impersonation), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, everywhere(impersonation))
			const dora = "dora@example.test"
			box := w.AddMailbox(dora, &ewstest.MailboxOptions{Archive: true, Language: "de"})
			for _, name := range []ews.FolderName{ews.FolderInbox, ews.FolderRecoverableItemsDeletions, ews.FolderArchiveMsgFolderRoot, ews.FolderArchiveRecoverableItemsDeletions} {
				folder := box.Folder(name)
				require.NotNil(t, folder, name)
				box.DeliverWith(eml(theID, "Invoice"), ewstest.Delivery{Folder: folder})
			}
			archived := box.AddFolder(box.Folder(ews.FolderArchiveMsgFolderRoot), "Old", "2025")
			box.DeliverWith(eml(theID, "Invoice"), ewstest.Delivery{Folder: archived})
			if !impersonation {
				w.GrantFullAccess("svc", dora)
			} else {
				w.GrantImpersonation("svc", dora)
			}
			target := quarantine.Target{Mailbox: dora, MessageID: theID}

			found, err := w.service.Find(t.Context(), target)
			require.NoError(t, err)
			require.NoError(t, found.Err())
			assert.Len(t, found.Items, 5)
			hits := 0
			for _, s := range found.Searched {
				hits += s.Hits
				assert.Positive(t, s.Pages)
			}
			assert.Equal(t, 5, hits, "the report adds up")

			r, err := w.service.Quarantine(t.Context(), target)
			require.NoError(t, err)
			require.NoError(t, r.Err())
			assert.Equal(t, quarantine.Quarantined, r.Outcome())
			assert.Len(t, r.Items, 5)
			assert.Len(t, w.in(vault, theID), 5)
			again, err := w.service.Quarantine(t.Context(), target)
			require.NoError(t, err)
			assert.Equal(t, quarantine.AlreadyQuarantined, again.Outcome())

			back, err := w.service.Restore(t.Context(), r)
			require.NoError(t, err)
			require.NoError(t, back.Err())
			assert.Empty(t, w.in(vault, theID))
			places := map[string]int{}
			for _, m := range box.Messages() {
				if m.MessageID == theID && !isPurged(m) {
					places[m.Folder]++
				}
			}
			t.Log(places)
			assert.Equal(t, 5, sum(places))
			assert.Equal(t, 1, places[archived.Path()])
			assert.Equal(t, 1, places["/Posteingang"])
			assert.Equal(t, 1, places["/Gelöschte Elemente"])
		})
	}
}

func isPurged(m *ewstest.Message) bool {
	return m.Distinguished == ews.FolderRecoverableItemsPurges || m.Distinguished == ews.FolderArchiveRecoverableItemsPurges ||
		m.Distinguished == ews.FolderRecoverableItemsVersions || m.Distinguished == ews.FolderArchiveRecoverableItemsVersions
}

func sum(m map[string]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}

func TestNoArchiveIsNoFailure(t *testing.T) {
	t.Parallel()
	w := newWorld(t, everywhere(true))
	w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
	r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
	require.NoError(t, err)
	require.NoError(t, r.Err())
	assert.Equal(t, quarantine.Quarantined, r.Outcome())
}

func TestSearchFoldersAreSkipped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.Mailbox(alice).AddSearchFolder("Everything")
	w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
	r, err := w.service.Find(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
	require.NoError(t, err)
	assert.Len(t, r.Items, 1)
}

func TestManyPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.LimitPages(3)
	for range 10 {
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
	}
	r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
	require.NoError(t, err)
	require.NoError(t, r.Err())
	assert.Len(t, r.Items, 10)
	assert.Len(t, w.in(vault, theID), 10)
}

func TestANewFolderIsFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	target := quarantine.Target{Mailbox: alice, MessageID: theID}
	r, err := w.service.Quarantine(t.Context(), target) // the folders are remembered now
	require.NoError(t, err)
	assert.Equal(t, quarantine.NotFound, r.Outcome())
	box := w.Mailbox(alice)
	box.DeliverWith(eml(theID, "Invoice"), ewstest.Delivery{Folder: box.AddFolder(nil, "Brand new")})
	r, err = w.service.Quarantine(t.Context(), target)
	require.NoError(t, err)
	assert.Equal(t, quarantine.Quarantined, r.Outcome())
}

func TestMailboxesThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		impersonation bool
		mailbox       string
		prepare       func(w *world)
		want          string
	}{
		"unknown":                {false, "nobody@example.test", func(*world) {}, "directory does not contain"},
		"unknown, impersonation": {true, "nobody@example.test", func(*world) {}, "nobody@example.test"},
		"no FullAccess":          {false, alice, func(w *world) { w.RevokeFullAccess("svc", "*") }, "FullAccess"},
		"no impersonation":       {true, alice, func(w *world) { w.RevokeImpersonation("svc", "*") }, "ApplicationImpersonation"},
		"proxy address": {false, "al@example.test", func(w *world) {
			w.AddMailbox("al2@example.test", &ewstest.MailboxOptions{ProxyAddresses: []string{"al@example.test"}})
			w.GrantFullAccess("svc", "*")
		}, "primary address"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, worldOptions{impersonation: c.impersonation})
			w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
			c.prepare(w)
			_, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: c.mailbox, MessageID: theID})
			require.ErrorIs(t, err, quarantine.ErrUnreachable)
			assert.ErrorContains(t, err, c.want)
			t.Log(err)
			assert.Len(t, w.in(alice, theID), 1)
		})
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	for name, ways := range map[string][]quarantine.Way{"transfer": nil, "mime": {quarantine.WayMIME}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, worldOptions{impersonation: true, ways: ways, settings: func(s *quarantine.Options) {
				s.QuarantineHeader = quarantine.Header{Name: "X-Quarantined", Value: "yes, by us"}
				s.UndoHeader = quarantine.Header{Name: "X-Released", Value: "false alarm"}
			}})
			w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
			r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
			require.NoError(t, err)
			require.NoError(t, r.Err())
			assert.Empty(t, r.Items[0].Residue)
			assert.Equal(t, "yes, by us", w.header(t, vault, "X-Quarantined"))

			back, err := w.service.Restore(t.Context(), r)
			require.NoError(t, err)
			require.NoError(t, back.Err())
			assert.Empty(t, back.Items[0].Residue)
			assert.Equal(t, "false alarm", w.header(t, alice, "X-Released"))
			assert.Empty(t, w.header(t, alice, "X-Quarantined"))
		})
	}
}

// header reads an internet header of the message as a client does.
func (w *world) header(t *testing.T, mailbox, name string) string {
	t.Helper()
	results, err := w.Client("svc", nil).Impersonating(mailbox).GetItem(t.Context(), ews.GetItemRequest{
		IDs: []ews.ItemID{w.in(mailbox, theID)[0].ID}, Shape: ews.ItemShape{Properties: []ews.PropertyPath{ews.FieldInternetHeaders}},
	})
	require.NoError(t, err)
	require.NoError(t, results.Err())
	for _, h := range results[0].Value.InternetHeaders {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

func TestSweep(t *testing.T) {
	t.Parallel()
	for _, sweep := range []bool{false, true} {
		t.Run(fmt.Sprint(sweep), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, worldOptions{settings: func(s *quarantine.Options) { s.LeaveRecoverable = !sweep }})
			w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
			r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
			require.NoError(t, err)
			require.NoError(t, r.Err())
			assert.Empty(t, r.Items[0].Residue)
			left := 0
			for _, m := range w.Mailbox(alice).Messages() {
				if m.Distinguished == ews.FolderRecoverableItemsDeletions {
					left++
				}
			}
			assert.Equal(t, sweep, left == 0, "%d left that the user can recover", left)
		})
	}
}
