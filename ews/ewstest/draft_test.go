package ewstest_test

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// TestMIMEOfADraft: all that a server takes from a message follows, and the rest stays.
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
