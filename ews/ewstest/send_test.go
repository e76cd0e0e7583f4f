package ewstest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

const letter = `<t:Message><t:Subject>Letter</t:Subject><t:Body BodyType="Text">Hi</t:Body><t:ToRecipients>` + mailboxXML +
	`<t:Mailbox><t:EmailAddress>eve@evil.example</t:EmailAddress></t:Mailbox></t:ToRecipients><t:BccRecipients><t:Mailbox><t:EmailAddress>carol@example.test</t:EmailAddress></t:Mailbox></t:BccRecipients>` +
	`<t:IsReadReceiptRequested>true</t:IsReadReceiptRequested></t:Message>`

func TestSendingDelivers(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		sendingDelivers(t, ewstest.Options{Version: version}, schema)
	}
}

func sendingDelivers(t *testing.T, opts ewstest.Options, schema string) {
	t.Helper()
	for _, tt := range []struct {
		disposition, saved string
		copy               ews.FolderName
	}{
		{"SendOnly", "drafts", ""},
		{"SendAndSaveCopy", "inbox", ews.FolderInbox},
		{"SendAndSaveCopy", "", ews.FolderSentItems},
	} {
		c := newCaller(t, opts).in(schema).as("alice")
		folder := ""
		if tt.saved != "" {
			folder = folderOf(tt.saved, "")
		}
		answer := c.do(createXML(`MessageDisposition="`+tt.disposition+`"`, folder, letter))
		require.Equal(t, []string{"NoError"}, codes(answer), tt)
		assert.Empty(t, attrs(answer, "ItemId", "Id"), "sending returns no id")
		for _, address := range []string{bob, "carol@example.test"} {
			all := c.srv.Mailbox(address).Folder(ews.FolderInbox).Messages()
			require.Len(t, all, 1, address)
			assert.Equal(t, "Letter", all[0].Subject)
			assert.False(t, all[0].Draft)
			assert.False(t, all[0].Read)
			assert.True(t, all[0].ReceiptPending)
			assert.NotEmpty(t, all[0].MessageID)
			assert.Contains(t, string(all[0].MIME), alice)
			assert.NotContains(t, string(all[0].MIME), "carol", "blind copies are blind")
		}
		assert.Len(t, c.srv.Notices(), 3)
		kept := c.srv.Mailbox(alice).Messages()
		if tt.copy == "" {
			assert.Empty(t, kept, tt)
			continue
		}
		require.Len(t, kept, 1, tt)
		assert.Equal(t, tt.copy, kept[0].Distinguished)
		assert.False(t, kept[0].Draft)
		assert.True(t, kept[0].Read)
		assert.False(t, kept[0].ReceiptPending, "who sends gets no receipt")
	}
}

func TestSendingNeedsRecipients(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).as("alice")
	assert.Equal(t, []string{"ErrorInvalidRecipients"}, codes(c.do(createXML(`MessageDisposition="SendOnly"`, "", `<t:Message/>`))))
	assert.Empty(t, c.srv.Mailbox(alice).Messages())
	assert.Empty(t, c.srv.Notices())
}

func TestUpdateSends(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).as("alice")
	made := c.do(createXML(saveOnly, folderOf("drafts", ""), `<t:Message><t:Subject>Draft</t:Subject></t:Message>`))
	id := `<t:ItemId Id="` + attrs(made, "ItemId", "Id")[0] + `"/>`
	send := func(change string) string {
		return `<m:UpdateItem ConflictResolution="AlwaysOverwrite" MessageDisposition="SendAndSaveCopy"><m:SavedItemFolderId>` + folderOf("junkemail", "") + `</m:SavedItemFolderId><m:ItemChanges><t:ItemChange>` + id + `<t:Updates>` + change + `</t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>`
	}
	assert.Equal(t, []string{"ErrorInvalidRecipients"}, codes(c.do(send(setField("item:Subject", `<t:Subject>x</t:Subject>`)))))
	answer := c.do(send(setField("message:ToRecipients", `<t:ToRecipients>`+mailboxXML+`</t:ToRecipients>`)))
	require.Equal(t, []string{"NoError"}, codes(answer))
	assert.Empty(t, attrs(answer, "ItemId", "Id"))
	assert.Len(t, c.srv.Mailbox(bob).Folder(ews.FolderInbox).Messages(), 1)
	kept := c.srv.Mailbox(alice).Messages()
	require.Len(t, kept, 1)
	assert.Equal(t, ews.FolderJunkEmail, kept[0].Distinguished)
	assert.Equal(t, "Draft", kept[0].Subject, "a refused change is not made")
}
