package ewstest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// TestBatchesAnswerEach: answers come in the order of the request, one for each member,
// even for a member that does not exist, appears twice or is of another kind.
func TestBatchesAnswerEach(t *testing.T) {
	t.Parallel()
	const ok, gone, malformed, folder = "NoError", "ErrorItemNotFound", "ErrorInvalidIdMalformed", "ErrorCannotUseFolderIdForItemId"
	for name, tt := range map[string]struct {
		op    func(ids string) string
		twice string // the answer to an id that appears a second time
	}{
		"GetItem": {func(ids string) string { return getItemXML(idOnly, ids) }, ok},
		"CopyItem": {func(ids string) string {
			return strings.ReplaceAll(moveXML(folderOf("drafts", alice), ids), "MoveItem", "CopyItem")
		}, ok},
		"MoveItem": {func(ids string) string { return moveXML(folderOf("drafts", alice), ids) }, gone},
		"DeleteItem": {func(ids string) string {
			return `<m:DeleteItem DeleteType="HardDelete"><m:ItemIds>` + ids + `</m:ItemIds></m:DeleteItem>`
		}, gone},
		"ExportItems": {func(ids string) string {
			return `<m:ExportItems><m:ItemIds>` + ids + `</m:ItemIds></m:ExportItems>`
		}, ok},
		"UpdateItem": {func(ids string) string {
			var changes strings.Builder
			for id := range strings.SplitAfterSeq(ids, "/>") {
				if id != "" {
					changes.WriteString(`<t:ItemChange>` + id + `<t:Updates><t:SetItemField><t:FieldURI FieldURI="item:Categories"/><t:Message><t:Categories><t:String>a</t:String></t:Categories></t:Message></t:SetItemField></t:Updates></t:ItemChange>`)
				}
			}
			return `<m:UpdateItem MessageDisposition="SaveOnly" ConflictResolution="AlwaysOverwrite"><m:ItemChanges>` + changes.String() + `</m:ItemChanges></m:UpdateItem>`
		}, ok},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCaller(t, ewstest.Options{})
			box := c.srv.Mailbox(alice)
			id := func(m *ewstest.Message) string { return `<t:ItemId Id="` + m.ID.ID + `"/>` }
			deleted := box.Deliver([]byte(plain))
			box.DeleteMessage(deleted.ID)
			first, last := box.Deliver([]byte(plain)), box.Deliver([]byte(receiptAsked))
			answer := c.do(tt.op(id(first) + id(deleted) + `<t:ItemId Id="AAAA"/>` + `<t:ItemId Id="` + box.Folder("inbox").ID().ID + `"/>` + id(first) + id(last)))
			assert.Equal(t, []string{ok, gone, malformed, folder, tt.twice, ok}, codes(answer))
			classes := attrs(answer, name+"ResponseMessage", "ResponseClass")
			for i, code := range codes(answer) {
				assert.Equal(t, map[bool]string{true: "Success", false: "Error"}[code == ok], classes[i])
			}
		})
	}
}

// TestCreateItemMakesEachMember: an item that cannot be created does not keep the others
// from being created.
func TestCreateItemMakesEachMember(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	draft := func(subject, rest string) string {
		return `<t:Message><t:Subject>` + subject + `</t:Subject>` + rest + `</t:Message>`
	}
	answer := c.do(createXML(saveOnly, folderOf("drafts", alice), draft("one", "")+draft("two", `<t:DateTimeReceived>2026-11-24T10:00:00Z</t:DateTimeReceived>`)+draft("three", "")))
	assert.Equal(t, []string{"NoError", "ErrorInvalidPropertySet", "NoError"}, codes(answer))
	ids := attrs(answer, "ItemId", "Id")
	assert.Len(t, ids, 2)
	var subjects []string
	for _, m := range c.srv.Mailbox(alice).Folder("drafts").Messages() {
		subjects = append(subjects, m.Subject)
	}
	assert.Equal(t, []string{"one", "three"}, subjects)
}

// TestUpdateItemChangesAllOfAMemberOrNothing: if one change to an item is refused, no
// change to that item is made, but changes to other items are.
func TestUpdateItemChangesAllOfAMemberOrNothing(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	first, second := box.Deliver([]byte(plain)), box.Deliver([]byte(receiptAsked))
	set := func(uri, value string) string {
		return `<t:SetItemField><t:FieldURI FieldURI="` + uri + `"/><t:Message>` + value + `</t:Message></t:SetItemField>`
	}
	read := set("message:IsRead", `<t:IsRead>true</t:IsRead>`)
	change := func(m *ewstest.Message, updates string) string {
		return `<t:ItemChange>` + itemID(m) + `<t:Updates>` + updates + `</t:Updates></t:ItemChange>`
	}
	answer := c.do(`<m:UpdateItem MessageDisposition="SaveOnly" ConflictResolution="AlwaysOverwrite" SuppressReadReceipts="true"><m:ItemChanges>` +
		change(first, read+set("item:Size", `<t:Size>3</t:Size>`)) + change(second, read) + `</m:ItemChanges></m:UpdateItem>`)
	got := codes(answer)
	assert.Equal(t, []string{"ErrorInvalidPropertySet", "NoError"}, got)
	assert.False(t, box.Message(first.ID).Read)
	assert.True(t, box.Message(second.ID).Read)
}
