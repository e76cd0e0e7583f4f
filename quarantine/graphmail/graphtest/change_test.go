package graphtest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// read marks a message as read.
var read = object{"isRead": true}

func TestReceiptsAreSent(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		opts *graphtest.Options
		act  func(c *caller, path string)
		want string
	}{
		"read":             {nil, func(c *caller, p string) { c.want(200, "PATCH", p, read) }, "IPNRN"},
		"deleted":          {nil, func(c *caller, p string) { c.want(204, "DELETE", p, nil) }, "IPNNRN"},
		"purged":           {nil, func(c *caller, p string) { c.want(204, "POST", p+"/permanentDelete", nil) }, "IPNNRN"},
		"moved to trash":   {nil, func(c *caller, p string) { c.want(201, "POST", p+"/move", object{"destinationId": "deleteditems"}) }, ""},
		"not asked for":    {nil, unasked, ""},
		"asked for anyway": {&graphtest.Options{ReceiptSticks: true}, unasked, "IPNRN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCaller(t, test.opts)
			c.srv.Mailbox(alice).Deliver(letter("one", true))
			path := user(alice) + "/messages/" + c.one(alice, "one")
			assert.Equal(t, true, c.want(200, "GET", path, nil).body["isReadReceiptRequested"])
			assert.Empty(t, c.srv.Notices(), "looking at it sends nothing")
			test.act(c, path)
			var got strings.Builder
			for _, n := range c.srv.Notices() {
				got.WriteString(n.Kind)
			}
			assert.Equal(t, test.want, got.String())
		})
	}
}

// unasked withdraws the request for a receipt and marks the message as read.
func unasked(c *caller, path string) {
	got := c.want(200, "PATCH", path, object{"isReadReceiptRequested": false})
	assert.Equal(c.t, false, got.body["isReadReceiptRequested"])
	c.want(200, "PATCH", path, read)
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	c := newCaller(t, nil)
	c.deliver("one")
	path := user(alice) + "/messages/" + c.one(alice, "one")
	before := c.want(200, "GET", path, nil)
	after := c.want(200, "PATCH", path, object{
		"isRead": true, "categories": []string{"red"}, "importance": "high", "inferenceClassification": "other",
		"flag": object{"flagStatus": "flagged", "startDateTime": object{"dateTime": "2026-11-24T00:00:00", "timeZone": "UTC"}},
	}, "If-Match", before.str("@odata.etag"))
	assert.NotEqual(t, before.str("changeKey"), after.str("changeKey"))
	assert.Equal(t, `W/"`+after.str("changeKey")+`"`, after.str("@odata.etag"))
	assert.Equal(t, []any{true, []any{"red"}, "high", "other"}, []any{after.body["isRead"], after.body["categories"], after.body["importance"], after.body["inferenceClassification"]})
	m := c.srv.Mailbox(alice).Messages()[0]
	assert.Equal(t, []any{true, "High", "Flagged"}, []any{m.Read, m.Importance, m.Flag.Status})

	c.refused(405, "Request_BadRequest", "POST", path+"/singleValueExtendedProperties", object{})
	c.refused(412, "ErrorIrresolvableConflict", "PATCH", path, read, "If-Match", before.str("@odata.etag"))
	c.refused(412, "ErrorIrresolvableConflict", "DELETE", path, nil, "If-Match", before.str("@odata.etag"))
	c.refused(400, "ErrorInvalidPropertySet", "PATCH", path, object{"subject": "x"})
	c.refused(400, "ErrorInvalidProperty", "PATCH", path, object{"isDraft": false})
	c.refused(400, "ErrorInvalidProperty", "PATCH", path, object{"singleValueExtendedProperties": []object{{"id": "Integer 0x0E07", "value": "1"}}})
	c.refused(400, "ErrorInvalidProperty", "PATCH", path, object{"singleValueExtendedProperties": []object{{"id": "Integer 0x1081", "value": "x"}}})
	c.refused(400, "ErrorInvalidProperty", "PATCH", path, object{"singleValueExtendedProperties": []object{{"id": stamp, "value": nil}}})
	c.refused(400, "BadRequest", "PATCH", path, object{"nonsense": 1})
	c.refused(400, "BadRequest", "PATCH", path, "text")
	c.refused(404, "ErrorItemNotFound", "PATCH", user(bob)+"/messages/"+before.str("id"), read)
	c.refused(400, "ErrorInvalidIdMalformed", "PATCH", user(alice)+"/messages/nonsense", read)
}

