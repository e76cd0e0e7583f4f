package ewstest_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func attachXML(parent string, attachments ...string) string {
	return `<m:CreateAttachment><m:ParentItemId ` + parent + `/><m:Attachments>` + strings.Join(attachments, "") + `</m:Attachments></m:CreateAttachment>`
}

func fileXML(name, content string) string {
	return `<t:FileAttachment><t:Name>` + name + `</t:Name><t:ContentType>image/jpeg</t:ContentType><t:ContentId>` + name + `@x</t:ContentId>` +
		`<t:ContentLocation>http://x.example/a</t:ContentLocation><t:Content>` + base64.StdEncoding.EncodeToString([]byte(content)) + `</t:Content></t:FileAttachment>`
}

func itemXML(item string) string {
	return `<t:ItemAttachment><t:Name>inner</t:Name>` + item + `</t:ItemAttachment>`
}

func getAttachmentXML(shape string, ids ...string) string {
	if shape != "" {
		shape = `<m:AttachmentShape>` + shape + `</m:AttachmentShape>`
	}
	return `<m:GetAttachment>` + shape + attachmentIDs(ids) + `</m:GetAttachment>`
}

func detachXML(ids ...string) string {
	return `<m:DeleteAttachment>` + attachmentIDs(ids) + `</m:DeleteAttachment>`
}

func attachmentIDs(ids []string) string {
	return `<m:AttachmentIds><t:AttachmentId Id="` + strings.Join(ids, `"/><t:AttachmentId Id="`) + `"/></m:AttachmentIds>`
}

func TestAttachmentsComeAndGo(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
		c := newCaller(t, ewstest.Options{Version: version, Now: func() time.Time { return now }}).in(schema)
		box := c.srv.Mailbox(alice)
		m := box.Deliver([]byte(plain))
		now = now.Add(time.Hour)
		made := c.do(attachXML(`Id="`+m.ID.ID+`" ChangeKey="`+m.ID.ChangeKey+`"`, fileXML("a.jpg", "hello"), itemXML(`<t:Message><t:Subject>In</t:Subject></t:Message>`), fileXML("b.jpg", "world")))
		require.Equal(t, []string{"NoError", "NoError", "NoError"}, codes(made), version)
		assert.Equal(t, []string{m.ID.ID, m.ID.ID, m.ID.ID}, attrs(made, "AttachmentId", "RootItemId"))
		keys := attrs(made, "AttachmentId", "RootItemChangeKey")
		after := box.Message(m.ID)
		assert.Equal(t, after.ID.ChangeKey, keys[2], "the newest")
		assert.NotContains(t, keys, m.ID.ChangeKey)
		assert.Len(t, after.Attachments, 3)
		assert.Greater(t, after.Size, m.Size)
		assert.Contains(t, string(after.MIME), "aGVsbG8=")
		assert.Equal(t, now, after.Modified)
		assert.Equal(t, m.MessageID, after.MessageID)
		ids := attrs(made, "AttachmentId", "Id")
		got := c.do(getAttachmentXML("", ids[2]))
		for name, want := range map[string]string{
			"Name": "b.jpg", "ContentType": "image/jpeg", "ContentId": "b.jpg@x", "ContentLocation": "http://x.example/a", "Size": "5",
			"LastModifiedTime": "2026-11-29T13:00:00Z", "Content": base64.StdEncoding.EncodeToString([]byte("world")),
		} {
			assert.Equal(t, []string{want}, texts(got, name), version)
		}
		listed := c.do(getItemXML(full, itemID(m)))
		assert.Equal(t, ids, attrs(listed, "AttachmentId", "Id"))
		assert.Equal(t, []string{"true"}, texts(listed, "HasAttachments"))
		stale := c.do(attachXML(`Id="`+m.ID.ID+`" ChangeKey="`+m.ID.ChangeKey+`"`, fileXML("c", "c"), fileXML("d", "d")))
		assert.Equal(t, []string{"ErrorIrresolvableConflict", "ErrorIrresolvableConflict"}, codes(stale), "an old change key")

		gone := c.do(detachXML(ids[0], ids[1]))
		require.Equal(t, []string{"NoError", "NoError"}, codes(gone))
		assert.Equal(t, []string{m.ID.ID, m.ID.ID}, attrs(gone, "RootItemId", "RootItemId"))
		left := box.Message(m.ID)
		assert.Equal(t, left.ID.ChangeKey, attrs(gone, "RootItemId", "RootItemChangeKey")[1])
		assert.Equal(t, []string{"NoError", "ErrorInvalidAttachmentId", "ErrorInvalidAttachmentId"}, codes(c.do(getAttachmentXML("", ids[2], ids[0], ids[1]))), "ids stay")
		assert.Equal(t, []string{"ErrorInvalidAttachmentId"}, codes(c.do(detachXML(ids[0]))))
		again := attrs(c.do(attachXML(`Id="`+m.ID.ID+`"`, fileXML("e", "e"))), "AttachmentId", "Id")
		assert.NotContains(t, ids, again[0], "nor are they used again")
		c.do(detachXML(ids[2], again[0]))
		assert.Equal(t, []string{"false"}, texts(c.do(getItemXML(full, itemID(m))), "HasAttachments"))
		assert.Empty(t, box.Message(m.ID).Attachments)
		assert.Equal(t, []string{"Pay at once.&#xD;\n"}, texts(c.do(getItemXML(full, itemID(m))), "Body"))
		assert.Len(t, box.Folder(ews.FolderRecoverableItemsVersions).Messages(), 8, "each version is kept")
	}
}

