package graphtest_test

import (
	"encoding/base64"
	"maps"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// Each item of an export fails individually, inside a 200.
func TestExportErrorsAreInsideTheAnswer(t *testing.T) {
	t.Parallel()
	c := newCaller(t, nil)
	c.deliver("one", "two")
	box := c.srv.Mailbox(alice)
	box.DeliverWith(letter("gone", false), ewstest.Delivery{Folder: box.Folder(ews.FolderRecoverableItemsDeletions)})
	gone := c.want(200, "GET", user(alice)+"/mailFolders/recoverableitemsdeletions/messages", nil).rows()[0]["id"].(string)
	path := "/admin/exchange/mailboxes/" + c.srv.MailboxID(alice) + "/exportItems"
	fixed := c.one(alice, "two", "Prefer", `IdType="ImmutableId"`)
	rows := c.want(200, "POST", path, object{"ItemIds": []string{c.one(alice, "one"), "nonsense", gone, fixed}}).rows()
	require.Len(t, rows, 4)
	codes := []any{}
	for _, r := range rows {
		e, _ := r["error"].(object)
		codes = append(codes, e["code"])
	}
	assert.Equal(t, []any{nil, "ErrorInvalidIdMalformed", "ErrorItemNotFound", nil}, codes)
	assert.Equal(t, fixed, rows[3]["itemId"])

	whole, err := base64.StdEncoding.DecodeString(c.export(alice, fixed))
	require.NoError(t, err)
	c.srv.FailNext("", graphtest.ExportCut, graphtest.ExportFails("ErrorArchiveFolderMovedPermanently"))
	cut, err := base64.StdEncoding.DecodeString(c.export(alice, fixed))
	require.NoError(t, err)
	assert.Equal(t, whole[:len(whole)/2], cut)
	got := c.do("POST", c.session(quar), object{"FolderId": "inbox", "Mode": "create", "Data": mime(cut)})
	assert.Equal(t, []any{400, "The data of the item is corrupt."}, []any{got.status, got.body["Message"]})
	failed := c.want(200, "POST", path, object{"itemIds": []string{fixed}}).rows()[0]["error"].(object)
	assert.Equal(t, "ErrorArchiveFolderMovedPermanently", failed["code"])

	c.refused(400, "ErrorInvalidRequest", "POST", path, object{"itemIds": make([]string, 21)})
	c.refused(404, "ErrorMailboxNotFound", "POST", "/admin/exchange/mailboxes/MBX:x@y/exportItems", object{"itemIds": []string{fixed}})
}

// Posting twice makes two items; nothing but the address is needed, until it expires.
func TestImportSessions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, &graphtest.Options{ImportLifetime: time.Minute})
		c.deliver("one")
		data := c.export(alice, c.one(alice, "one"))
		secret := c.session(quar)
		address, err := url.Parse(secret)
		require.NoError(t, err)
		assert.Equal(t, "outlook.example.test", address.Host)
		item := object{"FolderId": c.want(200, "GET", user(quar)+"/mailFolders/inbox", nil).str("id"), "Mode": "create", "Data": data}
		first := c.want(200, "POST", secret, item)
		second := c.want(200, "POST", secret, item)
		assert.NotEqual(t, first.str("itemId"), second.str("itemId"))
		assert.Len(t, c.srv.Mailbox(quar).Messages(), 2)

		message := func(url string, body any, headers ...string) []any {
			r := c.do("POST", url, body, headers...)
			assert.NotEmpty(t, r.body["Message"])
			assert.NotContains(t, r.body, "error")
			return []any{r.status}
		}
		with := func(name string, value any) object {
			o := object{}
			maps.Copy(o, item)
			o[name] = value
			return o
		}
		assert.Equal(t, []any{401}, message(secret, item, "Authorization", "Bearer x"))
		assert.Equal(t, []any{401}, message(secret+"x", item))
		assert.Equal(t, []any{400}, message(secret, with("Mode", "append")))
		assert.Equal(t, []any{400}, message(secret, with("ItemId", first.str("itemId"))))
		assert.Equal(t, []any{400}, message(secret, with("data", data)))
		assert.Equal(t, []any{404}, message(secret, with("FolderId", c.want(200, "GET", user(alice)+"/mailFolders/inbox", nil).str("id"))))
		assert.Equal(t, []any{403}, message(secret, with("FolderId", "recoverableitemsdeletions")))

		update := with("Mode", "update")
		update["ItemId"], update["ChangeKey"] = first.str("itemId"), "old"
		assert.Equal(t, []any{412}, message(secret, update))
		update["ChangeKey"] = first.str("changeKey")
		updated := c.want(200, "POST", secret, update)
		assert.Equal(t, first.str("itemId"), updated.str("itemId"))
		assert.NotEqual(t, first.str("changeKey"), updated.str("changeKey"))
		assert.Len(t, c.srv.Mailbox(quar).Messages(), 2)

		for _, r := range c.srv.Requests() {
			assert.NotContains(t, r.URL, "authtoken", "the secret is not kept")
		}
		time.Sleep(time.Minute)
		assert.Equal(t, []any{401}, message(secret, item))
		fresh := c.session(quar)
		c.srv.ExpireImports()
		assert.Equal(t, []any{401}, message(fresh, item))
	})
}

