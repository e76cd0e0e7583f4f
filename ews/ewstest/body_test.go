package ewstest_test

import (
	"html"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func TestImagesAreBlocked(t *testing.T) {
	t.Parallel()
	const page = "Subject: a\r\nContent-Type: text/html\r\n\r\n<p><img src=\"http://evil.example/t.png\"><img src=\"cid:a@x\"><a href=\"http://evil.example/x\">here</a></p>"
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		m := itemID(c.srv.Mailbox(alice).Deliver([]byte(page)))
		get := func(options string) string {
			return c.do(getItemXML(shapeOf(options, "item:Body", "item:BlockStatus", "item:HasBlockedImages"), m))
		}
		if version == ewstest.Exchange2010SP3 {
			assert.Equal(t, []string{"ErrorSchemaValidation"}, codes(get(`<t:BlockExternalImages>true</t:BlockExternalImages>`)))
			continue
		}
		shown := get("")
		assert.Equal(t, []string{"false"}, texts(shown, "BlockStatus"), version)
		assert.Equal(t, []string{"false"}, texts(shown, "HasBlockedImages"), version)
		blocked := get(`<t:BlockExternalImages>true</t:BlockExternalImages>`)
		assert.Equal(t, []string{"true"}, texts(blocked, "BlockStatus"), version)
		assert.Equal(t, []string{"true"}, texts(blocked, "HasBlockedImages"), version)
		body := html.UnescapeString(texts(blocked, "Body")[0])
		assert.NotContains(t, body, "t.png")
		assert.Contains(t, body, `<img src="cid:a@x">`, "a part of the message stays")
		assert.Contains(t, body, `<a href="http://evil.example/x">`, "and so does a link")
		body = html.UnescapeString(texts(get(`<t:AddBlankTargetToLinks>true</t:AddBlankTargetToLinks>`), "Body")[0])
		assert.Contains(t, body, `<a href="http://evil.example/x" target="_blank">`)
		assert.Contains(t, body, "t.png")
	}
}

// TestPagesAreSaidToBeUTF8: an answer is UTF-8, whatever the message was.
func TestPagesAreSaidToBeUTF8(t *testing.T) {
	t.Parallel()
	const (
		message = "Subject: a\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n"
		silent  = "<html><head></head><body>gr\xfcn</body></html>"
		stated  = `<html><head><meta charset="iso-8859-1"></head><body>rot</body></html>`
	)
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		get := func(page, options string) string {
			m := itemID(c.srv.Mailbox(alice).Deliver([]byte(message + page)))
			answer := c.do(getItemXML(shapeOf(options, "item:Body"), m))
			require.Equal(t, []string{"NoError"}, codes(answer), version)
			return html.UnescapeString(texts(answer, "Body")[0])
		}
		const (
			whole = `<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head><body>grün</body></html>`
			leave = `<t:ConvertHtmlCodePageToUTF8>false</t:ConvertHtmlCodePageToUTF8>`
		)
		assert.Equal(t, whole, get(silent, ""), version)
		assert.Equal(t, whole, get(silent, `<t:ConvertHtmlCodePageToUTF8>true</t:ConvertHtmlCodePageToUTF8>`), version)
		assert.Equal(t, "<html><head></head><body>grün</body></html>", get(silent, leave), version)
		assert.Equal(t, `<html><head><meta charset="utf-8"></head><body>rot</body></html>`, get(stated, ""), version)
		assert.Equal(t, stated, get(stated, leave), version)
		assert.Equal(t, "rot", strings.TrimSpace(get(stated, `<t:BodyType>Text</t:BodyType>`)), version)
	}
}

func TestLongBodiesAreCut(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).in("Exchange2016")
	long := strings.Repeat("ü", 600)
	m := itemID(c.srv.Mailbox(alice).Deliver([]byte("Subject: a\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n.." + long + ".")))
	for kilobytes, want := range map[string]string{"1": ".." + long[:1022], "2": ".." + long + "."} {
		got := c.do(getItemXML(shapeOf(`<t:MaximumBodySize>`+kilobytes+`</t:MaximumBodySize>`, "item:Body", "item:TextBody"), m))
		assert.Equal(t, []string{want}, texts(got, "Body"))
		assert.Equal(t, []string{".." + long + "."}, texts(got, "TextBody"))
		assert.Equal(t, kilobytes == "1", slices.Contains(attrs(got, "Body", "IsTruncated"), "true"))
	}
}

