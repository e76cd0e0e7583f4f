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

// oddly runs a test in each version, with an oddity alone, with all of them, and
// without any.
func oddly(t *testing.T, one ewstest.Oddities, test func(t *testing.T, c *caller, odd bool)) {
	t.Helper()
	withOddities(t, one, func(t *testing.T, c *caller, set ewstest.Oddities) { test(t, c, set != 0) })
}

// withOddities is oddly for a test that needs to know which oddities there are.
func withOddities(t *testing.T, one ewstest.Oddities, test func(t *testing.T, c *caller, set ewstest.Oddities)) {
	t.Helper()
	for version, schema := range schemaOf {
		for name, set := range map[string]ewstest.Oddities{"as usual": 0, "alone": one, "all together": ewstest.AllOddities | one} {
			t.Run(version.String()+" "+name, func(t *testing.T) {
				t.Parallel()
				test(t, newCaller(t, ewstest.Options{Version: version, Odd: set}).in(schema), set)
			})
		}
	}
}

// either returns one of two values.
func either[T any](odd bool, strange, usual T) T {
	if odd {
		return strange
	}
	return usual
}

func TestOddNoTransfer(t *testing.T) {
	t.Parallel()
	oddly(t, ewstest.OddNoTransfer, func(t *testing.T, c *caller, odd bool) {
		box := c.srv.Mailbox(alice)
		m := box.Deliver([]byte(plain))
		for _, op := range []string{exportXML(itemID(m)), uploadXML("CreateNew", box.Folder(ews.FolderInbox), "", "AAAA")} {
			_, answer, err := c.try(op)
			require.NoError(t, err)
			assert.Equal(t, odd, strings.Contains(answer, "<faultcode>s:Client</faultcode>"), answer)
			assert.Equal(t, !odd, strings.Contains(answer, "ResponseCode"), answer)
		}
		assert.Len(t, box.Messages(), 1)
		assert.Equal(t, either(odd, "", "NoError"), c.srv.Requests()[0].Code)
	})
	c := newCaller(t, ewstest.Options{Odd: ewstest.OddNoTransfer})
	status, _, err := c.try(exportXML(`<t:ItemId Id="x"/>`))
	require.NoError(t, err)
	assert.Equal(t, 500, status)
}

func TestOddNoCrossMove(t *testing.T) {
	t.Parallel()
	oddly(t, ewstest.OddNoCrossMove, func(t *testing.T, c *caller, odd bool) {
		box := c.srv.Mailbox(alice)
		one, two := box.Deliver([]byte(plain)), box.Deliver([]byte(plain))
		move := moveXML(folderOf("inbox", quar), itemID(one), itemID(two))
		code := either(odd, "ErrorCrossMailboxMoveCopy", "NoError")
		assert.Equal(t, []string{code, code}, codes(c.do(strings.ReplaceAll(move, "MoveItem", "CopyItem"))))
		assert.Equal(t, []string{code, code}, codes(c.do(move)))
		assert.Len(t, box.Folder(ews.FolderInbox).Messages(), either(odd, 2, 0))
		assert.Len(t, c.srv.Mailbox(quar).Messages(), either(odd, 0, 4))
		three := box.Deliver([]byte(plain))
		assert.Equal(t, []string{"NoError"}, codes(c.do(moveXML(folderOf("drafts", alice), itemID(three)))), "within a mailbox")
		four := itemID(box.Deliver([]byte(plain)))
		assert.Equal(t, []string{"ErrorToFolderNotFound"}, codes(c.impersonating(alice).do(moveXML(folderOf("inbox", quar), four))))
	})
}

