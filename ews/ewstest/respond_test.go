package ewstest_test

import (
	"html"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

const toMany = "From: Bob <bob@example.test>\r\nTo: Alice <alice@example.test>, Carol <carol@example.test>\r\nCc: Eve <eve@evil.example>, bob@example.test\r\nSubject: Re: Plan\r\nMessage-ID: <2@example.test>\r\nReferences: <1@example.test>\r\n\r\nWhat now?\r\n"

// responseXML returns a response with a disposition, and with more elements besides the
// id of the message.
func responseXML(disposition, kind, rest string, m *ewstest.Message) string {
	const comment = `<t:NewBodyContent`
	before, after, commented := strings.Cut(rest, comment)
	if commented {
		after = comment + after
	}
	return createXML(`MessageDisposition="`+disposition+`"`, "", `<t:`+kind+`>`+before+`<t:ReferenceItemId Id="`+m.ID.ID+`" ChangeKey="`+m.ID.ChangeKey+`"/>`+after+`</t:`+kind+`>`)
}

func TestRepliesAndForwards(t *testing.T) {
	t.Parallel()
	const comment = `<t:NewBodyContent BodyType="Text">Go on</t:NewBodyContent>`
	to := `<t:ToRecipients><t:Mailbox><t:EmailAddress>carol@example.test</t:EmailAddress></t:Mailbox></t:ToRecipients>`
	for version, schema := range schemaOf {
		for _, tt := range []struct {
			kind, rest, subject string
			recipients          []string // To and Cc
		}{
			{"ReplyToItem", comment, "RE: Plan", []string{bob}},
			{"ReplyToItem", to + comment, "RE: Plan", []string{"carol@example.test"}},
			{"ReplyAllToItem", comment, "RE: Plan", []string{bob, "carol@example.test", "eve@evil.example"}},
			{"ForwardItem", to + comment, "FW: Plan", []string{"carol@example.test"}},
			{"ForwardItem", `<t:Subject>Own</t:Subject>` + to + comment, "Own", []string{"carol@example.test"}},
		} {
			c := newCaller(t, ewstest.Options{Version: version}).in(schema).as("alice")
			m := c.srv.Mailbox(alice).Deliver([]byte(toMany))
			made := c.do(responseXML("SaveOnly", tt.kind, tt.rest, m))
			require.Equal(t, []string{"NoError"}, codes(made), "%v on %s", tt, version)
			id := attrs(made, "ItemId", "Id")
			require.Len(t, id, 1)
			draft := c.srv.Mailbox(alice).Message(ews.ItemID{ID: id[0]})
			assert.Equal(t, ews.FolderDrafts, draft.Distinguished)
			assert.True(t, draft.Draft)
			answer := c.do(getItemXML(shapeOf("", "item:Subject", "item:Body", "item:InReplyTo", "message:ToRecipients", "message:CcRecipients", "message:References"), itemID(draft)))
			assert.Equal(t, []string{tt.subject}, texts(answer, "Subject"), tt)
			assert.Equal(t, tt.recipients, texts(answer, "EmailAddress"), tt)
			assert.Equal(t, []string{"&lt;2@example.test&gt;"}, texts(answer, "InReplyTo"))
			assert.Equal(t, []string{"&lt;1@example.test&gt; &lt;2@example.test&gt;"}, texts(answer, "References"))
			body := html.UnescapeString(texts(answer, "Body")[0])
			assert.Regexp(t, `(?s)^Go on.*From: Bob <bob@example\.test>.*What now\?`, body)
			assert.Equal(t, m, c.srv.Mailbox(alice).Message(m.ID), "a draft changes nothing else")
		}
	}
}

func TestResponsesAreSent(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).as("alice")
	box := c.srv.Mailbox(alice)
	m := box.Deliver([]byte(withAttachment))
	assert.Equal(t, []string{"ErrorInvalidRecipients"}, codes(c.do(responseXML("SendOnly", "ForwardItem", "", m))))
	to := `<t:ToRecipients>` + mailboxXML + `</t:ToRecipients>`
	require.Equal(t, []string{"NoError"}, codes(c.do(responseXML("SendAndSaveCopy", "ForwardItem", to+`<t:NewBodyContent BodyType="HTML">&lt;b&gt;Look&lt;/b&gt;</t:NewBodyContent>`, m))))
	got := inboxOf(c, bob)
	require.Len(t, got, 1)
	require.Len(t, got[0].Attachments, 1, "a forward has the attachments")
	assert.Equal(t, m.Attachments[0].Size, got[0].Attachments[0].Size)
	body := html.UnescapeString(texts(c.as("bob").do(getItemXML(shapeOf("", "item:Body"), itemID(got[0]))), "Body")[0])
	assert.Contains(t, body, "<b>Look</b>")
	assert.Len(t, box.Folder(ews.FolderSentItems).Messages(), 1)
	forwarded := c.do(getItemXML(idOnly+`<t:AdditionalProperties><t:ExtendedFieldURI PropertyTag="0x1081" PropertyType="Integer"/></t:AdditionalProperties>`, `<t:ItemId Id="`+m.ID.ID+`"/>`))
	assert.Equal(t, []string{"104"}, texts(forwarded, "Value"), "the message says that it was forwarded")

	m = box.Message(m.ID)
	require.Equal(t, []string{"NoError"}, codes(c.do(responseXML("SendOnly", "ReplyToItem", to, m))))
	assert.Empty(t, inboxOf(c, bob)[1].Attachments, "a reply has none")
	assert.Len(t, box.Folder(ews.FolderSentItems).Messages(), 1)
}

