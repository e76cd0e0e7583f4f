package ewstest_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// An object survives moves, even into another mailbox, where the item that arrives has
// the same object and what is left behind does not.
func TestObjectSurvivesMoves(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).Deliver([]byte(plain))
	twin := c.srv.Mailbox(alice).Deliver([]byte(plain))
	assert.NotEqual(t, m.Object, twin.Object)
	assert.NotZero(t, m.Object)
	assert.Zero(t, m.CopiedFrom)
	require.Equal(t, []string{"NoError"}, codes(c.do(moveXML(folderOf("drafts", alice), itemID(m)))))
	moved := c.srv.Object(m.Object)
	assert.Equal(t, "/Drafts", moved.Folder)
	require.Equal(t, []string{"NoError"}, codes(c.do(moveXML(folderOf("inbox", quar), itemID(moved)))))
	there := c.srv.Object(m.Object)
	assert.Equal(t, quar, there.Mailbox)
	left := c.srv.Mailbox(alice).Folder(ews.FolderRecoverableItemsDeletions).Messages()
	require.Len(t, left, 1)
	assert.Equal(t, m.Object, left[0].CopiedFrom)
	assert.NotContains(t, []uint64{m.Object, twin.Object}, left[0].Object)
	assert.Equal(t, left[0], c.srv.Object(left[0].Object))

	require.Equal(t, []string{"NoError"}, codes(c.do(moveXML(folderOf("inbox", alice), itemID(there)))))
	assert.Equal(t, alice, c.srv.Object(m.Object).Mailbox)
	require.True(t, c.srv.Mailbox(alice).DeleteMessage(c.srv.Object(m.Object).ID))
	assert.Nil(t, c.srv.Object(m.Object))
	assert.Nil(t, c.srv.Object(0))
}

// Copies, uploads and created items are new objects. An uploaded item is a copy of the
// exported one, although the stream does not show it.
func TestObjectsOfCopies(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	m := box.Deliver([]byte(plain))
	for range 20 { // so that the number of the copy is distinct
		box.Deliver([]byte(plain))
	}
	copied := codes(c.do(strings.ReplaceAll(moveXML(folderOf("drafts", alice), itemID(m)), "MoveItem", "CopyItem")))
	require.Equal(t, []string{"NoError"}, copied)
	second := box.Folder(ews.FolderDrafts).Messages()[0]
	assert.Equal(t, m.Object, second.CopiedFrom)

	export := func(m *ewstest.Message) string {
		return texts(c.do(`<m:ExportItems><m:ItemIds>`+itemID(m)+`</m:ItemIds></m:ExportItems>`), "Data")[0]
	}
	upload := func(action, id, data string) *ewstest.Message {
		to := c.srv.Mailbox(alice).Folder(ews.FolderDrafts).ID().ID
		answer := c.do(`<m:UploadItems><m:Items><t:Item CreateAction="` + action + `"><t:ParentFolderId Id="` + to + `"/>` + id + `<t:Data>` + data + `</t:Data></t:Item></m:Items></m:UploadItems>`)
		require.Equal(t, []string{"NoError"}, codes(answer))
		return box.Message(ews.ItemID{ID: attrs(answer, "ItemId", "Id")[0]})
	}
	ofFirst, ofSecond := export(m), export(second)
	for want, data := range map[uint64]string{m.Object: ofFirst, second.Object: ofSecond} {
		up := upload("CreateNew", "", data)
		assert.Equal(t, want, up.CopiedFrom)
		assert.Greater(t, up.Object, second.Object)
	}
	replaced := upload("Update", itemID(second), ofFirst)
	assert.Equal(t, second.Object, replaced.Object, "an update in place is the same object")
	assert.Equal(t, replaced, c.srv.Object(second.Object))

	answer := c.do(getItemXML(full+`<t:IncludeMimeContent>true</t:IncludeMimeContent>`, itemID(replaced)))
	assert.NotContains(t, answer, ">"+strconv.FormatUint(replaced.Object, 10)+"<")
}