// TestAttachedItemsHaveTheirProperties attaches each kind of item, and another item to
// that one.
func TestAttachedItemsHaveTheirProperties(t *testing.T) {
	t.Parallel()
	for _, version := range []ewstest.Version{ewstest.Exchange2010SP3, ewstest.Exchange2013, ewstest.Exchange2016} {
		c := newCaller(t, ewstest.Options{Version: version}).in(schemaOf[version])
		id := attrs(c.do(createXML(saveOnly, folderOf("drafts", alice), `<t:Message><t:Subject>Outer</t:Subject></t:Message>`)), "ItemId", "Id")[0]
		for _, tt := range []struct{ element, class, kind, mime string }{
			{"Item", "IPM.Note", "Message", "NoError"},
			{"Message", "IPM.Note", "Message", "NoError"},
			{"PostItem", "IPM.Post", "PostItem", "NoError"},
			{"CalendarItem", "IPM.Appointment", "CalendarItem", "NoError"},
			{"Contact", "IPM.Contact", "Contact", "NoError"},
			{"Task", "IPM.Task", "Task", "ErrorUnsupportedMimeConversion"},
		} {
			own := `<t:ExtendedProperty>` + markPath + `<t:Value>mine</t:Value></t:ExtendedProperty>`
			made := c.do(attachXML(`Id="`+id+`"`, itemXML(`<t:`+tt.element+`><t:Subject>In</t:Subject><t:Body BodyType="HTML">&lt;p&gt;text&lt;/p&gt;</t:Body><t:Categories><t:String>Red</t:String></t:Categories><t:Importance>High</t:Importance>`+own+`</t:`+tt.element+`>`)))
			require.Equal(t, []string{"NoError"}, codes(made), "%s on %s", tt.element, version)
			inner := attrs(made, "AttachmentId", "Id")[0]
			got := c.do(getAttachmentXML(`<t:BodyType>Text</t:BodyType><t:AdditionalProperties><t:IndexedFieldURI FieldURI="item:InternetMessageHeader" FieldIndex=""/>`+
				`<t:FieldURI FieldURI="item:DateTimeCreated"/>`+markPath+`</t:AdditionalProperties>`, inner))
			require.Equal(t, []string{"NoError"}, codes(got), "%s on %s", tt.element, version)
			assert.Contains(t, got, "<t:"+tt.kind+">")
			for name, want := range map[string]string{"ItemClass": tt.class, "Subject": "In", "Body": "text", "String": "Red", "Importance": "High", "Value": "mine", "IsDraft": "true", "HasAttachments": "false", "AttachmentId": ""} {
				if name == "AttachmentId" {
					assert.Equal(t, []string{inner}, attrs(got, name, "Id"))
					continue
				}
				assert.Equal(t, []string{want}, texts(got, name), "%s of %s on %s", name, tt.element, version)
			}
			assert.NotEmpty(t, texts(got, "DateTimeCreated"))
			assert.NotContains(t, got, "MimeContent")
			assert.NotContains(t, got, "ItemId Id", "it is not an item of the store")
			want := tt.mime
			if tt.element == "Contact" && version == ewstest.Exchange2010SP3 {
				want = "ErrorUnsupportedMimeConversion"
			}
			assert.Equal(t, []string{want}, codes(c.do(getAttachmentXML(`<t:IncludeMimeContent>true</t:IncludeMimeContent>`, inner))), "%s on %s", tt.element, version)

			nested := c.do(attachXML(`Id="`+inner+`"`, fileXML("deep.jpg", "deep")))
			require.Equal(t, []string{"NoError"}, codes(nested), "%s on %s", tt.element, version)
			assert.Equal(t, []string{id}, attrs(nested, "AttachmentId", "RootItemId"))
			deep := attrs(nested, "AttachmentId", "Id")[0]
			got = c.do(getAttachmentXML(`<t:AdditionalProperties>`+markPath+`</t:AdditionalProperties>`, inner, deep))
			assert.Equal(t, []string{inner, deep, deep}, attrs(got, "AttachmentId", "Id"))
			assert.Equal(t, []string{"mine"}, texts(got, "Value"), "what it had it still has")
			assert.Equal(t, []string{base64.StdEncoding.EncodeToString([]byte("deep"))}, texts(got, "Content"))
			assert.Equal(t, []string{"NoError", "NoError"}, codes(c.do(detachXML(deep, inner))))
			assert.Equal(t, []string{"ErrorInvalidAttachmentId"}, codes(c.do(detachXML(deep))))
		}
		assert.Equal(t, []string{"false"}, texts(c.do(getItemXML(full, `<t:ItemId Id="`+id+`"/>`)), "HasAttachments"))
	}
}