func TestResponsesNeedAMessage(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).as("alice")
	box := c.srv.Mailbox(alice)
	m, contact := box.Deliver([]byte(plain)), box.DeliverWith([]byte(plain), ewstest.Delivery{Class: "IPM.Contact"})
	reply := responseXML("SaveOnly", "ReplyToItem", "", m)
	for name, tt := range map[string]struct{ op, code string }{
		"no disposition": {createXML("", "", `<t:ReplyToItem><t:ReferenceItemId Id="`+m.ID.ID+`" ChangeKey="`+m.ID.ChangeKey+`"/></t:ReplyToItem>`), "ErrorMessageDispositionRequired"},
		"no change key":  {createXML(saveOnly, "", `<t:ReplyToItem><t:ReferenceItemId Id="`+m.ID.ID+`"/></t:ReplyToItem>`), "ErrorChangeKeyRequiredForWriteOperations"},
		"no reference":   {createXML(saveOnly, "", `<t:ReplyToItem/>`), "ErrorInvalidReferenceItem"},
		"no message":     {responseXML("SaveOnly", "ReplyToItem", "", contact), "ErrorInvalidReferenceItem"},
		"a draft":        {responseXML("SaveOnly", "ReplyToItem", "", drafted(c, letter)), "ErrorInvalidReferenceItem"},
		"forwarded":      {responseXML("SaveOnly", "ForwardItem", "", contact), "NoError"},
		"from somebody":  {responseXML("SendOnly", "ReplyToItem", `<t:From><t:Mailbox><t:EmailAddress>bob@example.test</t:EmailAddress></t:Mailbox></t:From>`, m), "ErrorSendAsDenied"},
	} {
		assert.Equal(t, []string{tt.code}, codes(c.do(tt.op)), name)
	}
	specific := responseXML("SaveOnly", "ReplyAllToItem", `<t:NewBodyContent BodyType="Text">a</t:NewBodyContent><t:IsSpecificMessageReply>true</t:IsSpecificMessageReply>`, m)
	assert.Equal(t, []string{"ErrorInvalidOperation"}, codes(c.in("Exchange2016").do(specific)))
	box.DeleteMessage(m.ID)
	assert.Equal(t, []string{"ErrorItemNotFound"}, codes(c.do(reply)))
}