func TestUniqueBodyOfAnAnswer(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		m := itemID(c.srv.Mailbox(alice).Deliver([]byte("Subject: Re: a\r\nIn-Reply-To: <1@x.example>\r\n\r\nYes.\r\n\r\nOn Monday Bob wrote:\r\n> Can you?\r\n")))
		got := c.do(getItemXML(shapeOf("", "item:Body", "item:UniqueBody"), m))
		assert.Equal(t, []string{"Yes."}, texts(got, "UniqueBody"), version)
		assert.Contains(t, texts(got, "Body")[0], "Can you?", version)
	}
}

// TestTimeZones: times with an offset are the same in any zone; answers are in UTC.
func TestTimeZones(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	zone := func(id string) string {
		return `<t:TimeZoneContext><t:TimeZoneDefinition Id="` + id + `"/></t:TimeZoneContext>`
	}
	due := func(at string) string {
		return c.do(createXML(saveOnly, folderOf("drafts", alice), `<t:Message><t:Subject>2026-12-01T09:00:00</t:Subject><t:ReminderDueBy>`+at+`</t:ReminderDueBy></t:Message>`))
	}
	for _, tt := range []struct{ zone, at, code, want string }{
		{"Romance Standard Time", "2026-12-01T09:00:00", "ErrorInvalidOperation", ""},
		{"Romance Standard Time", "2026-12-01T09:00:00+01:00", "NoError", "2026-12-01T08:00:00Z"},
		{"Romance Standard Time", "2026-12-01T09:00:00Z", "NoError", "2026-12-01T09:00:00Z"},
		{"UTC", "2026-12-01T09:00:00", "NoError", "2026-12-01T09:00:00Z"},
		{"", "2026-12-01T09:00:00", "NoError", "2026-12-01T09:00:00Z"},
	} {
		if c.header = ""; tt.zone != "" {
			c.header = zone(tt.zone)
		}
		made := due(tt.at)
		require.Equal(t, []string{tt.code}, codes(made), tt)
		if tt.want != "" {
			got := c.do(getItemXML(shapeOf("", "item:ReminderDueBy"), `<t:ItemId Id="`+attrs(made, "ItemId", "Id")[0]+`"/>`))
			assert.Equal(t, []string{tt.want}, texts(got, "ReminderDueBy"), tt)
		}
	}
	c.header = zone("Romance Standard Time")
	since := func(at string) []string {
		return codes(c.do(findXML(folderOf("inbox", alice), `<m:Restriction><t:IsGreaterThan><t:FieldURI FieldURI="item:DateTimeReceived"/><t:FieldURIOrConstant><t:Constant Value="`+at+`"/></t:FieldURIOrConstant></t:IsGreaterThan></m:Restriction>`)))
	}
	assert.Equal(t, []string{"ErrorInvalidOperation"}, since("2026-12-01T09:00:00"))
	assert.Equal(t, []string{"NoError"}, since("2026-12-01T09:00:00.5+01:00"))
}

func TestStartAndEndOfAppointments(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		const times = `<t:Start>2026-12-01T09:00:00Z</t:Start><t:End>2026-12-01T10:00:00Z</t:End>`
		made := c.do(createXML(`SendMeetingInvitations="SendToNone"`, folderOf("calendar", alice), `<t:CalendarItem><t:Subject>a</t:Subject>`+times+`</t:CalendarItem>`))
		require.Equal(t, []string{"NoError"}, codes(made), version)
		draft := c.do(createXML(saveOnly, folderOf("drafts", alice), `<t:Message><t:Attachments>`+itemXML(`<t:CalendarItem>`+times+`</t:CalendarItem>`)+`</t:Attachments></t:Message>`))
		require.Equal(t, []string{"NoError"}, codes(draft), version)
		inner := attrs(c.do(getItemXML(full, `<t:ItemId Id="`+attrs(draft, "ItemId", "Id")[0]+`"/>`)), "AttachmentId", "Id")[0]
		for _, op := range []string{getItemXML(full, `<t:ItemId Id="`+attrs(made, "ItemId", "Id")[0]+`"/>`), getAttachmentXML("", inner)} {
			got := c.do(op)
			assert.Equal(t, []string{"2026-12-01T09:00:00Z"}, texts(got, "Start"), version)
			assert.Equal(t, []string{"2026-12-01T10:00:00Z"}, texts(got, "End"), version)
		}
	}
}
