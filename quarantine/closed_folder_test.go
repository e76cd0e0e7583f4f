package quarantine_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/ewsmail"
)

// A folder is listed but cannot be searched, whatever the error code: what is in
// the others is taken, and the receipt names the folder.
func TestFolderThatIsOnlyListed(t *testing.T) {
	t.Parallel()
	const dora = "dora@example.test"
	for i, code := range []ews.ResponseCode{
		"ErrorFolderNotFound", "ErrorItemNotFound", "ErrorAccessDenied", "ErrorMailboxStoreUnavailable", "ErrorCrossSiteRequest",
		"ErrorNonExistentMailbox", "ErrorInvalidFolderId", "ErrorFolderCorrupt", "ErrorInternalServerError", "ErrorInvalidOperation",
		"ErrorFindRemoteArchiveFolderFailed", "ErrorInvalidIdMalformed",
	} {
		for _, archive := range []bool{false, true} {
			if !*whole && archive != (i%3 == 0) {
				continue
			}
			t.Run(string(code), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, worldOptions{impersonation: i%2 == 0, strategy: ewsmail.Options{ScanOnlineArchive: true}})
					box := w.AddMailbox(dora, &ewstest.MailboxOptions{Archive: true})
					w.GrantFullAccess("svc", dora)
					w.GrantImpersonation("svc", dora)
					parent := box.Folder(ews.FolderMsgFolderRoot)
					if archive {
						parent = box.Folder(ews.FolderArchiveMsgFolderRoot)
					}
					folder := box.AddFolder(parent, "Auxiliary")
					box.DeliverWith(eml(theID, "Invoice"), ewstest.Delivery{Folder: folder})
					box.Deliver(eml(theID, "Invoice"))
					id := folder.ID().ID
					// Alone or in a batch, this folder is refused and the others are not.
					searchesIt := func(r *ewstest.Request) bool {
						return r.Operation == ews.OpFindItem && strings.Contains(string(r.Body), id)
					}
					refused := w.Fail(ewstest.When{Request: searchesIt}, ewstest.MemberCode(code))
					target := quarantine.Target{Mailbox: dora, MessageID: theID}
					found, err := w.service.Find(t.Context(), target)
					if err == nil {
						require.Error(t, found.Err(), "a folder was not looked into, and the receipt is complete")
						assert.NotEmpty(t, found.Unsearched)
					}
					refused.Cancel()

					alone := func(r *ewstest.Request) bool {
						return searchesIt(r) && strings.Count(string(r.Body), "<t:FolderId ") == 1
					}
					several := func(r *ewstest.Request) bool {
						return r.Operation == ews.OpFindItem && strings.Count(string(r.Body), "<t:FolderId ") > 1
					}
					w.Fail(ewstest.When{Request: several}, ewstest.SeveralFoldersRefused)
					w.Fail(ewstest.When{Request: alone}, ewstest.MemberCode(code))
					r, err := w.service.Quarantine(t.Context(), target)
					require.NoError(t, err)
					require.Error(t, r.Err())
					var named []string
					for _, u := range r.Unsearched {
						named = append(named, u.Folder.Path)
					}
					require.Len(t, named, 1, named)
					assert.Contains(t, named[0], "/Auxiliary")
					require.Len(t, r.Items, 1)
					assert.Equal(t, quarantine.Quarantined, r.Items[0].Outcome)
					assert.Len(t, w.in(vault, theID), 1)
					assert.Len(t, w.in(dora, theID), 1)
				})
			})
		}
	}
}
