package ewstest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func lettersTo(rest string, addresses ...string) string {
	return `<t:Message><t:Subject>Grüße</t:Subject><t:ToRecipients><t:Mailbox><t:EmailAddress>` +
		strings.Join(addresses, `</t:EmailAddress></t:Mailbox><t:Mailbox><t:EmailAddress>`) + `</t:EmailAddress></t:Mailbox></t:ToRecipients>` + rest + `</t:Message>`
}

func inboxOf(c *caller, address string) []*ewstest.Message {
	return c.srv.Mailbox(address).Folder(ews.FolderInbox).Messages()
}

func TestListsReceive(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).as("alice")
	c.srv.AddHiddenList("inner@example.test", "bob@example.test", "outer@example.test", "gone@example.test")
	c.srv.AddList("outer@example.test", "inner@example.test", "carol@example.test", "someone@elsewhere.example")
	require.Equal(t, []string{"NoError"}, codes(c.do(createXML(`MessageDisposition="SendOnly"`, "", lettersTo("", "Outer@example.test", "bob@example.test")))))
	for _, address := range []string{bob, "carol@example.test"} {
		all := inboxOf(c, address)
		require.Len(t, all, 1, "once, however often it is named")
		assert.Contains(t, string(all[0].MIME), "Outer@example.test", "the list is the recipient")
	}
	assert.Empty(t, inboxOf(c, alice), "no report about members that are elsewhere or nowhere")
}

func TestTransportLeavesTraces(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema).as("alice")
		require.Equal(t, []string{"NoError"}, codes(c.do(createXML(`MessageDisposition="SendAndSaveCopy"`, "", strings.Replace(lettersTo("", bob), `<t:ToRecipients>`, `<t:Sensitivity>Private</t:Sensitivity><t:Importance>High</t:Importance><t:ToRecipients>`, 1)))))
		got := inboxOf(c, bob)[0]
		assert.True(t, strings.HasPrefix(string(got.Original), "Return-Path: <alice@example.test>\r\nReceived: from mail.example.test by mail.example.test with mapi id "), version)
		assert.Equal(t, "High", got.Importance)
		shape := shapeOf("", "item:Sensitivity", "message:From", "message:ReceivedBy")
		answer := c.as("bob").do(getItemXML(shape, itemID(got)))
		assert.Equal(t, []string{"Private"}, texts(answer, "Sensitivity"))
		assert.Equal(t, []string{"Alice", "Bob"}, texts(answer, "Name"))
		kept := c.srv.Mailbox(alice).Folder(ews.FolderSentItems).Messages()[0]
		assert.Equal(t, kept.MessageID, got.MessageID)
		assert.NotContains(t, string(kept.MIME), "Received:")
	}
}

func TestUndeliverable(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema).as("alice")
		c.srv.Mailbox("carol@example.test").SetQuota(1)
		c.srv.Mailbox("dan@example.test").Remove(false)
		c.srv.Mailbox("eric@example.test").Remove(true)
		c.srv.AddContact("frank@example.test", nil)
		require.Equal(t, []string{"NoError"}, codes(c.do(createXML(`MessageDisposition="SendOnly"`, "",
			lettersTo("", bob, "nobody@example.test", "carol@example.test", "dan@example.test", "eric@example.test", "frank@example.test", "eve@evil.example")))))
		assert.Len(t, inboxOf(c, bob), 1)
		assert.Len(t, inboxOf(c, "eric@example.test"), 1, "a mailbox that is being moved gets it")
		reports := inboxOf(c, alice)
		require.Len(t, reports, 1)
		r := reports[0]
		assert.Equal(t, "REPORT.IPM.Note.NDR", r.Class)
		assert.Equal(t, "Undeliverable: Grüße", r.Subject)
		text := string(r.MIME)
		for _, address := range []string{"nobody@example.test", "carol@example.test", "dan@example.test"} {
			assert.Contains(t, text, "Final-Recipient: rfc822;"+address+"\r\nAction: failed\r\n")
		}
		for _, address := range []string{bob, "eric@example.test", "frank@example.test", "eve@evil.example"} {
			assert.NotContains(t, text, "rfc822;"+address)
		}
		unknown := "Status: 5.1.1\r\n"
		if version >= ewstest.Exchange2016 {
			unknown = "Status: 5.1.10\r\n"
		}
		assert.Contains(t, text, unknown)
		assert.Contains(t, text, "Status: 5.2.2\r\n")
		assert.Contains(t, text, inboxOf(c, bob)[0].MessageID)
		assert.False(t, r.Read)
	}
}