// The mailbox API shows all folders, and items of any kind.
func TestMailboxAPI(t *testing.T) {
	t.Parallel()
	c := newCaller(t, nil)
	box := c.srv.Mailbox(alice)
	box.DeliverWith(letter("contact", false), ewstest.Delivery{Class: "IPM.Contact"})
	c.deliver("one")
	root := "/admin/exchange/mailboxes/" + c.srv.MailboxID(alice) + "/folders"
	all := c.want(200, "GET", root+"?$top=100", nil).rows()
	assert.Subset(t, column(all, "displayName"), []string{"Inbox", "Calendar", "Conflicts"})
	items := c.want(200, "GET", root+"/inbox/items?$select=id,type,size", nil).rows()
	assert.Equal(t, []string{"IPM.Contact", "IPM.Note"}, column(items, "type"))
	assert.Equal(t, c.one(alice, "one"), items[1]["id"])
	one := c.want(200, "GET", root+"/inbox/items/"+c.one(alice, "one")+"?$expand=singleValueExtendedProperties($filter=id%20eq%20'String%200x1035')", nil)
	assert.Equal(t, []any{object{"id": "String 0x1035", "value": "<one@evil.example>"}}, one.body["singleValueExtendedProperties"])
	c.refused(501, "NotImplemented", "GET", root+"/inbox/items"+filter("type eq 'IPM.Note'"), nil)
	assert.Equal(t, "IPF.Note", c.want(200, "GET", root+"/inbox", nil).str("type"))
	sync := c.want(200, "GET", user(alice)+"/mailFolders/syncissues", nil).str("id")
	assert.Len(t, c.want(200, "GET", root+"/"+sync+"/childFolders", nil).rows(), 3)
}

func TestTranslations(t *testing.T) {
	t.Parallel()
	c := newCaller(t, nil)
	m := c.deliver("one")[0]
	path := user(alice) + "/translateExchangeIds"
	folder := c.srv.Mailbox(alice).Folder(ews.FolderInbox).ID().ID
	to := func(from, to string, ids ...string) []object {
		return c.want(200, "POST", path, object{"inputIds": ids, "sourceIdType": from, "targetIdType": to}).rows()
	}
	entry := to("ewsId", "entryId", m.ID.ID)[0]["targetId"].(string)
	assert.Equal(t, m.ID.ID, to("entryId", "ewsId", entry)[0]["targetId"])
	assert.Equal(t, c.want(200, "GET", user(alice)+"/mailFolders/inbox", nil).str("id"), to("ewsId", "restId", folder)[0]["targetId"])
	for _, row := range to("ewsId", "restImmutableEntryId", folder, "nonsense") {
		assert.Nil(t, row["targetId"])
		assert.Equal(t, "ErrorInvalidIdMalformed", row["errorDetails"].(object)["code"])
	}
	fixed := to("ewsId", "restImmutableEntryId", m.ID.ID)[0]["targetId"].(string)
	c.srv.Mailbox(alice).DeleteMessage(m.ID)
	assert.NotNil(t, to("ewsId", "restId", m.ID.ID)[0]["targetId"], "it computes")
	assert.Nil(t, to("ewsId", "restImmutableEntryId", m.ID.ID)[0]["targetId"])
	assert.Nil(t, to("restImmutableEntryId", "restId", fixed)[0]["targetId"])
	c.refused(400, "BadRequest", "POST", path, object{"inputIds": []string{"x"}, "sourceIdType": "owaId", "targetIdType": "restId"})
}

// It is not known for sure whether the mailbox API accepts the ids of the mail API: it
// can have its own.
func TestOwnIDs(t *testing.T) {
	t.Parallel()
	c := newCaller(t, &graphtest.Options{OwnIDs: true})
	c.deliver("one")
	path := "/admin/exchange/mailboxes/" + c.srv.MailboxID(alice)
	row := c.want(200, "POST", path+"/exportItems", object{"itemIds": []string{c.one(alice, "one")}}).rows()[0]
	assert.Equal(t, "ErrorInvalidIdMalformed", row["error"].(object)["code"])
	own := c.want(200, "GET", path+"/folders/inbox/items", nil).rows()[0]["id"].(string)
	c.refused(400, "ErrorInvalidIdMalformed", "GET", user(alice)+"/messages/"+own, nil)
	data := c.export(alice, own)
	inbox := c.want(200, "GET", user(quar)+"/mailFolders/inbox", nil).str("id")
	secret := c.session(quar)
	assert.Equal(t, 400, c.do("POST", secret, object{"FolderId": inbox, "Mode": "create", "Data": data}).status)
	home := c.want(200, "GET", "/admin/exchange/mailboxes/"+c.srv.MailboxID(quar)+"/folders/inbox", nil).str("id")
	got := c.want(200, "POST", secret, object{"FolderId": home, "Mode": "create", "Data": data})
	assert.NotEqual(t, c.one(quar, "one"), got.str("itemId"))
}
