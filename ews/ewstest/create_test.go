package ewstest_test

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func createXML(disposition, folder, item string) string {
	saved := ""
	if folder != "" {
		saved = `<m:SavedItemFolderId>` + folder + `</m:SavedItemFolderId>`
	}
	return `<m:CreateItem ` + disposition + `>` + saved + `<m:Items>` + item + `</m:Items></m:CreateItem>`
}

func mimeOf(eml string) string {
	return `<t:MimeContent CharacterSet="UTF-8">` + base64.StdEncoding.EncodeToString([]byte(eml)) + `</t:MimeContent>`
}

const saveOnly = `MessageDisposition="SaveOnly"`

func TestCreateItemFromMIME(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	c := newCaller(t, ewstest.Options{Now: func() time.Time { return now }})
	inbox := c.srv.Mailbox(quar).Folder(ews.FolderInbox)
	create := func(rest string) *ewstest.Message {
		answer := c.do(createXML(saveOnly, folderOf("inbox", quar), `<t:Message>`+mimeOf(withAttachment)+rest+`</t:Message>`))
		require.Equal(t, []string{"NoError"}, codes(answer))
		all := inbox.Messages()
		m := all[len(all)-1]
		assert.Equal(t, []string{m.ID.ID}, attrs(answer, "ItemId", "Id"))
		return m
	}
	draft := create("")
	assert.True(t, draft.Draft)
	assert.Equal(t, now, draft.Received, "dated now")
	assert.Equal(t, now, draft.Sent)
	assert.Nil(t, draft.Original)
	assert.Equal(t, "Résumé", draft.Subject)

	received := create(`<t:ItemClass>IPM.Note.Special</t:ItemClass><t:Importance>Low</t:Importance>` +
		`<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x0E07" PropertyType="Integer"/><t:Value>0</t:Value></t:ExtendedProperty>` +
		`<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x0E06" PropertyType="SystemTime"/><t:Value>2026-11-24T10:00:00Z</t:Value></t:ExtendedProperty>` +
		`<t:ExtendedProperty>` + markPath + `<t:Value>x</t:Value></t:ExtendedProperty>` +
		`<t:Flag><t:FlagStatus>Flagged</t:FlagStatus></t:Flag>`)
	assert.False(t, received.Draft)
	assert.False(t, received.Read)
	assert.Equal(t, time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC), received.Received)
	assert.Equal(t, "IPM.Note.Special", received.Class)
	assert.Equal(t, "Low", received.Importance)
	assert.Equal(t, "Flagged", received.Flag.Status)
	assert.NotEqual(t, draft.Properties[ews.PidTagSearchKey], received.Properties[ews.PidTagSearchKey])

	read := create(`<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x0E07" PropertyType="Integer"/><t:Value>0</t:Value></t:ExtendedProperty><t:IsRead>true</t:IsRead>`)
	assert.True(t, read.Read)
	assert.False(t, read.Draft)
	assert.Empty(t, c.srv.Notices())
}

func TestCreateItemRefusals(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	message := `<t:Message>` + mimeOf(plain) + `</t:Message>`
	for name, tt := range map[string]struct{ op, code string }{
		"no disposition":  {createXML("", folderOf("inbox", quar), message), "ErrorMessageDispositionRequired"},
		"no folder there": {createXML(saveOnly, folderOf("archiveinbox", quar), message), "ErrorSavedItemFolderNotFound"},
		"recoverable":     {createXML(saveOnly, folderOf("recoverableitemspurges", quar), message), "ErrorAccessDenied"},
		"meeting request": {createXML(saveOnly, folderOf("inbox", quar), `<t:MeetingRequest>`+mimeOf(plain)+`</t:MeetingRequest>`), "ErrorInvalidItemForOperationCreateItem"},
		"not base64":      {createXML(saveOnly, folderOf("inbox", quar), `<t:Message><t:MimeContent>*</t:MimeContent></t:Message>`), "ErrorMimeContentInvalidBase64String"},
		"computed property": {createXML(saveOnly, folderOf("inbox", quar), `<t:Message>`+mimeOf(plain)+
			`<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x0E08" PropertyType="Integer"/><t:Value>0</t:Value></t:ExtendedProperty></t:Message>`), "ErrorInvalidPropertySet"},
	} {
		assert.Equal(t, []string{tt.code}, codes(c.do(tt.op)), name)
	}
	c.srv.Mailbox(quar).SetQuota(10)
	assert.Equal(t, []string{"ErrorQuotaExceeded"}, codes(c.do(createXML(saveOnly, folderOf("inbox", quar), message))))
	assert.Empty(t, c.srv.Mailbox(quar).Messages())
}

func TestSendingIsSeen(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	answer := c.do(createXML(`MessageDisposition="SendAndSaveCopy"`, folderOf("drafts", ""), `<t:Message><t:Subject>Hi</t:Subject><t:Body BodyType="Text">x</t:Body><t:ToRecipients><t:Mailbox><t:EmailAddress>eve@evil.example</t:EmailAddress></t:Mailbox></t:ToRecipients></t:Message>`))
	require.Equal(t, []string{"NoError"}, codes(answer))
	notices := c.srv.Notices()
	require.Len(t, notices, 1)
	assert.Equal(t, "Sent", notices[0].Kind)
	assert.Equal(t, "eve@evil.example", notices[0].To)
	m := c.srv.Mailbox(alice).DeliverWith([]byte(plain), ewstest.Delivery{Class: "IPM.Schedule.Meeting.Request"})
	accept := `<t:AcceptItem><t:ReferenceItemId Id="` + m.ID.ID + `" ChangeKey="` + m.ID.ChangeKey + `"/></t:AcceptItem>`
	assert.Equal(t, []string{"NoError"}, codes(c.do(createXML(`MessageDisposition="SendOnly"`, "", accept))))
	assert.Equal(t, "MeetingResponse", c.srv.Notices()[1].Kind)
}