func TestOddBareFaults(t *testing.T) {
	t.Parallel()
	oddly(t, ewstest.OddBareFaults, func(t *testing.T, c *caller, odd bool) {
		c.srv.FailNext(ews.OpFindItem, ewstest.Busy.BackOff(time.Second))
		find := findXML(folderOf("inbox", alice), "")
		for want, op := range map[string]string{"ErrorServerBusy": find, "ErrorSchemaValidation": `<m:MakeCoffee/>`} {
			status, answer, err := c.try(op)
			require.NoError(t, err)
			assert.Equal(t, either(odd, 200, 500), status)
			assert.Equal(t, !odd, strings.Contains(answer, "<detail>"), answer)
			assert.Contains(t, answer, "a:"+want+"</faultcode><faultstring xml:lang=\"en-US\">")
			assert.NotContains(t, answer, "s:Header")
		}
		status, _, err := c.try(find)
		require.NoError(t, err)
		assert.Equal(t, 200, status)
		seen := []string{c.srv.Requests()[0].Code, c.srv.Requests()[1].Code}
		assert.ElementsMatch(t, []string{"ErrorServerBusy", "ErrorSchemaValidation"}, seen)
	})
	c := newCaller(t, ewstest.Options{Odd: ewstest.OddBareFaults | ewstest.OddNoTransfer})
	status, _, err := c.try(exportXML(`<t:ItemId Id="x"/>`))
	require.NoError(t, err)
	assert.Equal(t, 200, status)
}

func TestOddNoRootFolder(t *testing.T) {
	t.Parallel()
	oddly(t, ewstest.OddNoRootFolder, func(t *testing.T, c *caller, odd bool) {
		answer := c.do(findFolderXML("Deep", folderOf("inbox", alice), ""))
		assert.Equal(t, []string{"NoError"}, codes(answer))
		assert.Equal(t, !odd, strings.Contains(answer, "RootFolder"))
		assert.Contains(t, c.do(findFolderXML("Shallow", folderOf("msgfolderroot", alice), "")), "RootFolder")
		assert.Contains(t, c.do(findXML(folderOf("inbox", alice), "")), "RootFolder", "FindItem has it")
	})
}

func TestOddNoItemIDs(t *testing.T) {
	t.Parallel()
	oddly(t, ewstest.OddNoItemIDs, func(t *testing.T, c *caller, odd bool) {
		box := c.srv.Mailbox(alice)
		m := box.Deliver([]byte(plain))
		move := moveXML(folderOf("drafts", alice), itemID(m))
		for name, op := range map[string]string{
			"CreateItem": createXML(saveOnly, folderOf("inbox", alice), `<t:Message>`+mimeOf(plain)+`</t:Message>`),
			"CopyItem":   strings.ReplaceAll(move, "MoveItem", "CopyItem"),
		} {
			answer := c.do(op)
			assert.Equal(t, []string{"NoError"}, codes(answer), name)
			assert.Len(t, attrs(answer, "ItemId", "Id"), either(odd, 0, 1), "%s: %s", name, answer)
			assert.Contains(t, answer, "<m:Items", name)
		}
		answer := c.do(updateXML("AlwaysOverwrite", "", itemID(m), setField("message:IsRead", `<t:IsRead>true</t:IsRead>`)))
		assert.Len(t, attrs(answer, "ItemId", "Id"), 1, "an update tells the new change key")
		assert.Len(t, attrs(c.do(move), "ItemId", "Id"), either(odd, 0, 1))
		assert.Len(t, box.Folder(ews.FolderDrafts).Messages(), 2)
	})
	c := newCaller(t, ewstest.Options{Odd: ewstest.OddNoItemIDs})
	box := c.srv.Mailbox(alice)
	data := texts(c.do(exportXML(itemID(box.Deliver([]byte(plain))))), "Data")[0]
	answer := c.do(uploadXML("CreateNew", box.Folder(ews.FolderDrafts), "", data))
	assert.Equal(t, []string{"NoError"}, codes(answer))
	assert.NotContains(t, answer, "ItemId")
	assert.Len(t, box.Folder(ews.FolderDrafts).Messages(), 1)
}

