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

var mark = ews.ExtendedField{GUID: "7f2b6f0e-3c5d-4a1b-9e0a-6d1c53a7e4b2", Name: "Mark", Type: ews.TypeString}

func TestSuccessThatDidNothing(t *testing.T) {
	t.Parallel()
	through(t, func(t *testing.T, c *caller) {
		box := c.srv.Mailbox(alice)
		m, before := box.Deliver([]byte(plain)), 0
		move, del := moveXML(folderOf("drafts", alice), itemID(m)), deleteXML("HardDelete", "", itemID(m))
		update := updateXML("AutoResolve", "", itemID(m), setField("item:Subject", `<t:Subject>Other</t:Subject>`))
		c.srv.FailNext("", ewstest.FalseSuccess)
		assert.Equal(t, []string{"NoError"}, codes(c.do(update)), "once")
		assert.Equal(t, m, box.Messages()[0])
		failure := c.srv.Fail(ewstest.When{MessageID: "<1@evil.example>"}, ewstest.FalseSuccess)
		for range 2 {
			answer := c.do(update)
			assert.Equal(t, []string{m.ID.ChangeKey}, attrs(answer, "ItemId", "ChangeKey"))
			for _, op := range []string{move, del, strings.ReplaceAll(move, "MoveItem", "CopyItem")} {
				answer = c.do(op)
				assert.Equal(t, []string{"NoError"}, codes(answer), "for good")
				assert.Empty(t, attrs(answer, "ItemId", "Id"))
			}
			assert.Equal(t, []*ewstest.Message{m}, box.Messages())
			before += 4
		}
		assert.Equal(t, before, failure.Struck())
		for _, r := range c.srv.Requests() {
			assert.False(t, r.Acted)
		}
		failure.Cancel()
		assert.Equal(t, []string{"NoError"}, codes(c.do(del)))
		assert.Nil(t, box.Message(m.ID))
	})
}

func TestMoveThatOnlyCopies(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	m := box.Deliver([]byte(plain))
	failure := c.srv.Fail(ewstest.When{Operation: ews.OpMoveItem}, ewstest.OnlyCopies)
	answer := c.do(moveXML(folderOf("drafts", alice), itemID(m)))
	assert.Equal(t, []string{"NoError"}, codes(answer))
	copied := box.Folder(ews.FolderDrafts).Messages()
	require.Len(t, copied, 1)
	assert.Equal(t, []string{copied[0].ID.ID}, attrs(answer, "ItemId", "Id"))
	assert.Empty(t, attrs(c.do(moveXML(folderOf("inbox", quar), itemID(m))), "ItemId", "Id"))
	assert.Len(t, c.srv.Mailbox(quar).Messages(), 1)
	assert.NotNil(t, box.Message(m.ID), "the original stays")
	failure.Cancel()
	c.do(moveXML(folderOf("inbox", quar), itemID(m)))
	assert.Nil(t, box.Message(m.ID))
}

func TestItemThatIsOnlyListed(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	m, other := box.Deliver([]byte(withAttachment)), box.Deliver([]byte(plain))
	attachment := attrs(c.do(getItemXML(full, itemID(m))), "AttachmentId", "Id")
	require.Len(t, attachment, 1)
	data := texts(c.do(exportXML(itemID(m))), "Data")[0]
	failure := c.srv.Fail(ewstest.When{MessageID: "<3@evil.example>"}, ewstest.Ghost)
	assert.ElementsMatch(t, []string{m.ID.ID, other.ID.ID}, attrs(c.do(findXML(folderOf("inbox", alice), "")), "ItemId", "Id"))
	for _, op := range []string{
		getItemXML(idOnly, itemID(m)), moveXML(folderOf("drafts", alice), itemID(m)), deleteXML("HardDelete", "", itemID(m)), exportXML(itemID(m)),
		updateXML("AlwaysOverwrite", "", itemID(m), setField("item:Subject", `<t:Subject>Other</t:Subject>`)),
		`<m:GetAttachment><m:AttachmentIds><t:AttachmentId Id="` + attachment[0] + `"/></m:AttachmentIds></m:GetAttachment>`,
	} {
		assert.Equal(t, []string{"ErrorItemNotFound"}, codes(c.do(op)), op)
	}
	inbox := box.Folder(ews.FolderInbox)
	assert.Equal(t, []string{"ErrorItemNotFound"}, codes(c.do(uploadXML("Update", inbox, `<t:ItemId Id="`+m.ID.ID+`"/>`, data))))
	assert.Equal(t, []string{"ErrorItemNotFound"}, codes(c.do(createXML(saveOnly, "", `<t:SuppressReadReceipt><t:ReferenceItemId Id="`+m.ID.ID+`" ChangeKey="`+m.ID.ChangeKey+`"/></t:SuppressReadReceipt>`))))
	fresh := c.do(uploadXML("CreateNew", inbox, "", data))
	assert.Equal(t, []string{"NoError"}, codes(fresh), "that is another item")
	box.DeleteMessage(ews.ItemID{ID: attrs(fresh, "ItemId", "Id")[0]})
	assert.Equal(t, []string{"NoError"}, codes(c.do(getItemXML(idOnly, itemID(other)))))
	assert.Equal(t, m, box.Message(m.ID))
	failure.Cancel()
	assert.Equal(t, []string{"NoError"}, codes(c.do(getItemXML(idOnly, itemID(m)))))
}

