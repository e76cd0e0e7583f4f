package graphtest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// session returns an import URL of a mailbox.
func (c *caller) session(address string) string {
	c.t.Helper()
	return c.want(200, "POST", "/admin/exchange/mailboxes/"+c.srv.MailboxID(address)+"/createImportSession", nil).str("importUrl")
}

// export returns the data of a message.
func (c *caller) export(address, id string) string {
	c.t.Helper()
	rows := c.want(200, "POST", "/admin/exchange/mailboxes/"+c.srv.MailboxID(address)+"/exportItems", object{"itemIds": []string{id}}).rows()
	require.Len(c.t, rows, 1)
	data, _ := rows[0]["data"].(string)
	require.NotEmpty(c.t, data, rows[0])
	return data
}

// A message goes from one mailbox to another and is the same there, as seen through EWS.
func TestMessageIsCarriedWhole(t *testing.T) {
	t.Parallel()
	c := newCaller(t, nil)
	sent := c.srv.Mailbox(alice).DeliverWith(letter("one", true), ewstest.Delivery{Categories: []string{"red"}, Importance: "High"})
	id := c.one(alice, "one")
	stamped := c.want(200, "PATCH", user(alice)+"/messages/"+id, object{"singleValueExtendedProperties": []object{{"id": stamp, "value": "op-1"}}})
	assert.NotContains(t, stamped.body, "singleValueExtendedProperties", "the answer omits them")

	settings := c.want(200, "GET", user(alice)+"/settings/exchange", nil)
	assert.Equal(t, c.srv.MailboxID(alice), settings.str("primaryMailboxId"))
	data := c.export(alice, id)
	home := c.want(201, "POST", user(quar)+"/mailFolders", object{"displayName": "Quarantine", "isHidden": true})
	imported := c.want(200, "POST", c.session(quar), object{"FolderId": home.str("id"), "Mode": "create", "Data": data})
	c.want(204, "POST", user(alice)+"/messages/"+id+"/permanentDelete", nil)

	found := c.want(200, "GET", user(quar)+"/messages"+filter("singleValueExtendedProperties/any(ep:ep/id eq '"+stamp+"' and ep/value eq 'OP-1')"), nil)
	assert.Equal(t, []string{imported.str("itemId")}, column(found.rows(), "id"))
	assert.Equal(t, []string{"/Recoverable Items/Purges"}, c.folders(alice, "one"))

	there := c.srv.Mailbox(quar).Messages()
	require.Len(t, there, 1)
	assert.Equal(t, "/Quarantine", there[0].Folder)
	assert.Equal(t, sent.Object, there[0].CopiedFrom)
	want := c.srv.Mailbox(alice).Messages()[0]
	for key, p := range want.Properties {
		if key.Tag != 0x3007 && key.Tag != 0x3008 && key.Tag != 0x0E07 {
			assert.Equal(t, p, there[0].Properties[key], key)
		}
	}
	assert.True(t, there[0].ReceiptPending, "the copy still has its receipt")
}

// The same mailbox is reached through both APIs, with ids that translate.
func TestBothDoors(t *testing.T) {
	t.Parallel()
	ex := ewstest.NewServer(&ewstest.Options{Version: ewstest.ExchangeOnline})
	defer ex.Close()
	srv := graphtest.New(ex, nil)
	c := &caller{t: t, srv: srv, rt: srv.As(srv.Direct(), "app"), url: srv.DirectURL()}
	m := c.deliver("one")[0]
	id := c.one(alice, "one")
	both := func(from, to, id string) object {
		return c.want(200, "POST", user(alice)+"/translateExchangeIds", object{"inputIds": []string{id}, "sourceIdType": from, "targetIdType": to}).rows()[0]
	}
	assert.Equal(t, id, both("ewsId", "restId", m.ID.ID)["targetId"])
	assert.Equal(t, m.ID.ID, both("restId", "ewsId", id)["targetId"])
	fixed := both("ewsId", "restImmutableEntryId", m.ID.ID)["targetId"]
	assert.Equal(t, c.one(alice, "one", "Prefer", `IdType="ImmutableId"`), fixed)
	assert.Len(t, fixed, 72)

	_, err := ex.Client("svc", nil).MoveItem(t.Context(), ews.MoveItemRequest{
		IDs: []ews.ItemID{m.ID}, To: ews.DistinguishedFolder{Name: ews.FolderJunkEmail, Mailbox: alice},
	})
	require.NoError(t, err)
	c.refused(404, "ErrorItemNotFound", "GET", user(alice)+"/messages/"+id, nil)
	got := c.want(200, "GET", user(alice)+"/messages/"+fixed.(string), nil)
	assert.Equal(t, c.want(200, "GET", user(alice)+"/mailFolders/junkemail", nil).str("id"), got.str("parentFolderId"))
	assert.Equal(t, both("restImmutableEntryId", "restId", fixed.(string))["targetId"], got.str("id"))
}