func TestOddMIME(t *testing.T) {
	t.Parallel()
	const raw = "X-Mailer: Bulk\r\n" + withAttachment
	mime := func(c *caller, m *ewstest.Message) string {
		b, err := base64.StdEncoding.DecodeString(texts(c.do(getItemXML(idOnly+`<t:IncludeMimeContent>true</t:IncludeMimeContent>`, itemID(m))), "MimeContent")[0])
		require.NoError(t, err)
		return string(b)
	}
	for oddity, tt := range map[ewstest.Oddities]struct{ usual, strange string }{
		ewstest.OddDroppedHeaders:     {"X-Mailer: Bulk\r\n", ""},
		ewstest.OddRenamedAttachments: {`name=bad.exe`, `filename=ATT00001.exe`},
		ewstest.OddRecodedText:        {"\r\n\r\nhello\r\n", "Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n"},
	} {
		withOddities(t, oddity, func(t *testing.T, c *caller, set ewstest.Oddities) {
			odd := set != 0
			box := c.srv.Mailbox(alice)
			m := box.Deliver([]byte(raw))
			c.do(updateXML("AlwaysOverwrite", "", itemID(m), setExtended(headerPath, `<t:Value>yes</t:Value>`)))
			m = box.Message(m.ID)
			text := mime(c, m)
			assert.Equal(t, !odd, strings.Contains(text, tt.usual), text)
			assert.Contains(t, text, either(odd, tt.strange, tt.usual))
			assert.Equal(t, text, mime(c, m), "the same at each request")
			assert.Equal(t, text, string(m.MIME), "and as the snapshot has it")
			dropped := set.Has(ewstest.OddDroppedHeaders)
			assert.Equal(t, !dropped, strings.Contains(text, "X-Quarantined: yes"), text)

			answer := c.do(getItemXML(full+`<t:AdditionalProperties><t:ExtendedFieldURI PropertyTag="0x7D" PropertyType="String"/></t:AdditionalProperties>`, itemID(m)))
			assert.Equal(t, []string{"bad.exe"}, texts(answer, "Name")[:1], "what is stored stays")
			assert.Contains(t, answer, `HeaderName="X-Mailer"`)
			assert.Contains(t, texts(answer, "Value")[0], "X-Mailer: Bulk")
			assert.Contains(t, c.do(`<m:GetAttachment><m:AttachmentIds><t:AttachmentId Id="`+attrs(answer, "AttachmentId", "Id")[0]+`"/></m:AttachmentIds></m:GetAttachment>`), "bad.exe")

			moved := box.MoveMessage(m.ID, box.Folder(ews.FolderDrafts))
			recoded := set.Has(ewstest.OddRecodedText)
			assert.Equal(t, !recoded, mime(c, moved) == text, "recoding gives boundaries other names with each id")
		})
	}
	c := newCaller(t, ewstest.Options{Odd: ewstest.AllOddities})
	draft := strings.NewReplacer("alice@example.test", bob, "eve@evil.example", alice).Replace(raw)
	assert.Equal(t, []string{"NoError"}, codes(c.as("alice").do(createXML(`MessageDisposition="SendOnly"`, "", `<t:Message>`+mimeOf(draft)+`</t:Message>`))))
	sent := string(c.srv.Mailbox(bob).Messages()[0].Original)
	assert.Contains(t, sent, "X-Mailer: Bulk", "what is sent is the stored message")
	assert.Contains(t, sent, "bad.exe")
}

