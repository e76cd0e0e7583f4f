package quarantine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

// Mailboxes hidden from address lists, in other languages, with odd display names,
// with an archive, and with a quarantine folder for each, all behave the same,
// even if the account has no mailbox of its own.
func TestHiddenMailboxes(t *testing.T) {
	t.Parallel()
	const room, robot = "room.1@example.test", "robot"
	for i, box := range []ewstest.MailboxOptions{
		{Hidden: true, Language: "de"}, {Hidden: true, Language: "ja"}, {Hidden: true, Language: "ru", DisplayName: "Room / 1 <x>"},
		{Hidden: true, Language: "fr", ProxyAddresses: []string{"raum1@example.test"}}, {DisplayName: "\u202Emoor | %2F"},
	} {
		t.Run(box.Language, func(t *testing.T) {
			t.Parallel()
			box.Archive = true
			o := worldOptions{impersonation: i%2 == 0, strategy: ewsmail.Options{ScanRecoverableItems: true, ScanOnlineArchive: true},
				settings: func(s *quarantine.Options) { s.FolderPerMailbox = true }}
			if i < 2 {
				o.account = robot
			}
			w := newWorld(t, o)
			w.AddUser(robot, "robot-password")
			for _, account := range []string{robot, "svc"} {
				w.GrantFullAccess(account, "*")
				w.GrantImpersonation(account, "*")
			}
			m := w.AddMailbox(room, &box)
			places := []ews.FolderName{ews.FolderInbox, ews.FolderArchiveInbox, ews.FolderRecoverableItemsDeletions}
			for _, name := range places {
				m.DeliverWith(eml(theID, "Invoice"), ewstest.Delivery{Folder: m.Folder(name)})
			}
			inbox, archived := m.Folder(ews.FolderInbox).Path(), m.Folder(ews.FolderArchiveInbox).Path()
			r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: room, MessageID: theID})
			require.NoError(t, err)
			require.NoError(t, r.Err())
			require.Len(t, r.Items, len(places))
			for _, q := range w.in(vault, theID) {
				assert.Equal(t, "/Quarantine/"+room, q.Folder)
			}
			assert.Len(t, w.in(vault, theID), len(places))
			back, err := w.service.Restore(t.Context(), r)
			require.NoError(t, err)
			require.NoError(t, back.Err())
			assert.Empty(t, w.in(vault, theID))
			got := map[string]int{}
			for _, q := range m.Messages() {
				if !isPurged(q) {
					got[q.Folder]++
				}
			}
			assert.Equal(t, map[string]int{inbox: 1, archived: 1, m.Folder(ews.FolderDeletedItems).Path(): 1}, got)
			assert.Empty(t, w.Notices())
		})
	}
}
