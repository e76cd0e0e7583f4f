package ewstest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func markAllXML(read, suppress, folders string) string {
	return `<m:MarkAllItemsAsRead><m:ReadFlag>` + read + `</m:ReadFlag><m:SuppressReadReceipts>` + suppress + `</m:SuppressReadReceipts><m:FolderIds>` + folders + `</m:FolderIds></m:MarkAllItemsAsRead>`
}

func markJunkXML(junk, move string, ids ...string) string {
	return `<m:MarkAsJunk IsJunk="` + junk + `" MoveItem="` + move + `"><m:ItemIds>` + strings.Join(ids, "") + `</m:ItemIds></m:MarkAsJunk>`
}

func TestMarkAllItemsAsRead(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema).as("alice")
		box := c.srv.Mailbox(alice)
		inbox := box.Folder(ews.FolderInbox)
		asked, other := box.Deliver([]byte(receiptAsked)), box.Deliver([]byte(plain))
		below := box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: box.AddFolder(inbox, "Below")})
		read := box.DeliverWith([]byte(plain), ewstest.Delivery{Read: true})
		answer := c.do(markAllXML("true", "true", folderOf("inbox", "")+folderOf("outbox", bob)))
		if version == ewstest.Exchange2010SP3 {
			assert.Equal(t, []string{"ErrorSchemaValidation"}, codes(answer))
			continue
		}
		require.Equal(t, []string{"NoError", "ErrorFolderNotFound"}, codes(answer), version)
		for _, m := range []*ewstest.Message{asked, other} {
			now := box.Message(m.ID)
			assert.True(t, now.Read)
			assert.False(t, now.ReceiptPending)
			assert.NotEqual(t, m.ID.ChangeKey, now.ID.ChangeKey)
		}
		assert.False(t, box.Message(below.ID).Read, "subfolders are others")
		assert.Equal(t, read, box.Message(read.ID), "what is read already does not change")
		assert.Empty(t, c.srv.Notices(), "receipts are suppressed")
		require.Equal(t, []string{"NoError"}, codes(c.do(markAllXML("false", "true", folderOf("inbox", "")))))
		assert.False(t, box.Message(asked.ID).Read)
		again := box.Deliver([]byte(receiptAsked))
		require.Equal(t, []string{"NoError"}, codes(c.do(markAllXML("true", "false", folderOf("inbox", "")))))
		assert.True(t, box.Message(again.ID).Read)
		require.Len(t, c.srv.Notices(), 1)
		assert.Equal(t, "IPNRN", c.srv.Notices()[0].Kind)
	}
	c := newCaller(t, ewstest.Options{})
	f := c.srv.Mailbox(alice).AddFolder(nil, "Shared")
	c.srv.Mailbox(alice).DeliverWith([]byte(plain), ewstest.Delivery{Folder: f})
	for name, want := range map[string]string{"Author": "ErrorAccessDenied", "Editor": "NoError"} {
		permitted(t, c, f, bobUser, level(name))
		assert.Equal(t, []string{want}, codes(c.as("bob").do(markAllXML("true", "true", folderIDXML(f)))), name)
	}
}

func TestMarkAsJunk(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema).as("alice")
		box := c.srv.Mailbox(alice)
		m := box.Deliver([]byte(plain))
		place := func(object uint64) ews.FolderName { return c.srv.Object(object).Distinguished }
		answer := c.do(markJunkXML("true", "true", itemID(m)))
		if version == ewstest.Exchange2010SP3 {
			assert.Equal(t, []string{"ErrorSchemaValidation"}, codes(answer))
			continue
		}
		require.Equal(t, []string{"NoError"}, codes(answer), version)
		require.Len(t, attrs(answer, "MovedItemId", "Id"), 1)
		assert.Equal(t, c.srv.Object(m.Object), box.Message(ews.ItemID{ID: attrs(answer, "MovedItemId", "Id")[0]}))
		assert.Equal(t, ews.FolderJunkEmail, place(m.Object))
		assert.Equal(t, []string{"ErrorItemNotFound"}, codes(c.do(markJunkXML("true", "true", itemID(m)))))

		blocked := box.Deliver([]byte(plain))
		assert.Equal(t, ews.FolderJunkEmail, blocked.Distinguished, "the sender is blocked")
		assert.Equal(t, ews.FolderInbox, c.srv.Mailbox(bob).Deliver([]byte(plain)).Distinguished, "in this mailbox only")
		answer = c.do(markJunkXML("true", "true", itemID(blocked)))
		assert.Equal(t, []string{"NoError"}, codes(answer))
		assert.Empty(t, attrs(answer, "MovedItemId", "Id"), "it is there already")

		answer = c.do(markJunkXML("false", "true", itemID(blocked)))
		assert.Len(t, attrs(answer, "MovedItemId", "Id"), 1)
		assert.Equal(t, ews.FolderInbox, place(blocked.Object))
		free := box.Deliver([]byte(plain))
		assert.Equal(t, ews.FolderInbox, free.Distinguished, "and free again")

		answer = c.do(markJunkXML("true", "false", itemID(free)))
		assert.Equal(t, []string{"NoError"}, codes(answer))
		assert.Empty(t, attrs(answer, "MovedItemId", "Id"))
		assert.Equal(t, ews.FolderInbox, place(free.Object))
		assert.Equal(t, ews.FolderJunkEmail, box.Deliver([]byte(plain)).Distinguished)
		task := box.DeliverWith([]byte(plain), ewstest.Delivery{Class: "IPM.Task"})
		assert.Equal(t, []string{"ErrorInvalidOperation"}, codes(c.do(markJunkXML("true", "true", itemID(task)))))
	}
}