func TestOddNoChangeKeys(t *testing.T) {
	t.Parallel()
	oddly(t, ewstest.OddNoChangeKeys, func(t *testing.T, c *caller, odd bool) {
		box := c.srv.Mailbox(alice)
		id := func(m *ewstest.Message, key string) string { return `<t:ItemId Id="` + m.ID.ID + `" ` + key + `/>` }
		read := setField("message:IsRead", `<t:IsRead>true</t:IsRead>`)
		m := box.Deliver([]byte(plain))
		c.do(updateXML("AlwaysOverwrite", "", itemID(m), read))
		for name, tt := range map[string]struct{ op, usual string }{
			"old":       {updateXML("NeverOverwrite", "", itemID(m), read), "ErrorIrresolvableConflict"},
			"missing":   {updateXML("AutoResolve", "", id(m, ""), read), "ErrorChangeKeyRequiredForWriteOperations"},
			"malformed": {updateXML("AlwaysOverwrite", "", id(m, `ChangeKey="!"`), read), "ErrorInvalidChangeKey"},
			"move":      {moveXML(folderOf("drafts", alice), id(box.Deliver([]byte(plain)), `ChangeKey="!"`)), "ErrorInvalidChangeKey"},
			"delete":    {deleteXML("HardDelete", "", id(box.Deliver([]byte(plain)), `ChangeKey="!"`)), "ErrorInvalidChangeKey"},
		} {
			assert.Equal(t, []string{either(odd, "NoError", tt.usual)}, codes(c.do(tt.op)), name)
		}
		assert.Equal(t, []string{"ErrorInvalidChangeKey"}, codes(c.do(getItemXML(idOnly, id(m, `ChangeKey="!"`)))), "reading still looks at them")
		assert.Contains(t, string(c.srv.Requests()[0].Body), m.ID.ChangeKey, "the record has what was sent")
	})
	c := newCaller(t, ewstest.Options{Odd: ewstest.OddNoChangeKeys})
	box := c.srv.Mailbox(alice)
	m := box.Deliver([]byte(plain))
	data := texts(c.do(exportXML(itemID(m))), "Data")[0]
	old := `<t:ItemId Id="` + m.ID.ID + `" ChangeKey="!"/>`
	assert.Equal(t, []string{"NoError"}, codes(c.do(uploadXML("Update", box.Folder(ews.FolderInbox), old, data))))
	assert.Equal(t, []string{"ErrorInvalidChangeKey"}, codes(c.do(exportXML(old))))
}

func TestOddNoDeliveryTime(t *testing.T) {
	t.Parallel()
	const tag = `<t:ExtendedFieldURI PropertyTag="0x0E06" PropertyType="SystemTime"/>`
	oddly(t, ewstest.OddNoDeliveryTime, func(t *testing.T, c *caller, odd bool) {
		box := c.srv.Mailbox(alice)
		m := box.DeliverWith([]byte(plain), ewstest.Delivery{Received: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)})
		post := box.DeliverWith([]byte(plain), ewstest.Delivery{Class: "IPM.Post", Received: time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)})
		seen := either(odd, 0, 1)
		answer := c.do(getItemXML(full+`<t:AdditionalProperties>`+tag+`</t:AdditionalProperties>`, itemID(m)))
		assert.Equal(t, []string{"NoError"}, codes(answer))
		assert.Len(t, texts(answer, "DateTimeReceived"), seen)
		assert.Len(t, texts(answer, "Value"), seen)
		assert.Len(t, texts(answer, "DateTimeSent"), 1)
		answer = c.do(getItemXML(full, itemID(post)))
		assert.Len(t, texts(answer, "PostedTime"), seen)
		for _, path := range []string{tag, `<t:FieldURI FieldURI="item:DateTimeReceived"/>`} {
			where := `<m:Restriction><t:IsLessThan>` + path + `<t:FieldURIOrConstant><t:Constant Value="2026-11-24T10:00:01Z"/></t:FieldURIOrConstant></t:IsLessThan></m:Restriction>`
			assert.Len(t, attrs(c.do(findXML(folderOf("inbox", alice), where)), "ItemId", "Id"), seen)
		}
		query := strings.Replace(findXML(folderOf("inbox", alice), ""), `</m:FindItem>`, `<m:QueryString>received:2026-11-24</m:QueryString></m:FindItem>`, 1)
		assert.Len(t, attrs(c.do(query), "ItemId", "Id"), seen)
		assert.Equal(t, 10, box.Message(m.ID).Received.Hour(), "the store has it")
	})
}

