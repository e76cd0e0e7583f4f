package ewstest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func TestMoveWithinMailboxGivesNewID(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).Deliver([]byte(plain))
	answer := c.do(moveXML(folderOf("junkemail", alice), itemID(m)))
	require.Equal(t, []string{"NoError"}, codes(answer))
	ids := attrs(answer, "ItemId", "Id")
	require.Len(t, ids, 1)
	assert.NotEqual(t, m.ID.ID, ids[0])
	assert.Equal(t, []string{"ErrorItemNotFound"}, codes(c.do(getItemXML(idOnly, itemID(m)))))
	folded := `<t:ItemId Id="` + strings.ToLower(ids[0]) + `"/>`
	assert.Equal(t, []string{"ErrorInvalidIdMalformed"}, codes(c.do(getItemXML(idOnly, folded))))
	assert.Equal(t, []string{"NoError"}, codes(c.do(getItemXML(idOnly, `<t:ItemId Id="`+ids[0]+`"/>`))))
}

func TestMoveAcrossMailboxesAsDelegate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		opts     ewstest.Options
		leftover string
	}{
		{"retention", ewstest.Options{}, "/Recoverable Items/Deletions"},
		{"purges", ewstest.Options{MoveLeftover: ews.FolderRecoverableItemsPurges}, "/Recoverable Items/Purges"},
		{"none", ewstest.Options{MoveLeftover: "none"}, ""},
		{"no retention", ewstest.Options{RetentionOff: true}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCaller(t, tt.opts)
			m := c.srv.Mailbox(alice).Deliver([]byte(receiptAsked))
			answer := c.do(moveXML(folderOf("inbox", quar), itemID(m)))
			require.Equal(t, []string{"NoError"}, codes(answer))
			assert.Empty(t, attrs(answer, "ItemId", "Id"), "a move into another mailbox returns no id")
			moved := c.srv.Mailbox(quar).Messages()
			require.Len(t, moved, 1)
			assert.Equal(t, m.Properties, moved[0].Properties)
			assert.Equal(t, m.MIME, moved[0].MIME)
			assert.Empty(t, c.srv.Notices(), "a move notifies nobody")
			left := c.srv.Mailbox(alice).Messages()
			if tt.leftover == "" {
				assert.Empty(t, left)
				return
			}
			require.Len(t, left, 1)
			assert.Equal(t, tt.leftover, left[0].Folder)
			assert.NotEqual(t, m.ID.ID, left[0].ID.ID)
		})
	}
}

func TestMoveAcrossMailboxesImpersonated(t *testing.T) {
	t.Parallel()
	for refusal, want := range map[ewstest.Refusal]string{
		ewstest.RefuseToFolder:     "ErrorToFolderNotFound",
		ewstest.RefuseItem:         "ErrorItemNotFound",
		ewstest.RefuseCrossMailbox: "ErrorCrossMailboxMoveCopy",
		ewstest.RefuseFault:        "ErrorInternalServerError",
	} {
		c := newCaller(t, ewstest.Options{CrossMailboxImpersonated: refusal}).impersonating(alice)
		m := c.srv.Mailbox(alice).Deliver([]byte(plain))
		to := c.srv.Mailbox(quar).Folder(ews.FolderInbox).ID().ID
		for _, target := range []string{`<t:FolderId Id="` + to + `"/>`, folderOf("inbox", quar)} {
			for _, op := range []string{moveXML(target, itemID(m)), strings.ReplaceAll(moveXML(target, itemID(m)), "MoveItem", "CopyItem")} {
				status, answer, err := c.try(op)
				require.NoError(t, err)
				assert.Equal(t, []string{want}, codes(answer))
				assert.Equal(t, refusal == ewstest.RefuseFault, status == 500)
			}
		}
		assert.Len(t, c.srv.Mailbox(alice).Folder(ews.FolderInbox).Messages(), 1)
		assert.Empty(t, c.srv.Mailbox(quar).Messages())
	}
}

func TestMoveRefusals(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	m := box.Deliver([]byte(plain))
	fai := box.DeliverWith([]byte(plain), ewstest.Delivery{Associated: true})
	gone := `<t:FolderId Id="` + box.AddFolder(nil, "Gone").ID().ID + `"/>`
	box.AddFolder(nil, "Gone").Delete()
	assert.Equal(t, []string{"ErrorToFolderNotFound"}, codes(c.do(moveXML(gone, itemID(m)))))
	assert.Equal(t, []string{"ErrorInvalidOperation"}, codes(c.do(moveXML(folderOf("drafts", alice), itemID(fai)))))
	assert.Equal(t, []string{"ErrorAccessDenied", "ErrorBatchProcessingStopped"},
		codes(c.do(moveXML(folderOf("recoverableitemspurges", alice), itemID(m), itemID(m)))), "an access error stops the batch")
	assert.Equal(t, []string{"ErrorToFolderNotFound"}, codes(c.as("bob").do(moveXML(folderOf("inbox", alice), itemID(c.srv.Mailbox(bob).Deliver([]byte(plain)))))))
	full := c.srv.Mailbox(quar)
	full.SetQuota(100)
	assert.Equal(t, []string{"ErrorQuotaExceeded"}, codes(c.do(moveXML(folderOf("inbox", quar), itemID(m)))))
}

func TestCopyKeepsSearchKey(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	m := box.Deliver([]byte(plain))
	answer := c.do(strings.ReplaceAll(moveXML(folderOf("drafts", alice), itemID(m)), "MoveItem", "CopyItem"))
	require.Equal(t, []string{"NoError"}, codes(answer))
	copied := box.Folder(ews.FolderDrafts).Messages()
	require.Len(t, copied, 1)
	assert.Equal(t, attrs(answer, "ItemId", "Id"), []string{copied[0].ID.ID})
	assert.Equal(t, m.Properties[ews.PidTagSearchKey], copied[0].Properties[ews.PidTagSearchKey])
	assert.Len(t, box.Folder(ews.FolderInbox).Messages(), 1)
}
