package quarantine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// An analyst deletes the quarantine folder, which moves it to Deleted Items, where it keeps
// its id. A running service puts nothing more there, where it would be deleted some day,
// but uses a new folder; and what lies in the old one is listed and put back.
func TestQuarantineFolderDeleted(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		set := o.settings
		for _, perMailbox := range []bool{false, true} {
			o.settings = func(s *quarantine.Options) {
				set(s)
				s.FolderPerMailbox = perMailbox
			}
			w := newWorld(t, o)
			listed := func() (ids []string) {
				for held, err := range w.service.List(t.Context(), quarantine.ListRequest{}) {
					require.NoError(t, err)
					ids = append(ids, held.MessageID)
				}
				return ids
			}
			first, second := theTarget, theTarget
			second.MessageID = "<2@evil.example>"
			take := func(target quarantine.Target) *quarantine.Receipt {
				w.Mailbox(alice).Deliver(eml(target.MessageID, "Invoice"))
				r, err := w.service.Quarantine(t.Context(), target)
				require.NoError(t, err)
				require.NoError(t, r.Err())
				return r
			}
			box := w.Mailbox(vault)
			was := take(first).Items[0].To.Folder.Path
			for _, f := range box.Folders() {
				if f.Path() == "/Quarantine" {
					f.MoveTo(box.Folder(ews.FolderDeletedItems))
				}
			}
			time.Sleep(time.Hour)
			assert.Equal(t, []string{first.MessageID}, listed())

			assert.Equal(t, was, take(second).Items[0].To.Folder.Path)
			var paths []string
			for _, m := range box.Messages() {
				paths = append(paths, fmt.Sprint(m.MessageID, m.Folder))
			}
			assert.ElementsMatch(t, []string{first.MessageID + "/Deleted Items" + was, second.MessageID + was}, paths)
			for _, target := range []quarantine.Target{first, second} {
				r, err := w.service.RestoreMessage(t.Context(), target)
				require.NoError(t, err)
				require.NoError(t, r.Err())
				assert.Equal(t, quarantine.Restored, r.Outcome())
			}
			assert.Empty(t, listed())
		}
	})
}