func TestContentCutAtAGroup(t *testing.T) {
	t.Parallel()
	through(t, func(t *testing.T, c *caller) {
		m := c.srv.Mailbox(alice).Deliver([]byte(withAttachment))
		get := getItemXML(idOnly+`<t:IncludeMimeContent>true</t:IncludeMimeContent>`, itemID(m))
		for op, element := range map[string]string{get: "MimeContent", exportXML(itemID(m)): "Data"} {
			whole, err := base64.StdEncoding.DecodeString(texts(c.do(op), element)[0])
			require.NoError(t, err)
			for _, keep := range []float64{0, 0.5, 0.999} {
				c.srv.FailNext("", ewstest.Shortened(keep))
				c.do(getItemXML(full, itemID(m))) // waits for a request with content
				answer := c.do(op)
				assert.Equal(t, []string{"NoError"}, codes(answer))
				text := texts(answer, element)[0]
				assert.NotContains(t, text, "=", "whole groups")
				cut, err := base64.StdEncoding.DecodeString(text)
				require.NoError(t, err)
				assert.Equal(t, whole[:int(float64(len(whole))*keep)/3*3], cut)
				assert.Less(t, len(cut), len(whole))
			}
			again, err := base64.StdEncoding.DecodeString(texts(c.do(op), element)[0])
			require.NoError(t, err)
			assert.Equal(t, whole, again)
		}
	})
}

func TestNamedPropertiesAreNotKept(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	marked := ewstest.Delivery{Categories: []string{"Red"}, Extended: []ews.ExtendedProperty{{Field: mark, Value: "x"}}}
	source := box.DeliverWith(letterOf("source"), marked)
	data := texts(c.do(exportXML(itemID(source))), "Data")[0]
	inbox := c.srv.Mailbox(quar).Folder(ews.FolderInbox)
	stamp := `<t:ExtendedProperty>` + markPath + `<t:Value>x</t:Value></t:ExtendedProperty>`
	for name, op := range map[string]func() string{
		"create": func() string {
			return createXML(saveOnly, folderOf("inbox", quar), `<t:Message>`+mimeOf(plain)+`<t:Categories><t:String>Red</t:String></t:Categories>`+stamp+`</t:Message>`)
		},
		"upload": func() string { return uploadXML("CreateNew", inbox, "", data) },
		"move":   func() string { return moveXML(folderOf("inbox", quar), itemID(box.DeliverWith([]byte(plain), marked))) },
		"update": func() string {
			m := inbox.Messages()[0]
			return updateXML("AlwaysOverwrite", "", itemID(m), setExtended(markPath, `<t:Value>y</t:Value>`), setField("item:Subject", `<t:Subject>Other</t:Subject>`))
		},
	} {
		c.srv.Mailbox(quar).DeliverWith([]byte(plain), ewstest.Delivery{Folder: inbox, Categories: []string{"Red"}})
		failure := c.srv.Fail(ewstest.When{}, ewstest.PropertiesLost)
		touched := func() *ewstest.Message {
			assert.Equal(t, []string{"NoError"}, codes(c.do(op())), name)
			all := inbox.Messages()
			if name == "update" {
				return all[0]
			}
			return all[len(all)-1]
		}
		lost := touched()
		assert.NotContains(t, lost.Properties, mark, name)
		assert.Equal(t, []string{"Red"}, lost.Categories, name)
		assert.Empty(t, texts(c.do(findXML(folderOf("inbox", quar), `<m:Restriction><t:Exists>`+markPath+`</t:Exists></m:Restriction>`)), "Subject"), name)
		assert.Equal(t, 1, failure.Struck(), name)
		failure.Cancel()
		assert.Contains(t, touched().Properties, mark, name)
		for _, m := range inbox.Messages() {
			c.srv.Mailbox(quar).DeleteMessage(m.ID)
		}
	}
}

func TestChangeKeysAreIgnored(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	inbox := box.Folder(ews.FolderInbox)
	subject := setField("item:Subject", `<t:Subject>Other</t:Subject>`)
	for name, tt := range map[string]struct {
		op   func(m *ewstest.Message, bad string) string
		bad  bool // an invalid key rather than an old one
		code string
	}{
		"UpdateItem": {func(m *ewstest.Message, bad string) string { return updateXML("AutoResolve", "", bad, subject) }, false, "ErrorIrresolvableConflict"},
		"DeleteItem": {func(m *ewstest.Message, bad string) string { return deleteXML("SoftDelete", "", bad) }, true, "ErrorInvalidChangeKey"},
		"MoveItem":   {func(m *ewstest.Message, bad string) string { return moveXML(folderOf("drafts", alice), bad) }, true, "ErrorInvalidChangeKey"},
		"UploadItems": {func(m *ewstest.Message, bad string) string {
			return uploadXML("Update", inbox, bad, texts(c.do(exportXML(`<t:ItemId Id="`+m.ID.ID+`"/>`)), "Data")[0])
		}, false, "ErrorInvalidChangeKey"},
	} {
		m := box.Deliver([]byte(plain))
		bad := itemID(m)
		box.SetRead(m.ID, true)
		if tt.bad {
			bad = `<t:ItemId Id="` + m.ID.ID + `" ChangeKey="none"/>`
		}
		assert.Equal(t, []string{tt.code}, codes(c.do(tt.op(m, bad))), name)
		failure := c.srv.Fail(ewstest.When{Operation: ews.Operation(name)}, ewstest.ChangeKeysIgnored)
		assert.Equal(t, []string{"NoError"}, codes(c.do(tt.op(m, bad))), name)
		assert.Equal(t, 1, failure.Struck(), name)
		assert.NotEqual(t, m, box.Message(m.ID), name)
		failure.Cancel()
	}
}
