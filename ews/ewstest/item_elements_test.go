package ewstest_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

const mailboxXML = `<t:Mailbox><t:EmailAddress>bob@example.test</t:EmailAddress></t:Mailbox>`

// elementsRefused are elements that CreateItem refuses, with a valid value.
var elementsRefused = []struct {
	name, value, code, since string
}{
	{"ParentFolderId", "", "ErrorInvalidPropertySet", ""},
	{"DateTimeReceived", "2026-01-02T03:04:05Z", "ErrorInvalidPropertySet", ""},
	{"Size", "7", "ErrorInvalidPropertySet", ""},
	{"IsSubmitted", "true", "ErrorInvalidPropertySet", ""},
	{"IsDraft", "false", "ErrorInvalidPropertySet", ""},
	{"IsFromMe", "true", "ErrorInvalidPropertySet", ""},
	{"IsResend", "true", "ErrorInvalidPropertySet", ""},
	{"IsUnmodified", "true", "ErrorInvalidPropertySet", ""},
	{"InternetMessageHeaders", `<t:InternetMessageHeader HeaderName="X-A">b</t:InternetMessageHeader>`, "ErrorInvalidPropertySet", ""},
	{"DateTimeSent", "2026-01-02T03:04:05Z", "ErrorInvalidPropertySet", ""},
	{"DateTimeCreated", "2026-01-02T03:04:05Z", "ErrorInvalidPropertySet", ""},
	{"DisplayCc", "Bob", "ErrorInvalidPropertySet", ""},
	{"DisplayTo", "Bob", "ErrorInvalidPropertySet", ""},
	{"HasAttachments", "true", "ErrorInvalidPropertySet", ""},
	{"EffectiveRights", `<t:CreateAssociated>true</t:CreateAssociated><t:CreateContents>true</t:CreateContents><t:CreateHierarchy>true</t:CreateHierarchy><t:Delete>true</t:Delete><t:Modify>true</t:Modify><t:Read>true</t:Read>`, "ErrorInvalidPropertySet", ""},
	{"LastModifiedName", "Bob", "ErrorInvalidPropertySet", ""},
	{"LastModifiedTime", "2026-01-02T03:04:05Z", "ErrorInvalidPropertySet", ""},
	{"WebClientReadFormQueryString", "?x", "ErrorInvalidPropertySet", ""},
	{"UniqueBody", "x", "ErrorInvalidPropertySet", ""},
	{"InstanceKey", "AAAA", "ErrorInvalidPropertySet", "Exchange2013"},
	{"NormalizedBody", "x", "ErrorInvalidPropertySet", "Exchange2013"},
	{"Preview", "x", "ErrorInvalidPropertySet", "Exchange2013"},
	{"BlockStatus", "true", "ErrorInvalidPropertySet", "Exchange2013"},
	{"TextBody", "x", "ErrorInvalidPropertySet", "Exchange2013"},
	{"IconIndex", "MailRead", "ErrorInvalidPropertySet", "Exchange2013"},
	{"ConversationIndex", "AQID", "ErrorInvalidPropertySet", ""},
	{"ConversationTopic", "x", "ErrorInvalidPropertySet", ""},
	{"InternetMessageId", "&lt;a@b.example&gt;", "ErrorInvalidPropertySet", ""},
	{"ReceivedBy", mailboxXML, "ErrorInvalidPropertySet", ""},
	{"ReceivedRepresenting", mailboxXML, "ErrorInvalidPropertySet", ""},
	{"ApprovalRequestData", "<t:ApprovalDecision>1</t:ApprovalDecision>", "ErrorInvalidPropertySet", "Exchange2013_SP1"},
	{"VotingInformation", "<t:VotingResponse>yes</t:VotingResponse>", "ErrorInvalidPropertySet", "Exchange2013_SP1"},
	{"ReminderMessageData", "<t:ReminderText>now</t:ReminderText>", "ErrorInvalidPropertySet", "Exchange2013_SP1"},
}

