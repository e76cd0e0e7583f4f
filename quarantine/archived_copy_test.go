package quarantine_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

const archiving = "archiving@example.test"

// A policy moves what arrives in quarantine to the archive of the quarantine mailbox. It
// is found there, even if users' archives are not searched, and can be restored.
func TestCopyInTheArchiveOfQuarantine(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		o.vault = archiving
		w := newWorld(t, o)
		v := w.AddMailbox(archiving, &ewstest.MailboxOptions{Archive: true})
		v.AddPolicy(ewstest.Policy{Trigger: ewstest.Arrivals, Folder: v.AddFolder(nil, "Quarantine"), To: v.Folder(ews.FolderArchiveMsgFolderRoot)})
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		for _, want := range []quarantine.Outcome{quarantine.Quarantined, quarantine.AlreadyQuarantined, quarantine.AlreadyQuarantined} {
			r := w.taken(t)
			require.NoError(t, r.Err())
			assert.Equal(t, want, r.Outcome())
			assert.Empty(t, w.in(alice, theID))
			assert.Equal(t, 1, w.archived(archiving), "after each run")
			time.Sleep(time.Hour)
		}
		listed := 0
		for held, err := range w.service.List(t.Context(), quarantine.ListRequest{}) {
			require.NoError(t, err)
			assert.Equal(t, theID, held.MessageID)
			listed++
		}
		assert.Equal(t, 1, listed)
		back, err := w.service.RestoreMessage(t.Context(), theTarget)
		require.NoError(t, err)
		require.NoError(t, back.Err())
		w.count(t, 1, 0, "after the restore")
		assert.Zero(t, w.archived(archiving))
	})
}

// archived counts the copies in folders of an archive that people see.
func (w *world) archived(address string) (n int) {
	for _, m := range w.Mailbox(address).Messages() {
		if m.MessageID == theID && m.Folder == "/Archive" {
			n++
		}
	}
	return n
}

// An archive that cannot be opened for the moment leaves open whether it holds a copy;
// an archive that is refused does not keep a search from being complete.
func TestArchiveOfQuarantineThatCannotBeOpened(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		for code, open := range map[ews.ResponseCode]bool{"ErrorMailboxStoreUnavailable": true, "ErrorAccessDenied": false, "ErrorFolderNotFound": false} {
			o.vault = archiving
			w := newWorld(t, o)
			w.AddMailbox(archiving, &ewstest.MailboxOptions{Archive: true})
			closed := w.Fail(ewstest.When{Operation: ews.OpGetFolder, Request: func(q *ewstest.Request) bool {
				return q.Anchor == archiving && bytes.Contains(q.Body, []byte(ews.FolderArchiveMsgFolderRoot))
			}}, ewstest.MemberCode(code))
			r := w.taken(t)
			assert.Positive(t, closed.Struck(), code)
			assert.Equal(t, quarantine.NotFound, r.Outcome())
			assert.Equal(t, open, r.Err() != nil, "%s: %v", code, r.Err())
			closed.Cancel()
			assert.NoError(t, w.taken(t).Err())
		}
	})
}