// It is not known whether null removes a property, so either can be tried.
func TestNullRemoves(t *testing.T) {
	t.Parallel()
	c := newCaller(t, &graphtest.Options{NullRemoves: true, Sensitive: true})
	c.deliver("one")
	path := user(alice) + "/messages/" + c.one(alice, "one")
	for _, v := range []any{"op", nil} {
		c.want(200, "PATCH", path, object{"singleValueExtendedProperties": []object{{"id": stamp, "value": v}}})
	}
	assert.Empty(t, c.subjects("singleValueExtendedProperties/any(ep:ep/id eq '"+stamp+"' and ep/value ne null)"))
	c.srv.Consent("app", "Mail.ReadWrite")
	c.refused(403, "ErrorAccessDenied", "PATCH", path, object{"subject": "x"})
}

func TestMove(t *testing.T) {
	t.Parallel()
	c := newCaller(t, nil)
	c.deliver("one")
	old := c.one(alice, "one")
	fixed := c.one(alice, "one", "Prefer", `IdType="ImmutableId"`)
	moved := c.want(201, "POST", user(alice)+"/messages/"+old+"/move", object{"DestinationId": "junkemail"})
	assert.NotEqual(t, old, moved.str("id"))
	c.refused(404, "ErrorItemNotFound", "GET", user(alice)+"/messages/"+old, nil)
	again := c.want(201, "POST", user(alice)+"/messages/"+fixed+"/move", object{"destinationId": "inbox"}, "Prefer", `IdType="ImmutableId"`)
	assert.Equal(t, fixed, again.str("id"))
	assert.Equal(t, moved.str("changeKey"), again.str("changeKey"))
}

func TestMoveIsRefused(t *testing.T) {
	t.Parallel()
	c := newCaller(t, nil)
	c.deliver("one")
	path := user(alice) + "/messages/" + c.one(alice, "one")
	elsewhere := c.want(200, "GET", user(bob)+"/mailFolders/inbox", nil).str("id")
	c.refused(404, "ErrorItemNotFound", "POST", path+"/move", object{"destinationId": elsewhere})
	c.refused(404, "ErrorItemNotFound", "POST", path+"/move", object{"destinationId": "archive"})
	c.refused(400, "ErrorInvalidIdMalformed", "POST", path+"/move", object{"destinationId": "recoverableitemspurges"})
	c.refused(403, "ErrorAccessDenied", "POST", path+"/move", object{"destinationId": "recoverableitemsdeletions"})
	c.refused(400, "BadRequest", "POST", path+"/move", object{"destinationId": 1})
	assert.Equal(t, []string{"/Inbox"}, c.folders(alice, "one"))
	c.srv.FailNext(graphtest.OpMoveMessage, graphtest.MoveDoubled)
	c.want(201, "POST", path+"/move", object{"destinationId": "drafts"})
	assert.ElementsMatch(t, []string{"/Inbox", "/Drafts"}, c.folders(alice, "one"))
	copied := c.want(201, "POST", path+"/copy", object{"destinationId": "sentitems"})
	assert.NotEmpty(t, copied.str("id"))
	assert.Len(t, c.folders(alice, "one"), 3)
}

func TestRemove(t *testing.T) {
	t.Parallel()
	for _, purges := range []bool{false, true} {
		c := newCaller(t, &graphtest.Options{PurgeDeletions: purges})
		c.deliver("one", "two")
		c.want(204, "DELETE", user(alice)+"/messages/"+c.one(alice, "one"), nil)
		c.want(204, "POST", user(alice)+"/messages/"+c.one(alice, "two")+"/permanentDelete", nil)
		assert.Equal(t, []string{"/Recoverable Items/Deletions"}, c.folders(alice, "one"))
		assert.Equal(t, []string{"/Recoverable Items/Purges"}, c.folders(alice, "two"))
		gone := c.want(200, "GET", user(alice)+"/mailFolders/recoverableitemsdeletions/messages", nil).rows()
		require.Len(t, gone, 1)
		path := user(alice) + "/messages/" + gone[0]["id"].(string)
		c.refused(403, "ErrorCannotDeleteObject", "DELETE", path, nil)
		if purges {
			c.want(204, "POST", path+"/permanentDelete", nil)
			continue
		}
		c.refused(403, "ErrorCannotDeleteObject", "POST", path+"/permanentDelete", nil)
		c.want(201, "POST", path+"/move", object{"destinationId": "inbox"})
		assert.Equal(t, []string{"/Inbox"}, c.folders(alice, "one"), "moving out recovers it")
	}
}