var schemaOf = map[ewstest.Version]string{
	ewstest.Exchange2010SP3: "Exchange2010_SP2", ewstest.Exchange2013: "Exchange2013", ewstest.Exchange2013SP1: "Exchange2013_SP1",
	ewstest.Exchange2016: "Exchange2016", ewstest.Exchange2019: "Exchange2016", ewstest.ExchangeOnline: "Exchange2016",
}

func TestCreateItemRefusesElements(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		for _, e := range elementsRefused {
			element := `<t:` + e.name + `>` + e.value + `</t:` + e.name + `>`
			switch e.name {
			case "ParentFolderId":
				element = `<t:ParentFolderId Id="AAAA"/>`
			case "UniqueBody", "NormalizedBody", "TextBody":
				element = `<t:` + e.name + ` BodyType="Text">x</t:` + e.name + `>`
			}
			want := e.code
			if e.since != "" && (version == ewstest.Exchange2010SP3 || version == ewstest.Exchange2013 && e.since == "Exchange2013_SP1") {
				want = "ErrorSchemaValidation"
			}
			answer := c.do(createXML(saveOnly, folderOf("drafts", alice), `<t:Message>`+element+`</t:Message>`))
			assert.Equal(t, []string{want}, codes(answer), "%s on %s", e.name, version)
		}
		assert.Empty(t, c.srv.Mailbox(alice).Messages(), version)
	}
}

func TestStoreEntryIDIsRefusedOrIgnored(t *testing.T) {
	t.Parallel()
	for version, want := range map[ewstest.Version]string{ewstest.Exchange2010SP3: "ErrorInvalidPropertySet", ewstest.Exchange2013: "NoError", ewstest.Exchange2016: "NoError"} {
		c := newCaller(t, ewstest.Options{Version: version}).in(schemaOf[version])
		assert.Equal(t, []string{want}, codes(c.do(createXML(saveOnly, folderOf("drafts", alice), `<t:Message><t:StoreEntryId>AAAA</t:StoreEntryId></t:Message>`))), version)
		m := c.srv.Mailbox(alice).Deliver([]byte(plain))
		assert.Equal(t, []string{"ErrorInvalidPropertySet"}, codes(c.do(updateXML("AlwaysOverwrite", "", itemID(m), setField("item:StoreEntryId", `<t:StoreEntryId>AAAA</t:StoreEntryId>`)))), version)
	}
}