func TestAttachmentsRefused(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	m := box.Deliver([]byte(withAttachment))
	sealed := box.Deliver([]byte("Subject: a\r\nContent-Type: application/pkcs7-mime; name=smime.p7m\r\n\r\nMIAG"))
	parent, file := `Id="`+m.ID.ID+`"`, attrs(c.do(getItemXML(full, itemID(m))), "AttachmentId", "Id")[0]
	ofSealed := attrs(c.do(getItemXML(full, itemID(sealed))), "AttachmentId", "Id")[0]
	nest := func(levels int) string {
		inner := `<t:Message/>`
		for range levels - 1 {
			inner = `<t:Message><t:Attachments>` + itemXML(inner) + `</t:Attachments></t:Message>`
		}
		return itemXML(inner)
	}
	assert.Equal(t, []string{"NoError"}, codes(c.do(attachXML(parent, nest(10)))), "10 levels are the most")
	a := fileXML("a", "a")
	for name, tt := range map[string]struct{ op, code string }{
		"without item":       {attachXML(parent, `<t:ItemAttachment><t:Name>a</t:Name></t:ItemAttachment>`), "ErrorMissingItemForCreateItemAttachment"},
		"meeting":            {attachXML(parent, itemXML(`<t:MeetingRequest/>`)), "ErrorInvalidItemForOperationCreateItemAttachment"},
		"without name":       {attachXML(parent, `<t:FileAttachment><t:Content>AAAA</t:Content></t:FileAttachment>`), "ErrorRequiredPropertyMissing"},
		"without content":    {attachXML(parent, `<t:FileAttachment><t:Name>a</t:Name></t:FileAttachment>`), "ErrorRequiredPropertyMissing"},
		"read-only property": {attachXML(parent, itemXML(`<t:Message><t:Size>3</t:Size></t:Message>`)), "ErrorInvalidPropertySet"},
		"class":              {attachXML(parent, itemXML(`<t:Contact><t:ItemClass>IPM.Note</t:ItemClass></t:Contact>`)), "ErrorObjectTypeChanged"},
		"11 levels":          {attachXML(parent, nest(11)), "ErrorAttachmentNestLevelLimitExceeded"},
		"a file's":           {attachXML(`Id="`+file+`"`, a), "ErrorInvalidIdNotAnItemAttachmentId"},
		"a folder's":         {attachXML(`Id="`+box.Folder(ews.FolderInbox).ID().ID+`"`, a), "ErrorCannotUseFolderIdForItemId"},
		"malformed":          {attachXML(`Id="AAAA"`, a), "ErrorInvalidIdMalformed"},
		"malformed key":      {attachXML(parent+` ChangeKey="AAAA"`, a), "ErrorInvalidChangeKey"},
		"sealed":             {attachXML(`Id="`+sealed.ID.ID+`"`, a), "ErrorInvalidOperation"},
		"out of sealed":      {detachXML(ofSealed), "ErrorInvalidOperation"},
		"delete an item":     {detachXML(m.ID.ID), "ErrorInvalidIdNotAnItemAttachmentId"},
	} {
		assert.Equal(t, []string{tt.code}, codes(c.do(tt.op)), name)
	}
	nameless := c.do(attachXML(parent, `<t:FileAttachment><t:Content>AAAA</t:Content></t:FileAttachment>`))
	assert.Equal(t, []string{"attachment:Name"}, attrs(nameless, "ExceptionFieldURI", "FieldURI"), "the answer names what is missing")
	bob := c.as("bob")
	assert.Equal(t, []string{"ErrorItemNotFound"}, codes(bob.do(attachXML(parent, a))), "another one's mailbox")
	assert.Equal(t, []string{"ErrorItemNotFound"}, codes(bob.do(detachXML(file))))
	permitted(t, c, box.Folder(ews.FolderInbox), bobUser, level("Reviewer"))
	assert.Equal(t, []string{"ErrorAccessDenied", "ErrorBatchProcessingStopped"}, codes(bob.do(attachXML(parent, a, a))), "who may only read")
	assert.Equal(t, []string{"ErrorAccessDenied"}, codes(bob.do(detachXML(file))))
	assert.Equal(t, []string{"NoError"}, codes(bob.do(getAttachmentXML("", file))))
	box.SetQuota(10)
	assert.Equal(t, []string{"ErrorQuotaExceeded"}, codes(c.do(attachXML(parent, a))))
	box.DeleteMessage(m.ID)
	assert.Equal(t, []string{"ErrorItemNotFound"}, codes(c.do(attachXML(parent, a))))
	assert.Equal(t, []string{"ErrorItemNotFound"}, codes(c.do(getAttachmentXML("", file))))
}

