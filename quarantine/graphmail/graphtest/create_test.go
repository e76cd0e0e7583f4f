package graphtest_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

func mime(raw []byte) string { return base64.StdEncoding.EncodeToString(raw) }

// MIME makes a draft, in Drafts only; too much of it makes nothing and is answered with
// 200.
func TestMIMEMakesDrafts(t *testing.T) {
	t.Parallel()
	c := newCaller(t, nil)
	made := c.want(201, "POST", user(alice)+"/messages", mime(letter("one", false)))
	assert.Equal(t, []any{true, "<one@evil.example>"}, []any{made.body["isDraft"], made.body["internetMessageId"]})
	assert.Equal(t, []string{"/Drafts"}, c.folders(alice, "one"))
	c.refused(400, "UnableToDeserializePostBody", "POST", user(alice)+"/mailFolders/inbox/messages", mime(letter("two", false)))
	c.refused(400, "ErrorMimeContentInvalidBase64String", "POST", user(alice)+"/messages", "no base64!")
	large := append(letter("two", false), []byte(strings.Repeat("0123456789abcde\r\n", 140_000))...)
	got := c.want(200, "POST", user(alice)+"/messages", mime(large))
	assert.NotContains(t, got.body, "id")
	c.refused(413, "BadRequest", "POST", user(alice)+"/messages", mime(append(large, large...)))
	assert.Empty(t, c.folders(alice, "two"))
	out := c.want(200, "GET", user(alice)+"/messages/"+made.str("id")+"/$value", nil)
	assert.Contains(t, out.text, "hello one")
	assert.Equal(t, "text/plain", out.header.Get("Content-Type"))
}

// A message from JSON can be a non-draft and keep its dates, but loses its headers.
func TestJSONMakesMessages(t *testing.T) {
	t.Parallel()
	c := newCaller(t, nil)
	to := []object{{"emailAddress": object{"name": "Alice", "address": alice}}}
	made := c.want(201, "POST", user(alice)+"/mailFolders/inbox/messages", object{
		"subject": "Grüße", "body": object{"contentType": "HTML", "content": "<p>hello</p>"}, "toRecipients": to,
		"from": object{"emailAddress": object{"name": "Eve", "address": "eve@evil.example"}}, "internetMessageId": "<j@evil.example>",
		"isRead": true, "categories": []string{"red"}, "internetMessageHeaders": []object{{"name": "x-mine", "value": "1"}},
		"attachments": []object{{"@odata.type": "#microsoft.graph.fileAttachment", "name": "a.txt", "contentType": "text/plain", "contentBytes": mime([]byte("abc"))}},
		"singleValueExtendedProperties": []object{
			{"id": "Integer 0x0E07", "value": "4"}, {"id": "SystemTime 0x0039", "value": "2026-11-01T10:00:00Z"},
			{"id": "SystemTime 0x0E06", "value": "2026-11-01T10:00:05Z"}, {"id": stamp, "value": "op-1"},
		},
	})
	assert.Equal(t, []any{false, true, "2026-11-01T10:00:05Z", "2026-11-01T10:00:00Z", true, "Grüße"}, []any{
		made.body["isDraft"], made.body["isRead"], made.body["receivedDateTime"], made.body["sentDateTime"], made.body["hasAttachments"], made.body["subject"],
	})
	m := c.srv.Mailbox(alice).Messages()[0]
	assert.Equal(t, []any{"/Inbox", "<j@evil.example>", "Grüße"}, []any{m.Folder, m.MessageID, m.Subject})
	assert.Contains(t, string(m.MIME), "x-mine: 1")

	path := user(alice) + "/messages/" + made.str("id") + "/attachments"
	files := c.want(200, "GET", path+"?$select=id,name,size,isInline,contentType", nil).rows()
	require.Len(t, files, 1)
	assert.NotContains(t, files[0], "contentBytes")
	assert.Equal(t, "#microsoft.graph.fileAttachment", files[0]["@odata.type"])
	one := path + "/" + files[0]["id"].(string)
	assert.Equal(t, mime([]byte("abc")), c.want(200, "GET", one, nil).str("contentBytes"))
	assert.Equal(t, "abc", c.want(200, "GET", one+"/$value", nil).text)
	c.want(201, "POST", path, object{"@odata.type": "#microsoft.graph.fileAttachment", "name": "b.bin", "contentBytes": mime([]byte("xyz"))})
	assert.Len(t, c.want(200, "GET", user(alice)+"/messages/"+made.str("id")+"?$expand=attachments($select=name)", nil).body["attachments"], 2)

	draft := c.want(201, "POST", user(alice)+"/messages", object{"subject": "later", "toRecipients": to})
	assert.Equal(t, true, draft.body["isDraft"])
	assert.Regexp(t, `^<[0-9a-f]{32}@example\.test>$`, draft.str("internetMessageId"))
	c.refused(415, "BadRequest", "POST", user(alice)+"/messages", object{"subject": "x"}, "Content-Encoding", "gzip")
	var six []object
	for i := range 6 {
		six = append(six, object{"name": fmt.Sprintf("x-%d", i), "value": "1"})
	}
	c.refused(400, "InvalidInternetMessageHeaderCollection", "POST", user(alice)+"/messages", object{"internetMessageHeaders": six})
	c.refused(400, "InvalidInternetMessageHeader", "POST", user(alice)+"/messages", object{"internetMessageHeaders": []object{{"name": "Received", "value": "1"}}})
	c.refused(400, "ErrorInvalidRecipients", "POST", user(alice)+"/messages", object{"replyTo": []object{{"emailAddress": object{"address": "nobody"}}}})
	c.refused(400, "ErrorInvalidPropertySet", "POST", user(alice)+"/messages", object{"isDraft": false})
	c.refused(400, "BadRequest", "POST", user(alice)+"/messages", object{"subject": "a\r\nBcc: x@y"})
	c.refused(501, "NotImplemented", "POST", path, object{"@odata.type": "#microsoft.graph.itemAttachment", "name": "x"})
}

func TestQuota(t *testing.T) {
	t.Parallel()
	c := newCaller(t, nil)
	c.deliver("one")
	data := c.export(alice, c.one(alice, "one"))
	c.srv.Mailbox(quar).SetQuota(10)
	c.refused(507, "ErrorQuotaExceeded", "POST", user(quar)+"/messages", mime(letter("two", false)))
	got := c.do("POST", c.session(quar), object{"FolderId": "inbox", "Mode": "create", "Data": data})
	assert.Equal(t, 507, got.status)
}

// Things that the server does not support are named, and not done.
func TestCreatesNothing(t *testing.T) {
	t.Parallel()
	c := newCaller(t, nil)
	c.deliver("one")
	path := user(alice) + "/messages/" + c.one(alice, "one")
	c.srv.Fail(graphtest.When{}, graphtest.CreatesNothing)
	assert.NotContains(t, c.want(200, "POST", user(alice)+"/messages", object{"subject": "x"}).body, "id")
	assert.NotContains(t, c.want(200, "POST", user(alice)+"/messages", mime(letter("x", false))).body, "id")
	c.want(200, "PATCH", path, read)
	c.want(204, "DELETE", path, nil)
	c.want(201, "POST", path+"/move", object{"destinationId": "drafts"})
	c.want(200, "POST", user(alice)+"/mailFolders", object{"displayName": "x"})
	all := c.srv.Mailbox(alice).Messages()
	require.Len(t, all, 1)
	assert.Equal(t, []any{"/Inbox", false}, []any{all[0].Folder, all[0].Read})
}