func TestCreateItemKeepsElements(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		made := c.do(createXML(saveOnly, folderOf("drafts", alice), `<t:Message><t:Subject>Offer</t:Subject><t:Sensitivity>Private</t:Sensitivity>`+
			`<t:Body BodyType="HTML">&lt;b&gt;Hi&lt;/b&gt;</t:Body>`+
			`<t:Attachments><t:FileAttachment><t:Name>päper.txt</t:Name><t:ContentType>text/plain</t:ContentType><t:Content>aGVsbG8=</t:Content></t:FileAttachment></t:Attachments>`+
			`<t:Importance>High</t:Importance><t:InReplyTo>&lt;a@b.example&gt;</t:InReplyTo>`+
			`<t:ReminderDueBy>2026-12-01T09:00:00Z</t:ReminderDueBy><t:ReminderIsSet>true</t:ReminderIsSet><t:ReminderMinutesBeforeStart>15</t:ReminderMinutesBeforeStart>`+
			`<t:Sender><t:Mailbox><t:Name>Büro</t:Name><t:EmailAddress>office@example.test</t:EmailAddress></t:Mailbox></t:Sender>`+
			`<t:ToRecipients>`+mailboxXML+`<t:Mailbox><t:EmailAddress>carol@example.test</t:EmailAddress></t:Mailbox></t:ToRecipients>`+
			`<t:CcRecipients>`+mailboxXML+`</t:CcRecipients><t:BccRecipients>`+mailboxXML+`</t:BccRecipients>`+
			`<t:IsReadReceiptRequested>true</t:IsReadReceiptRequested><t:IsDeliveryReceiptRequested>true</t:IsDeliveryReceiptRequested>`+
			`<t:From>`+mailboxXML+`</t:From><t:IsResponseRequested>true</t:IsResponseRequested>`+
			`<t:References>&lt;a@b.example&gt;</t:References><t:ReplyTo>`+mailboxXML+`</t:ReplyTo></t:Message>`))
		require.Equal(t, []string{"NoError"}, codes(made), version)
		id := `<t:ItemId Id="` + attrs(made, "ItemId", "Id")[0] + `"/>`
		got := c.do(getItemXML(strings.Replace(shapeOf("", "item:ReminderDueBy", "item:ReminderMinutesBeforeStart"), idOnly, full, 1), id))
		for name, want := range map[string][]string{
			"Subject": {"Offer"}, "Sensitivity": {"Private"}, "Body": {"&lt;b&gt;Hi&lt;/b&gt;"}, "Importance": {"High"},
			"InReplyTo": {"&lt;a@b.example&gt;"}, "References": {"&lt;a@b.example&gt;"}, "DisplayTo": {"Bob; Carol"},
			"IsReadReceiptRequested": {"true"}, "IsDeliveryReceiptRequested": {"true"}, "IsResponseRequested": {"true"},
			"ReminderIsSet": {"true"}, "ReminderDueBy": {"2026-12-01T09:00:00Z"}, "ReminderMinutesBeforeStart": {"15"},
			"HasAttachments": {"true"}, "ContentType": {"text/plain"}, "IsDraft": {"true"},
			"EmailAddress": {"office@example.test", bob, "carol@example.test", bob, bob, bob, bob},
		} {
			assert.Equal(t, want, texts(got, name), "%s on %s", name, version)
		}
		assert.Contains(t, texts(got, "Name"), "päper.txt")
		assert.Contains(t, texts(got, "Name"), "Büro")
		content := c.do(`<m:GetAttachment><m:AttachmentIds><t:AttachmentId Id="` + attrs(got, "AttachmentId", "Id")[0] + `"/></m:AttachmentIds></m:GetAttachment>`)
		assert.Equal(t, []string{base64.StdEncoding.EncodeToString([]byte("hello"))}, texts(content, "Content"))
	}
}

func TestCreateItemRefusesWhatItCannotKeep(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	for name, item := range map[string]string{
		"attached date":  `<t:Message><t:Attachments><t:ItemAttachment><t:Name>a</t:Name><t:Task><t:DueDate>2026-01-02T03:04:05Z</t:DueDate></t:Task></t:ItemAttachment></t:Attachments></t:Message>`,
		"photo":          `<t:Message><t:Attachments><t:FileAttachment><t:Name>a</t:Name><t:IsContactPhoto>true</t:IsContactPhoto></t:FileAttachment></t:Attachments></t:Message>`,
		"size of a file": `<t:Message><t:Attachments><t:FileAttachment><t:Name>a</t:Name><t:Size>3</t:Size></t:FileAttachment></t:Attachments></t:Message>`,
		"fax":            `<t:Message><t:ToRecipients><t:Mailbox><t:EmailAddress>1</t:EmailAddress><t:RoutingType>FAX</t:RoutingType></t:Mailbox></t:ToRecipients></t:Message>`,
		"private list":   `<t:Message><t:ToRecipients><t:Mailbox><t:EmailAddress>a@b.example</t:EmailAddress><t:ItemId Id="AAAA"/></t:Mailbox></t:ToRecipients></t:Message>`,
		"birthday":       `<t:Contact><t:Birthday>2000-01-02T03:04:05Z</t:Birthday></t:Contact>`,
		"date of a task": `<t:Task><t:DueDate>2026-01-02T03:04:05Z</t:DueDate></t:Task>`,
	} {
		answer := c.do(createXML(saveOnly, folderOf("inbox", alice), item))
		assert.Equal(t, []string{"ErrorInvalidOperation"}, codes(answer), name)
		assert.Contains(t, texts(answer, "MessageText")[0], "ewstest", name)
	}
	assert.Empty(t, c.srv.Mailbox(alice).Messages())
}

