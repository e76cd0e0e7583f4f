package ewstest_test

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// TestMIMEOfADraft: everything that a server derives from a message follows its MIME, and
// the rest stays.
func TestMIMEOfADraft(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		made := c.do(createXML(saveOnly, folderOf("drafts", alice), `<t:Message>`+mimeOf(withAttachment)+`<t:Categories><t:String>Red</t:String></t:Categories></t:Message>`))
		id := `<t:ItemId Id="` + attrs(made, "ItemId", "Id")[0] + `" ChangeKey="` + attrs(made, "ItemId", "ChangeKey")[0] + `"/>`
		require.Equal(t, []string{"NoError"}, codes(c.do(updateXML("AutoResolve", "", id, setField("item:MimeContent", mimeOf("From: Eve <eve@evil.example>\r\nTo: bob@example.test\r\nSubject: New\r\nImportance: low\r\n\r\nother"))))))
		got := c.do(getItemXML(full+`<t:AdditionalProperties><t:FieldURI FieldURI="item:MimeContent"/></t:AdditionalProperties>`, id))
		for name, want := range map[string]string{"Subject": "New", "Importance": "Low", "Body": "other", "HasAttachments": "false", "DisplayTo": bob, "ConversationTopic": "New", "IsDraft": "true", "String": "Red"} {
			assert.Equal(t, []string{want}, texts(got, name), "%s on %s", name, version)
		}
		assert.Empty(t, attrs(got, "AttachmentId", "Id"))
		assert.Empty(t, texts(got, "InternetMessageId"), "the new one has none")
		raw, err := base64.StdEncoding.DecodeString(texts(got, "MimeContent")[0])
		require.NoError(t, err)
		assert.Contains(t, string(raw), "\r\n\r\nother")
		contact := attrs(c.do(createXML("", folderOf("contacts", alice), `<t:Contact/>`)), "ItemId", "Id")[0]
		set := `<t:SetItemField><t:FieldURI FieldURI="item:MimeContent"/><t:Contact>` + mimeOf(plain) + `</t:Contact></t:SetItemField>`
		assert.Equal(t, []string{"ErrorUnsupportedMimeConversion"}, codes(c.do(updateXML("AlwaysOverwrite", "", `<t:ItemId Id="`+contact+`"/>`, set))), version)
	}
}

func TestCultureAndReminder(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		made := c.do(createXML(saveOnly, folderOf("drafts", alice), `<t:Message><t:ReminderDueBy>2026-12-01T09:00:00Z</t:ReminderDueBy><t:ReminderIsSet>true</t:ReminderIsSet>`+
			`<t:ReminderMinutesBeforeStart>15</t:ReminderMinutesBeforeStart><t:Culture>de-AT</t:Culture></t:Message>`))
		require.Equal(t, []string{"NoError"}, codes(made), version)
		id := `<t:ItemId Id="` + attrs(made, "ItemId", "Id")[0] + `"/>`
		assert.Equal(t, []string{"de-AT"}, texts(c.do(getItemXML(full, id)), "Culture"), version)
		next := c.do(getItemXML(shapeOf("", "item:ReminderNextTime"), id))
		if schema == "Exchange2010_SP2" {
			assert.Equal(t, []string{"ErrorSchemaValidation"}, codes(next))
		} else {
			assert.Equal(t, []string{"2026-12-01T08:45:00Z"}, texts(next, "ReminderNextTime"), version)
		}
		c.do(updateXML("AlwaysOverwrite", "", id, `<t:DeleteItemField><t:FieldURI FieldURI="item:Culture"/></t:DeleteItemField>`))
		assert.Equal(t, []string{"en-US"}, texts(c.do(getItemXML(full, id)), "Culture"), version)
	}
}

// TestMIMEFollowsProperties: the MIME is generated from the properties, and so is what is
// sent.
func TestMIMEFollowsProperties(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	item := func(rest string) string {
		return `<t:Message><t:Subject>a</t:Subject><t:Sensitivity>Confidential</t:Sensitivity><t:Importance>High</t:Importance><t:InReplyTo>&lt;1@x.example&gt;</t:InReplyTo>` + rest + `<t:References>&lt;0@x.example&gt; &lt;1@x.example&gt;</t:References></t:Message>`
	}
	made := c.do(createXML(saveOnly, folderOf("drafts", alice), item("")))
	require.Equal(t, []string{"NoError"}, codes(made))
	mime := func(id string) string {
		return string(c.srv.Mailbox(alice).Message(ews.ItemID{ID: id}).MIME)
	}
	id := attrs(made, "ItemId", "Id")[0]
	for _, field := range []string{"Importance: high\r\n", "Sensitivity: Company-Confidential\r\n", "In-Reply-To: <1@x.example>\r\n", "References: <0@x.example> <1@x.example>\r\n"} {
		assert.Contains(t, mime(id), field)
	}
	m := c.srv.Mailbox(alice).Deliver([]byte("Importance: high\r\n" + plain))
	require.Equal(t, []string{"NoError"}, codes(c.do(updateXML("AlwaysOverwrite", "", itemID(m), setField("item:Importance", `<t:Importance>Normal</t:Importance>`)))))
	assert.Contains(t, mime(m.ID.ID), "Importance: normal\r\n")

	require.Equal(t, []string{"NoError"}, codes(c.as("alice").do(createXML(`MessageDisposition="SendOnly"`, "", item(`<t:ToRecipients>`+mailboxXML+`</t:ToRecipients>`)))))
	arrived := c.srv.Mailbox(bob).Messages()
	require.Len(t, arrived, 1)
	got := c.do(getItemXML(full, itemID(arrived[0])))
	for name, want := range map[string]string{"Importance": "High", "Sensitivity": "Confidential", "InReplyTo": "&lt;1@x.example&gt;", "References": "&lt;0@x.example&gt; &lt;1@x.example&gt;"} {
		assert.Equal(t, []string{want}, texts(got, name), name)
	}
}