// A message's senders are both the account that sent it and the person it is from.
func TestJunkOnBehalf(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).as("alice")
	box := c.srv.Mailbox(alice)
	made := c.do(createXML(saveOnly, folderOf("drafts", ""), `<t:Message><t:Subject>a</t:Subject><t:Sender><t:Mailbox><t:EmailAddress>eve@evil.example</t:EmailAddress></t:Mailbox></t:Sender></t:Message>`))
	require.Equal(t, []string{"NoError"}, codes(made))
	draft := `<t:ItemId Id="` + attrs(made, "ItemId", "Id")[0] + `"/>`
	require.Equal(t, []string{"NoError"}, codes(c.do(markJunkXML("true", "false", draft))))
	assert.Equal(t, ews.FolderJunkEmail, box.Deliver([]byte(plain)).Distinguished)
	assert.Equal(t, ews.FolderJunkEmail, box.Deliver([]byte("From: bob@example.test\r\nSender: EVE@evil.example\r\n\r\n")).Distinguished)
	require.Equal(t, []string{"NoError"}, codes(c.do(markJunkXML("false", "false", draft))))
	assert.Equal(t, ews.FolderInbox, box.Deliver([]byte(plain)).Distinguished)
}

func TestArchiveItem(t *testing.T) {
	t.Parallel()
	const dora = "dora@example.test"
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema).as("dora")
		box := c.srv.AddMailbox(dora, &ewstest.MailboxOptions{Archive: true})
		f := box.AddFolder(nil, "Projects", "Old")
		archive := func(from, id string) string {
			return `<m:ArchiveItem><m:ArchiveSourceFolderId>` + from + `</m:ArchiveSourceFolderId><m:ItemIds>` + id + `</m:ItemIds></m:ArchiveItem>`
		}
		m := box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: f})
		answer := c.do(archive(folderIDXML(f), itemID(m)))
		if version == ewstest.Exchange2010SP3 {
			assert.Equal(t, []string{"ErrorSchemaValidation"}, codes(answer))
			continue
		}
		require.Equal(t, []string{"NoError"}, codes(answer), version)
		assert.Empty(t, attrs(answer, "ItemId", "Id"), "another store, no id")
		assert.Equal(t, "/Archive/Projects/Old", c.srv.Object(m.Object).Folder)
		there := itemID(c.srv.Object(m.Object))
		next, note := itemID(box.Deliver([]byte(plain))), itemID(box.DeliverWith([]byte(plain), ewstest.Delivery{Associated: true}))
		search := folderIDXML(box.AddSearchFolder("All"))
		for name, tt := range map[string]struct{ from, id, code string }{
			"archived":   {folderOf("inbox", ""), there, "ErrorCannotArchiveItemsInArchiveMailbox"},
			"archive":    {folderOf("archivemsgfolderroot", ""), next, "ErrorCannotArchiveItemsInArchiveMailbox"},
			"search":     {search, next, "ErrorCannotSpecifySearchFolderAsSourceFolder"},
			"calendar":   {folderOf("calendar", ""), next, "ErrorCannotArchiveCalendarContactTaskFolderException"},
			"associated": {folderOf("inbox", ""), note, "ErrorInvalidItemForOperationArchiveItem"},
			"deleted":    {folderOf("recoverableitemspurges", ""), next, "ErrorMoveCopyFailed"},
			"nothing":    {folderOf("inbox", ""), itemID(m), "ErrorItemNotFound"},
		} {
			assert.Equal(t, []string{tt.code}, codes(c.do(archive(tt.from, tt.id))), "%s on %s", name, version)
		}
		without := itemID(c.srv.Mailbox(alice).Deliver([]byte(plain)))
		assert.Equal(t, []string{"ErrorArchiveMailboxNotEnabled"}, codes(c.as("alice").do(archive(folderOf("inbox", ""), without))))
		assert.Equal(t, []string{"ErrorCrossMailboxMoveCopy"}, codes(c.as("svc").do(archive(folderOf("inbox", dora), without))))
	}
}