// TestElementsReplaceWhatMIMESays sends both MIME and elements; the elements win.
func TestElementsReplaceWhatMIMESays(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		made := c.do(createXML(saveOnly, folderOf("drafts", alice), `<t:Message>`+mimeOf(withAttachment)+`<t:Subject>Other</t:Subject><t:Body BodyType="Text">Removed.</t:Body>`+
			`<t:Attachments><t:FileAttachment><t:Name>more.txt</t:Name><t:ContentLocation>http://x.example/</t:ContentLocation><t:Content>aGVsbG8=</t:Content></t:FileAttachment></t:Attachments>`+
			`<t:Importance>High</t:Importance><t:ToRecipients>`+mailboxXML+`</t:ToRecipients></t:Message>`))
		require.Equal(t, []string{"NoError"}, codes(made), version)
		got := c.do(getItemXML(full, `<t:ItemId Id="`+attrs(made, "ItemId", "Id")[0]+`"/>`))
		for name, want := range map[string]string{"Subject": "Other", "Body": "Removed.", "Importance": "High", "DisplayTo": "Bob", "ContentLocation": "http://x.example/"} {
			assert.Equal(t, []string{want}, texts(got, name), "%s on %s", name, version)
		}
		assert.Len(t, attrs(got, "AttachmentId", "Id"), 2, "those of the MIME stay")
	}
}

func TestCreateItemAttachesMessages(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		attach := func(inner string) string {
			return `<t:ItemAttachment><t:Name>inner</t:Name><t:Message>` + inner + `</t:Message></t:ItemAttachment>`
		}
		nested := `<t:Subject>Nested</t:Subject><t:Body BodyType="HTML">&lt;b&gt;deep&lt;/b&gt;</t:Body><t:Attachments>` + attach(`<t:Subject>Innermost</t:Subject>`) + `</t:Attachments><t:ToRecipients>` + mailboxXML + `</t:ToRecipients>`
		nested = strings.Replace(nested, `<t:ToRecipients>`, `<t:ExtendedProperty><t:ExtendedFieldURI DistinguishedPropertySetId="InternetHeaders" PropertyName="X-Own" PropertyType="String"/><t:Value>&lt;nested@example.test&gt;</t:Value></t:ExtendedProperty><t:ToRecipients>`, 1)
		made := c.do(createXML(saveOnly, folderOf("drafts", alice), `<t:Message><t:Subject>Outer</t:Subject><t:Attachments>`+
			attach(mimeOf(plain))+attach(mimeOf(plain)+`<t:Subject>Renamed</t:Subject>`)+attach(nested)+`</t:Attachments></t:Message>`))
		require.Equal(t, []string{"NoError"}, codes(made), version)
		got := c.do(getItemXML(full, `<t:ItemId Id="`+attrs(made, "ItemId", "Id")[0]+`"/>`))
		assert.Equal(t, []string{"Outer"}, texts(got, "Subject"))
		ids := attrs(got, "AttachmentId", "Id")
		require.Len(t, ids, 3)
		assert.NotContains(t, got, "FileAttachment")
		get := func(i int, shape string) string {
			return c.do(`<m:GetAttachment><m:AttachmentShape>` + shape + `</m:AttachmentShape><m:AttachmentIds><t:AttachmentId Id="` + ids[i] + `"/></m:AttachmentIds></m:GetAttachment>`)
		}
		first := get(0, `<t:IncludeMimeContent>true</t:IncludeMimeContent>`)
		assert.Equal(t, []string{base64.StdEncoding.EncodeToString([]byte(plain))}, texts(first, "MimeContent"))
		assert.Equal(t, []string{"Invoice"}, texts(first, "Subject"))
		assert.Equal(t, []string{"&lt;1@evil.example&gt;"}, texts(first, "InternetMessageId"))
		assert.Equal(t, []string{"Renamed"}, texts(get(1, ""), "Subject"))
		third := get(2, `<t:BodyType>Text</t:BodyType>`)
		assert.Equal(t, []string{"Nested"}, texts(third, "Subject"))
		assert.Equal(t, []string{"deep"}, texts(third, "Body"))
		assert.Equal(t, []string{bob}, texts(third, "EmailAddress"))
		assert.NotContains(t, third, "MimeContent")
		assert.Equal(t, []string{"&lt;nested@example.test&gt;"}, texts(get(2, `<t:AdditionalProperties><t:ExtendedFieldURI DistinguishedPropertySetId="InternetHeaders" PropertyName="X-Own" PropertyType="String"/></t:AdditionalProperties>`), "Value"))
		raw, err := base64.StdEncoding.DecodeString(texts(get(2, `<t:IncludeMimeContent>true</t:IncludeMimeContent>`), "MimeContent")[0])
		require.NoError(t, err)
		assert.Contains(t, string(raw), "Innermost")
	}
}