// TestAttachedItemsTravel: attached items survive intact in uploads, in items with a new
// body and in what others receive.
func TestAttachedItemsTravel(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	made := c.do(createXML(saveOnly, folderOf("drafts", alice), `<t:Message><t:Subject>Outer</t:Subject><t:Attachments>`+
		itemXML(`<t:Contact><t:Subject>Eve</t:Subject><t:Attachments>`+itemXML(`<t:Task><t:Subject>Call</t:Subject><t:Importance>Low</t:Importance></t:Task>`)+`</t:Attachments><t:Importance>High</t:Importance></t:Contact>`)+
		`</t:Attachments><t:ToRecipients>`+mailboxXML+`</t:ToRecipients></t:Message>`))
	require.Equal(t, []string{"NoError"}, codes(made))
	id := `<t:ItemId Id="` + attrs(made, "ItemId", "Id")[0] + `"/>`
	data := texts(c.do(exportXML(id)), "Data")[0]
	uploaded := c.do(uploadXML("CreateNew", box.Folder(ews.FolderInbox), "", data))
	copied := c.do(`<m:CopyItem><m:ToFolderId>` + folderOf("inbox", alice) + `</m:ToFolderId><m:ItemIds>` + id + `</m:ItemIds></m:CopyItem>`)
	edited := c.do(updateXML("AlwaysOverwrite", "", id, setField("item:Body", `<t:Body BodyType="Text">other</t:Body>`)))
	ids := map[string]string{}
	for name, answer := range map[string]string{"itself": made, "uploaded": uploaded, "copied": copied, "edited": edited} {
		ids[name] = attrs(answer, "ItemId", "Id")[0]
	}
	copyOf := attrs(copied, "ItemId", "Id")[0]
	sending := strings.Replace(updateXML("AlwaysOverwrite", "", `<t:ItemId Id="`+copyOf+`"/>`, setField("item:Importance", `<t:Importance>Low</t:Importance>`)), "SaveOnly", "SendOnly", 1)
	require.Equal(t, []string{"NoError"}, codes(c.as("alice").do(sending)))
	delete(ids, "copied")
	ids["received"] = c.srv.Mailbox(bob).Messages()[0].ID.ID
	for name, id := range ids {
		contact := attrs(c.do(getItemXML(full, `<t:ItemId Id="`+id+`"/>`)), "AttachmentId", "Id")
		require.Len(t, contact, 1, name)
		got := c.do(getAttachmentXML("", contact[0]))
		assert.Equal(t, []string{"IPM.Contact"}, texts(got, "ItemClass"), name)
		assert.Equal(t, []string{"High"}, texts(got, "Importance"), name)
		task := attrs(got, "AttachmentId", "Id")
		require.Len(t, task, 2, name)
		got = c.do(getAttachmentXML("", task[1]))
		assert.Equal(t, []string{"IPM.Task"}, texts(got, "ItemClass"), name)
		assert.Equal(t, []string{"Call"}, texts(got, "Subject"), name)
		assert.Equal(t, []string{"Low"}, texts(got, "Importance"), name)
	}
}

func TestFaultsOfAttachments(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).Deliver([]byte(withAttachment))
	other := c.srv.Mailbox(alice).Deliver([]byte(plain))
	file := attrs(c.do(getItemXML(full, itemID(m))), "AttachmentId", "Id")[0]
	failure := c.srv.Fail(ewstest.When{MessageID: "<3@evil.example>"}, ewstest.MemberCode("ErrorMailboxStoreUnavailable"))
	assert.Equal(t, []string{"ErrorMailboxStoreUnavailable"}, codes(c.do(attachXML(`Id="`+m.ID.ID+`"`, fileXML("a", "a")))))
	assert.Equal(t, []string{"ErrorMailboxStoreUnavailable"}, codes(c.do(detachXML(file))))
	assert.Equal(t, []string{"NoError"}, codes(c.do(attachXML(`Id="`+other.ID.ID+`"`, fileXML("a", "a")))), "about another message")
	failure.Cancel()
	assert.Len(t, c.srv.Mailbox(alice).Message(m.ID).Attachments, 1)
	assert.Equal(t, []string{"NoError"}, codes(c.do(detachXML(file))))
}