func TestOddCaseSensitive(t *testing.T) {
	t.Parallel()
	oddly(t, ewstest.OddCaseSensitive|ewstest.OddCannotFindUser, func(t *testing.T, c *caller, odd bool) {
		c.srv.AddMailbox("Dora@example.test", &ewstest.MailboxOptions{ProxyAddresses: []string{"Second@example.test"}})
		code := either(odd, "ErrorCannotFindUser", "NoError")
		assert.Equal(t, []string{code}, codes(c.do(findXML(folderOf("inbox", "Alice@example.test"), ""))))
		assert.Equal(t, []string{code}, codes(c.do(findXML(folderOf("inbox", "dora@example.test"), ""))))
		assert.Equal(t, []string{"NoError"}, codes(c.do(findXML(folderOf("inbox", "Dora@example.test"), ""))))
		assert.Equal(t, []string{"ErrorNonPrimarySmtpAddress"}, codes(c.do(findXML(folderOf("inbox", "Second@example.test"), ""))))
		assert.Contains(t, c.impersonating("ALICE@example.test").do(findXML(folderOf("inbox", ""), "")), code)
		assert.Equal(t, []string{"NoError"}, codes(c.as("ALICE").do(findXML(folderOf("inbox", ""), ""))), "signing in")
	})
}

func TestOddCannotFindUser(t *testing.T) {
	t.Parallel()
	oddly(t, ewstest.OddCannotFindUser, func(t *testing.T, c *caller, odd bool) {
		m := c.srv.Mailbox(alice).Deliver([]byte(plain))
		code := []string{either(odd, "ErrorCannotFindUser", "ErrorNonExistentMailbox")}
		assert.Equal(t, code, codes(c.do(findXML(folderOf("inbox", "nobody@example.test"), ""))))
		answer := c.impersonating("nobody@example.test").do(findXML(folderOf("inbox", ""), ""))
		assert.Contains(t, answer, "a:"+code[0]+"</faultcode>")
		assert.Equal(t, code, codes(c.impersonating(bob).do(getItemXML(idOnly, itemID(m)))), "an id of another mailbox")
		to := folderIDXML(c.srv.Mailbox(quar).Folder(ews.FolderInbox))
		assert.Equal(t, []string{"ErrorToFolderNotFound"}, codes(c.impersonating(alice).do(moveXML(to, itemID(m)))))
		c.srv.Mailbox(alice).Remove(false)
		assert.Equal(t, code, codes(c.do(getItemXML(idOnly, itemID(m)))))
	})
}

func TestOddNanoseconds(t *testing.T) {
	t.Parallel()
	const tag = `<t:AdditionalProperties><t:ExtendedFieldURI PropertyTag="0x39" PropertyType="SystemTime"/></t:AdditionalProperties>`
	oddly(t, ewstest.OddNanoseconds, func(t *testing.T, c *caller, odd bool) {
		m := c.srv.Mailbox(alice).DeliverWith([]byte(plain), ewstest.Delivery{
			Flag: ews.Flag{Status: "Complete", Complete: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)},
		})
		want := either(odd, "2026-11-24T10:00:00.000000000Z", "2026-11-24T10:00:00Z")
		answer := c.do(getItemXML(full+tag, itemID(m)))
		assert.Equal(t, []string{want}, texts(answer, "DateTimeSent"))
		assert.Contains(t, texts(answer, "Value"), want)
		if c.srv.Version() >= ewstest.Exchange2013 {
			assert.Equal(t, []string{want}, texts(answer, "CompleteDate"))
		}
		assert.Len(t, texts(answer, "LastModifiedTime")[0], len(want))
	})
	c := newCaller(t, ewstest.Options{Odd: ewstest.OddNanoseconds})
	c.header = `<t:DateTimePrecision>Milliseconds</t:DateTimePrecision>`
	answer := c.do(getItemXML(full, itemID(c.srv.Mailbox(alice).Deliver([]byte(plain)))))
	assert.Equal(t, []string{"2026-11-24T10:00:00.000000000Z"}, texts(answer, "DateTimeSent"))
}

// An odd server sends an injected fault like any other.
func TestInjectedBareFaultsAreOddToo(t *testing.T) {
	t.Parallel()
	for _, odd := range []ewstest.Oddities{0, ewstest.OddBareFaults} {
		c := newCaller(t, ewstest.Options{Odd: odd})
		c.srv.FailNext("", ewstest.OperationUnknown)
		status, answer, err := c.try(findXML(folderOf("inbox", alice), ""))
		require.NoError(t, err)
		assert.Equal(t, either(odd != 0, 200, 500), status)
		assert.Contains(t, answer, "faultstring")
	}
}