func TestCreateItemClassMustFit(t *testing.T) {
	t.Parallel()
	const request = "Content-Type: text/calendar; method=REQUEST\r\nSubject: a\r\n\r\nBEGIN:VCALENDAR\r\n"
	const bounce = "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\nSubject: a\r\n\r\n--b\r\n\r\nfailed\r\n--b--\r\n"
	class := func(name string) string { return `<t:ItemClass>` + name + `</t:ItemClass>` }
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		for _, tt := range []struct{ item, code, kind string }{
			{`<t:Message>` + class("IPM.Note.Custom") + `</t:Message>`, "NoError", "Message"},
			{`<t:Message>` + class("IPM.Own.Thing") + `</t:Message>`, "NoError", "Message"},
			{`<t:Message>` + class("IPM.Contact") + `</t:Message>`, "ErrorObjectTypeChanged", ""},
			{`<t:Message>` + class("IPM.StickyNote") + `</t:Message>`, "ErrorObjectTypeChanged", ""},
			{`<t:Item>` + class("IPM.Task") + `</t:Item>`, "ErrorObjectTypeChanged", ""},
			{`<t:Item>` + class("IPM.StickyNote") + `</t:Item>`, "NoError", "Item"},
			{`<t:Contact>` + class("IPM.Note") + `</t:Contact>`, "ErrorObjectTypeChanged", ""},
			{`<t:Contact>` + class("IPM.Contact.Own") + `</t:Contact>`, "NoError", "Contact"},
			{`<t:PostItem/>`, "NoError", "PostItem"},
			{`<t:DistributionList/>`, "NoError", "DistributionList"},
			{`<t:Message>` + mimeOf(plain) + class("IPM.Schedule.Meeting.Request") + `</t:Message>`, "ErrorObjectTypeChanged", ""},
			{`<t:Message>` + mimeOf(plain) + class("REPORT.IPM.Note.NDR") + `</t:Message>`, "ErrorInvalidItemForOperationCreateItem", ""},
			{`<t:Message>` + mimeOf(request) + `</t:Message>`, "ErrorObjectTypeChanged", ""},
			{`<t:Message>` + mimeOf(bounce) + `</t:Message>`, "ErrorInvalidItemForOperationCreateItem", ""},
			{`<t:Message>` + mimeOf(request) + class("IPM.Note") + `</t:Message>`, "NoError", "Message"},
		} {
			folder := "inbox"
			if strings.HasPrefix(tt.item, "<t:Contact") || strings.HasPrefix(tt.item, "<t:DistributionList") {
				folder = "contacts"
			}
			answer := c.do(createXML(saveOnly, folderOf(folder, alice), tt.item))
			assert.Equal(t, []string{tt.code}, codes(answer), "%s on %s", tt.item, version)
			if tt.kind != "" {
				assert.Contains(t, answer, "<t:"+tt.kind+">", "%s on %s", tt.item, version)
			}
		}
	}
}

