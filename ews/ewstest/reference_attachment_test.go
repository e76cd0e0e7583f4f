package ewstest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// linkXML is an attachment that is a link to a file elsewhere, with all the elements it
// can have.
const linkXML = `<t:ReferenceAttachment><t:Name>Päper.docx</t:Name><t:ContentType>image/png</t:ContentType><t:ContentId>1@x</t:ContentId>` +
	`<t:ContentLocation>https://files.example/1</t:ContentLocation><t:AttachLongPathName>https://files.example/päper.docx?a=1&amp;b=2</t:AttachLongPathName>` +
	`<t:ProviderType>OneDrivePro</t:ProviderType><t:ProviderEndpointUrl>https://files.example</t:ProviderEndpointUrl>` +
	`<t:AttachmentThumbnailUrl>https://files.example/t</t:AttachmentThumbnailUrl><t:AttachmentPreviewUrl>https://files.example/p</t:AttachmentPreviewUrl>` +
	`<t:PermissionType>2</t:PermissionType><t:OriginalPermissionType>1</t:OriginalPermissionType><t:AttachmentIsFolder>false</t:AttachmentIsFolder></t:ReferenceAttachment>`

// assertLink asserts that an answer has the attachment of linkXML once, and no other.
func assertLink(t *testing.T, answer, what string) {
	t.Helper()
	for name, want := range map[string]string{
		"Name": "Päper.docx", "ContentType": "image/png", "ContentId": "1@x", "ContentLocation": "https://files.example/1",
		"AttachLongPathName": "https://files.example/päper.docx?a=1&amp;b=2", "ProviderType": "OneDrivePro", "ProviderEndpointUrl": "https://files.example",
		"AttachmentThumbnailUrl": "https://files.example/t", "AttachmentPreviewUrl": "https://files.example/p",
		"PermissionType": "2", "OriginalPermissionType": "1", "AttachmentIsFolder": "false",
	} {
		assert.Contains(t, texts(answer, name), want, "%s %s", name, what)
	}
	assert.NotContains(t, answer, "FileAttachment", what)
	assert.NotContains(t, answer, "<t:Content>", what)
	assert.Len(t, attrs(answer, "AttachmentId", "Id"), 1, what)
}

func TestReferenceAttachments(t *testing.T) {
	t.Parallel()
	for _, version := range []ewstest.Version{ewstest.Exchange2016, ewstest.Exchange2019, ewstest.ExchangeOnline} {
		c := newCaller(t, ewstest.Options{Version: version}).in("Exchange2016")
		box := c.srv.Mailbox(alice)
		m := box.Deliver([]byte(plain))
		made := c.do(attachXML(`Id="`+m.ID.ID+`"`, linkXML))
		require.Equal(t, []string{"NoError"}, codes(made), version)
		assert.Contains(t, made, "<t:ReferenceAttachment>")
		id := attrs(made, "AttachmentId", "Id")[0]
		assertLink(t, c.do(getAttachmentXML("", id)), "got")
		assertLink(t, c.do(getItemXML(full, itemID(m))), "listed")
		assert.Equal(t, []string{"true"}, texts(c.do(getItemXML(full, itemID(m))), "HasAttachments"))

		exported := texts(c.do(exportXML(`<t:ItemId Id="`+m.ID.ID+`"/>`)), "Data")
		require.Len(t, exported, 1)
		uploaded := c.do(uploadXML("CreateNew", box.Folder(ews.FolderInbox), "", exported[0]))
		assertLink(t, c.do(getItemXML(full, createdID(t, uploaded))), "uploaded")
		assertLink(t, c.do(getItemXML(full, itemID(box.Deliver(box.Message(m.ID).MIME)))), "of its MIME")

		draft := createdID(t, c.do(createXML(saveOnly, folderOf("drafts", alice), `<t:Message><t:Attachments>`+linkXML+`</t:Attachments></t:Message>`)))
		assertLink(t, c.do(getItemXML(full, draft)), "created")
		require.Equal(t, []string{"NoError"}, codes(c.do(updateXML("AlwaysOverwrite", "", draft, setField("item:Body", `<t:Body BodyType="Text">new</t:Body>`)))))
		assertLink(t, c.do(getItemXML(full, draft)), "with another body")

		require.Equal(t, []string{"NoError"}, codes(c.do(detachXML(id))))
		assert.Equal(t, []string{"false"}, texts(c.do(getItemXML(full, itemID(m))), "HasAttachments"))
		assert.Equal(t, []string{"ErrorInvalidAttachmentId"}, codes(c.do(getAttachmentXML("", id))))
		for name, link := range map[string]string{
			"without a name": `<t:ReferenceAttachment><t:AttachLongPathName>https://files.example/a</t:AttachLongPathName></t:ReferenceAttachment>`,
			"without a file": `<t:ReferenceAttachment><t:Name>a</t:Name></t:ReferenceAttachment>`,
			"blank address":  `<t:ReferenceAttachment><t:Name>a</t:Name><t:AttachLongPathName> </t:AttachLongPathName></t:ReferenceAttachment>`,
		} {
			assert.Equal(t, []string{"ErrorRequiredPropertyMissing"}, codes(c.do(attachXML(`Id="`+m.ID.ID+`"`, link))), name)
		}
	}
}

// TestReferenceAttachmentsOfOldVersions: a request in a version without them gets a file
// without content.
func TestReferenceAttachmentsOfOldVersions(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).Deliver([]byte(plain))
	id := attrs(c.in("Exchange2016").do(attachXML(`Id="`+m.ID.ID+`"`, linkXML)), "AttachmentId", "Id")[0]
	for _, schema := range []string{"Exchange2010_SP2", "Exchange2013_SP1"} {
		old := c.in(schema)
		assert.Equal(t, []string{"ErrorIncorrectSchemaVersion"}, codes(old.do(attachXML(`Id="`+m.ID.ID+`"`, linkXML))))
		for _, got := range []string{old.do(getItemXML(full, itemID(m))), old.do(getAttachmentXML("", id))} {
			assert.Contains(t, got, "<t:FileAttachment>")
			assert.Contains(t, texts(got, "Name"), "Päper.docx")
			assert.NotContains(t, got, "files.example/p")
		}
		assert.Equal(t, []string{""}, texts(old.do(getAttachmentXML("", id)), "Content"))
	}
}

// TestLinksOfForeignMail: a part that another program wrote is a file, and values that
// are invalid for their type are ignored.
func TestLinksOfForeignMail(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).in("Exchange2016")
	part := func(body string) string {
		return "Subject: a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHi\r\n--b\r\nContent-Type: message/external-body; access-type=URL; URL=\"https://x.example\"\r\n" +
			"Content-Disposition: attachment; filename=a\r\n\r\n" + body + "\r\n--b--\r\n"
	}
	get := func(body string) string {
		return c.do(getItemXML(full, itemID(c.srv.Mailbox(alice).Deliver([]byte(part(body))))))
	}
	assert.Contains(t, get("Content-Type: image/png\r\n\r\n"), "<t:FileAttachment>")
	bad := get("X-Reference-AttachLongPathName: https://x.example\r\nX-Reference-PermissionType: high\r\nX-Reference-AttachmentIsFolder: perhaps\r\n\r\n")
	assert.Contains(t, bad, "<t:ReferenceAttachment>")
	assert.NotContains(t, bad, "PermissionType")
	assert.NotContains(t, bad, "IsFolder")
}