// A delivery report is sent on request; a report that a message was read or not is sent
// when that happens.
func TestReceiptsAreMessages(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema).as("alice")
		asks := `<t:IsReadReceiptRequested>true</t:IsReadReceiptRequested><t:IsDeliveryReceiptRequested>true</t:IsDeliveryReceiptRequested>`
		require.Equal(t, []string{"NoError"}, codes(c.do(createXML(`MessageDisposition="SendOnly"`, "", lettersTo(asks, bob, "all-staff@example.test", "eve@evil.example")))))
		seen := make(map[string]string)
		for _, m := range inboxOf(c, alice) {
			seen[m.Subject] = m.Class
		}
		const report = "REPORT.IPM.Note."
		assert.Equal(t, map[string]string{"Grüße": "IPM.Note", "Delivered: Grüße": report + "DR", "Relayed: Grüße": report + "Relayed.DR", "Expanded: Grüße": report + "Expanded.DR"}, seen, version)
		for _, m := range inboxOf(c, alice) {
			assert.Equal(t, m.Class, c.srv.Mailbox("dan@example.test").Deliver(m.MIME).Class, "another server sees the same")
		}
		read, deleted := inboxOf(c, bob)[0], inboxOf(c, "carol@example.test")[0]
		require.Equal(t, []string{"NoError"}, codes(c.as("bob").do(updateXML("AlwaysOverwrite", "", itemID(read), setField("message:IsRead", `<t:IsRead>true</t:IsRead>`)))))
		require.Equal(t, []string{"NoError"}, codes(c.as("carol").do(deleteXML("HardDelete", "", itemID(deleted)))))
		all := inboxOf(c, alice)
		require.Len(t, all, len(seen)+2)
		for i, want := range []struct{ subject, class, from, disposition string }{
			{"Read: Grüße", "REPORT.IPM.Note.IPNRN", bob, "; displayed"},
			{"Not read: Grüße", "REPORT.IPM.Note.IPNNRN", "carol@example.test", "; deleted"},
		} {
			m := all[len(seen)+i]
			assert.Equal(t, want.subject, m.Subject)
			assert.Equal(t, want.class, m.Class)
			text := string(m.MIME)
			assert.Contains(t, text, want.disposition)
			assert.Contains(t, text, "Original-Message-ID: "+read.MessageID)
			answer := c.do(getItemXML(shapeOf("", "message:From"), itemID(m)))
			assert.Equal(t, []string{want.from}, texts(answer, "EmailAddress"))
		}
	}
}

// A blocked sender's mail is junk, and a report contains the complete message that it is
// about.
func TestBlockedSendersOfTheOrganisation(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).as("alice")
	send := func() {
		require.Equal(t, []string{"NoError"}, codes(c.do(createXML(`MessageDisposition="SendOnly"`, "", lettersTo("", bob)))))
	}
	send()
	require.Equal(t, []string{"NoError"}, codes(c.as("bob").do(markJunkXML("true", "false", itemID(inboxOf(c, bob)[0])))))
	send()
	assert.Len(t, inboxOf(c, bob), 1)
	assert.Len(t, c.srv.Mailbox(bob).Folder(ews.FolderJunkEmail).Messages(), 1)
}

// Properties that clients have set on a message travel with it, but not those that
// concern the sender's copy. A request for a delivery report is not a request for a
// receipt.
func TestPropertiesTravel(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).as("alice")
	const own = `<t:ExtendedFieldURI PropertySetId="7f2b6f0e-3c5d-4a1b-9e0a-6d1c53a7e4b2" PropertyName="Own" PropertyType="String"/>`
	letter := `<t:Message><t:ItemClass>IPM.Note.Own</t:ItemClass><t:Subject>a</t:Subject><t:Categories><t:String>Red</t:String></t:Categories><t:ExtendedProperty>` + own + `<t:Value>x</t:Value></t:ExtendedProperty>` +
		`<t:ToRecipients>` + mailboxXML + `</t:ToRecipients><t:IsDeliveryReceiptRequested>true</t:IsDeliveryReceiptRequested><t:IsResponseRequested>true</t:IsResponseRequested></t:Message>`
	require.Equal(t, []string{"NoError"}, codes(c.do(createXML(`MessageDisposition="SendOnly"`, "", letter))))
	got := inboxOf(c, bob)[0]
	assert.Equal(t, "IPM.Note.Own", got.Class)
	assert.Empty(t, got.Categories)
	assert.False(t, got.ReceiptPending)
	answer := c.as("bob").do(getItemXML(full+`<t:AdditionalProperties>`+own+`</t:AdditionalProperties>`, itemID(got)))
	assert.Equal(t, []string{"x"}, texts(answer, "Value"))
	assert.Equal(t, []string{"false"}, texts(answer, "IsReadReceiptRequested"))
	assert.Equal(t, []string{"true"}, texts(answer, "IsDeliveryReceiptRequested"))
	assert.Equal(t, []string{"true"}, texts(answer, "IsResponseRequested"))
}

// A delivered item is unmodified until somebody changes more than its read state.
func TestUnmodified(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).as("alice")
	unmodified := func(id string) []string {
		return texts(c.do(getItemXML(shapeOf("", "item:IsUnmodified"), id)), "IsUnmodified")
	}
	assert.Equal(t, []string{"false"}, unmodified(itemID(drafted(c, `<t:Message/>`))), "a draft")
	require.Equal(t, []string{"NoError"}, codes(c.do(createXML(`MessageDisposition="SendOnly"`, "", lettersTo("", alice)))))
	id := itemID(inboxOf(c, alice)[0])
	for _, tt := range []struct{ change, want string }{
		{"", "true"},
		{setField("message:IsRead", `<t:IsRead>true</t:IsRead>`), "true"},
		{setField("item:Subject", `<t:Subject>Other</t:Subject>`), "false"},
	} {
		if tt.change != "" {
			require.Equal(t, []string{"NoError"}, codes(c.do(updateXML("AlwaysOverwrite", "", id, tt.change))))
		}
		assert.Equal(t, []string{tt.want}, unmodified(id), tt.change)
	}
}