func TestFlagRules(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	const start, due, complete = `<t:StartDate>2026-11-24T00:00:00Z</t:StartDate>`, `<t:DueDate>2026-11-25T00:00:00Z</t:DueDate>`, `<t:CompleteDate>2026-11-25T00:00:00Z</t:CompleteDate>`
	for _, tt := range []struct{ status, dates, code string }{
		{"Flagged", "", "NoError"},
		{"Flagged", start + due, "NoError"},
		{"Flagged", start, "ErrorInvalidArgument"},
		{"Flagged", due, "ErrorInvalidArgument"},
		{"Flagged", complete, "ErrorInvalidArgument"},
		{"Complete", complete, "NoError"},
		{"Complete", start + due, "ErrorInvalidArgument"},
		{"NotFlagged", "", "NoError"},
		{"NotFlagged", start + due, "ErrorInvalidArgument"},
		{"NotFlagged", complete, "ErrorInvalidArgument"},
	} {
		flag := `<t:Flag><t:FlagStatus>` + tt.status + `</t:FlagStatus>` + tt.dates + `</t:Flag>`
		assert.Equal(t, []string{tt.code}, codes(c.do(createXML(saveOnly, folderOf("inbox", alice), `<t:Message>`+flag+`</t:Message>`))), "create: %v", tt)
		m := c.srv.Mailbox(alice).Deliver([]byte(plain))
		assert.Equal(t, []string{tt.code}, codes(c.do(updateXML("AlwaysOverwrite", "", itemID(m), setField("item:Flag", flag)))), "update: %v", tt)
	}
}

func TestUpdateItemRules(t *testing.T) {
	t.Parallel()
	del := func(uri string) string {
		return `<t:DeleteItemField><t:FieldURI FieldURI="` + uri + `"/></t:DeleteItemField>`
	}
	to := `<t:ToRecipients><t:Mailbox><t:EmailAddress>carol@example.test</t:EmailAddress></t:Mailbox></t:ToRecipients>`
	body := `<t:Body BodyType="Text">Removed by the filter.</t:Body>`
	for name, tt := range map[string]struct{ change, draft, received string }{
		"body":              {setField("item:Body", body), "NoError", "NoError"},
		"no body":           {del("item:Body"), "NoError", "NoError"},
		"recipients":        {setField("message:ToRecipients", to), "NoError", "ErrorInvalidPropertyUpdateSentMessage"},
		"no recipients":     {del("message:CcRecipients"), "NoError", "ErrorInvalidPropertyUpdateSentMessage"},
		"from":              {setField("message:From", `<t:From>`+mailboxXML+`</t:From>`), "NoError", "ErrorInvalidPropertyUpdateSentMessage"},
		"receipt":           {setField("message:IsReadReceiptRequested", `<t:IsReadReceiptRequested>true</t:IsReadReceiptRequested>`), "NoError", "ErrorInvalidPropertyUpdateSentMessage"},
		"size":              {setField("item:Size", `<t:Size>7</t:Size>`), "ErrorInvalidPropertySet", "ErrorInvalidPropertySet"},
		"received":          {setField("item:DateTimeReceived", `<t:DateTimeReceived>2026-01-02T03:04:05Z</t:DateTimeReceived>`), "ErrorInvalidPropertySet", "ErrorInvalidPropertySet"},
		"attachments":       {del("item:Attachments"), "ErrorInvalidPropertyDelete", "ErrorInvalidPropertyDelete"},
		"id":                {del("item:ItemId"), "ErrorInvalidPropertyDelete", "ErrorInvalidPropertyDelete"},
		"a calendar's":      {del("calendar:Location"), "ErrorInvalidPropertyRequest", "ErrorInvalidPropertyRequest"},
		"a folder's":        {del("folder:DisplayName"), "ErrorInvalidPropertyRequest", "ErrorInvalidPropertyRequest"},
		"language":          {setField("item:Culture", `<t:Culture>de-DE</t:Culture>`), "NoError", "NoError"},
		"unknown language":  {setField("item:Culture", `<t:Culture>tlh</t:Culture>`), "ErrorUnsupportedCulture", "ErrorUnsupportedCulture"},
		"appended subject":  {`<t:AppendToItemField><t:FieldURI FieldURI="item:Subject"/><t:Message><t:Subject>x</t:Subject></t:Message></t:AppendToItemField>`, "ErrorInvalidPropertyAppend", "ErrorInvalidPropertyAppend"},
		"appended category": {`<t:AppendToItemField><t:FieldURI FieldURI="item:Categories"/><t:Message><t:Categories><t:String>x</t:String></t:Categories></t:Message></t:AppendToItemField>`, "ErrorInvalidPropertyAppend", "ErrorInvalidPropertyAppend"},
		"MIME":              {setField("item:MimeContent", `<t:MimeContent>AAAA</t:MimeContent>`), "NoError", "ErrorInvalidPropertySet"},
		"MIME of a bounce":  {setField("item:MimeContent", mimeOf("Content-Type: multipart/report; report-type=delivery-status\r\n\r\n")), "ErrorInvalidItemForOperationCreateItem", "ErrorInvalidPropertySet"},
		"appended MIME":     {`<t:AppendToItemField><t:FieldURI FieldURI="item:MimeContent"/><t:Message><t:MimeContent>AAAA</t:MimeContent></t:Message></t:AppendToItemField>`, "ErrorInvalidPropertyAppend", "ErrorInvalidPropertySet"},
		"no MIME":           {del("item:MimeContent"), "ErrorInvalidPropertyDelete", "ErrorInvalidPropertyDelete"},
		"another element":   {`<t:SetItemField><t:FieldURI FieldURI="message:IsRead"/><t:PostItem><t:IsRead>true</t:IsRead></t:PostItem></t:SetItemField>`, "ErrorObjectTypeChanged", "ErrorObjectTypeChanged"},
		"of any item":       {`<t:SetItemField><t:FieldURI FieldURI="item:Subject"/><t:Contact><t:Subject>x</t:Subject></t:Contact></t:SetItemField>`, "NoError", "NoError"},
	} {
		c := newCaller(t, ewstest.Options{})
		made := c.do(createXML(saveOnly, folderOf("drafts", alice), `<t:Message>`+mimeOf(withAttachment)+`</t:Message>`))
		draft := `<t:ItemId Id="` + attrs(made, "ItemId", "Id")[0] + `" ChangeKey="` + attrs(made, "ItemId", "ChangeKey")[0] + `"/>`
		received := itemID(c.srv.Mailbox(alice).Deliver([]byte(withAttachment)))
		assert.Equal(t, []string{tt.draft}, codes(c.do(updateXML("AutoResolve", "", draft, tt.change))), "draft: %s", name)
		assert.Equal(t, []string{tt.received}, codes(c.do(updateXML("AutoResolve", "", received, tt.change))), "received: %s", name)
	}
}