func TestFolders(t *testing.T) {
	t.Parallel()
	c := newCaller(t, nil)
	all := c.want(200, "GET", user(alice)+"/mailFolders?$top=100", nil).rows()
	assert.Contains(t, column(all, "displayName"), "Inbox")
	assert.NotContains(t, column(all, "displayName"), "Calendar")
	assert.NotContains(t, column(all, "displayName"), "Recoverable Items")

	hidden := c.want(201, "POST", user(alice)+"/mailFolders", object{"displayName": "Q/1 100%", "isHidden": true})
	assert.Equal(t, true, hidden.body["isHidden"])
	c.refused(409, "ErrorFolderExists", "POST", user(alice)+"/mailFolders", object{"displayName": "q/1 100%"})
	assert.NotContains(t, column(c.want(200, "GET", user(alice)+"/mailFolders?$top=100", nil).rows(), "displayName"), "Q/1 100%")
	found := c.want(200, "GET", user(alice)+"/mailFolders"+filter("displayName eq 'Q/1 100%'")+"&includeHiddenFolders=true", nil).rows()
	require.Len(t, found, 1)
	assert.Equal(t, hidden.str("id"), found[0]["id"])

	child := c.want(201, "POST", user(alice)+"/mailFolders/"+hidden.str("id")+"/childFolders", object{"displayName": "sub"})
	assert.Equal(t, hidden.str("id"), child.str("parentFolderId"))
	assert.Equal(t, []string{"sub"}, column(c.want(200, "GET", user(alice)+"/mailFolders/"+hidden.str("id")+"/childFolders", nil).rows(), "displayName"))
	renamed := c.want(200, "PATCH", user(alice)+"/mailFolders/"+child.str("id"), object{"displayName": "other"})
	assert.Equal(t, []string{child.str("id"), "other"}, []string{renamed.str("id"), renamed.str("displayName")})

	class := c.want(200, "GET", user(alice)+"/mailFolders('inbox')?$expand=singleValueExtendedProperties($filter=id%20eq%20'String%200x3613')", nil)
	assert.Equal(t, []any{object{"id": "String 0x3613", "value": "IPF.Note"}}, class.body["singleValueExtendedProperties"])
	c.srv.Mailbox(alice).AddSearchFolder("Unread")
	search := c.want(200, "GET", user(alice)+"/mailFolders"+filter("displayName eq 'Unread'"), nil).rows()
	require.Len(t, search, 1)
	assert.Equal(t, "#microsoft.graph.mailSearchFolder", search[0]["@odata.type"])

	c.refused(404, "ErrorItemNotFound", "GET", user(alice)+"/mailFolders/clutter", nil)
	c.refused(400, "ErrorInvalidIdMalformed", "GET", user(alice)+"/mailFolders/recoverableitemsroot", nil)
	c.refused(404, "ErrorItemNotFound", "GET", user(bob)+"/mailFolders/"+child.str("id"), nil)
	c.refused(400, "BadRequest", "POST", user(alice)+"/mailFolders", object{"displayName": ""})
	c.refused(403, "ErrorAccessDenied", "POST", user(alice)+"/mailFolders/recoverableitemsdeletions/childFolders", object{"displayName": "x"})

	box := c.srv.Exchange().AddMailbox("hans@example.test", &ewstest.MailboxOptions{Language: "de"})
	assert.Equal(t, "Posteingang", c.want(200, "GET", user("hans@example.test")+"/mailFolders/inbox", nil).str("displayName"))
	assert.NotNil(t, box.Folder(ews.FolderInbox))
}