func TestUpdateOfContent(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	m := box.Deliver([]byte(withAttachment))
	require.Equal(t, []string{"NoError"}, codes(c.do(updateXML("AutoResolve", "", itemID(m), setField("item:Body", `<t:Body BodyType="HTML">&lt;p&gt;Gone&lt;/p&gt;</t:Body>`)))))
	after := box.Message(m.ID)
	assert.Equal(t, m.Attachments, after.Attachments, "attachments stay")
	assert.Equal(t, m.MessageID, after.MessageID)
	assert.Equal(t, m.Subject, after.Subject)
	assert.Contains(t, string(after.MIME), "<p>Gone</p>")
	assert.Len(t, box.Folder(ews.FolderRecoverableItemsVersions).Messages(), 1, "the old one is kept")

	made := c.do(createXML(saveOnly, folderOf("drafts", alice), `<t:Message><t:ToRecipients>`+mailboxXML+`</t:ToRecipients></t:Message>`))
	id := `<t:ItemId Id="` + attrs(made, "ItemId", "Id")[0] + `"/>`
	add := `<t:AppendToItemField><t:FieldURI FieldURI="message:ToRecipients"/><t:Message><t:ToRecipients><t:Mailbox><t:Name>Çarol</t:Name><t:EmailAddress>carol@example.test</t:EmailAddress></t:Mailbox></t:ToRecipients></t:Message></t:AppendToItemField>`
	require.Equal(t, []string{"NoError"}, codes(c.do(updateXML("AlwaysOverwrite", "", id, add))))
	assert.Equal(t, []string{"Bob; Çarol"}, texts(c.do(getItemXML(full, id)), "DisplayTo"))
}
