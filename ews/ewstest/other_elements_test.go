package ewstest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func TestReadOnlyElementsOfOtherKinds(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		for _, tt := range []struct{ kind, prefix, name, value, code string }{
			{"CalendarItem", "calendar", "IsMeeting", "true", "ErrorInvalidPropertySet"},
			{"CalendarItem", "calendar", "CalendarItemType", "Single", "ErrorInvalidPropertySet"},
			{"CalendarItem", "calendar", "Organizer", mailboxXML, "ErrorInvalidPropertySet"},
			{"CalendarItem", "calendar", "Duration", "PT1H", "ErrorInvalidPropertySet"},
			{"CalendarItem", "calendar", "Location", "Hall", "ErrorInvalidOperation"}, // not kept
			{"Contact", "contacts", "HasPicture", "true", "ErrorInvalidPropertySet"},
			{"Contact", "contacts", "Mileage", "12", "ErrorInvalidOperation"},
			{"DistributionList", "contacts", "ContactSource", "Store", "ErrorInvalidPropertySet"},
			{"Task", "task", "ChangeCount", "1", "ErrorInvalidPropertySet"},
			{"Task", "task", "IsComplete", "true", "ErrorInvalidPropertySet"},
			{"Task", "task", "StatusDescription", "Done", "ErrorInvalidPropertySet"},
			{"Task", "task", "PercentComplete", "50", "ErrorInvalidOperation"},
			{"Task", "item", "Size", "1", "ErrorInvalidPropertySet"},
		} {
			element := `<t:` + tt.name + `>` + tt.value + `</t:` + tt.name + `>`
			create := func(content string) string {
				return c.do(`<m:CreateItem MessageDisposition="SaveOnly" SendMeetingInvitations="SendToNone"><m:SavedItemFolderId>` + folderOf(ownFolders[tt.kind], alice) + `</m:SavedItemFolderId><m:Items><t:` + tt.kind + `>` + content + `</t:` + tt.kind + `></m:Items></m:CreateItem>`)
			}
			assert.Equal(t, []string{tt.code}, codes(create(element)), "%s of a %s on %s", tt.name, tt.kind, version)
			made := create("")
			require.Equal(t, []string{"NoError"}, codes(made))
			uri := tt.prefix + ":" + tt.name
			update := func(change string) string {
				id := `<t:ItemId Id="` + attrs(made, "ItemId", "Id")[0] + `"/>`
				return c.do(updateXML("AlwaysOverwrite", `SendMeetingInvitationsOrCancellations="SendToNone"`, id, change))
			}
			set := `<t:SetItemField><t:FieldURI FieldURI="` + uri + `"/><t:` + tt.kind + `>` + element + `</t:` + tt.kind + `></t:SetItemField>`
			assert.Equal(t, []string{tt.code}, codes(update(set)), "%s on %s", uri, version)
			if tt.code == "ErrorInvalidPropertySet" {
				tt.code = "ErrorInvalidPropertyDelete"
			}
			assert.Equal(t, []string{tt.code}, codes(update(`<t:DeleteItemField><t:FieldURI FieldURI="`+uri+`"/></t:DeleteItemField>`)), "%s on %s", uri, version)
		}
	}
}

// ownFolders are the folders in which items of a kind can be created.
var ownFolders = map[string]string{"CalendarItem": "calendar", "Contact": "contacts", "DistributionList": "contacts", "Task": "tasks", "PostItem": "inbox"}

func TestItemsAreCreatedInFoldersOfTheirKind(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	for kind, code := range map[string]string{
		"CalendarItem": "ErrorCannotCreateCalendarItemInNonCalendarFolder", "Contact": "ErrorCannotCreateContactInNonContactFolder",
		"DistributionList": "ErrorCannotCreateContactInNonContactFolder", "Task": "ErrorCannotCreateTaskInNonTaskFolder", "PostItem": "ErrorCannotCreatePostItemInNonMailFolder",
		"Message": "NoError", "Item": "NoError",
	} {
		for _, folder := range []string{"calendar", "contacts", "tasks", "inbox"} {
			want := code
			if folder == ownFolders[kind] {
				want = "NoError"
			}
			made := c.do(`<m:CreateItem MessageDisposition="SaveOnly" SendMeetingInvitations="SendToNone"><m:SavedItemFolderId>` + folderOf(folder, alice) + `</m:SavedItemFolderId><m:Items><t:` + kind + `/></m:Items></m:CreateItem>`)
			assert.Equal(t, []string{want}, codes(made), "%s in %s", kind, folder)
		}
	}
}

func TestUpdateKeepsTheKindOfAnItem(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).Deliver([]byte(plain))
	for class, want := range map[string]string{"IPM.Task": "ErrorObjectTypeChanged", "IPM.Schedule.Meeting.Request": "ErrorObjectTypeChanged", "IPM.Note.Own": "NoError"} {
		assert.Equal(t, []string{want}, codes(c.do(updateXML("AlwaysOverwrite", "", itemID(m), setField("item:ItemClass", `<t:ItemClass>`+class+`</t:ItemClass>`)))), class)
	}
	assert.Equal(t, "IPM.Note.Own", c.srv.Mailbox(alice).Message(m.ID).Class)
}

func TestAnswersToWhatCannotBeAnswered(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	mail, post := box.Deliver([]byte(plain)), box.DeliverWith([]byte(receiptAsked), ewstest.Delivery{Class: "IPM.Post"})
	meeting := box.DeliverWith([]byte(plain), ewstest.Delivery{Class: "IPM.Schedule.Meeting.Request"})
	for _, tt := range []struct {
		answer, disposition, code string
		m                         *ewstest.Message
	}{
		{"AcceptItem", saveOnly, "ErrorInvalidItemForOperationAcceptItem", mail},
		{"TentativelyAcceptItem", saveOnly, "ErrorInvalidItemForOperationTentative", mail},
		{"DeclineItem", saveOnly, "ErrorInvalidItemForOperationDeclineItem", mail},
		{"DeclineItem", "", "ErrorMessageDispositionRequired", meeting},
		{"DeclineItem", saveOnly, "NoError", meeting},
		{"SuppressReadReceipt", saveOnly, "ErrorReadReceiptNotPending", mail},
		{"SuppressReadReceipt", saveOnly, "ErrorInvalidReferenceItem", post},
	} {
		reference := `<t:` + tt.answer + `><t:ReferenceItemId Id="` + tt.m.ID.ID + `" ChangeKey="` + tt.m.ID.ChangeKey + `"/></t:` + tt.answer + `>`
		assert.Equal(t, []string{tt.code}, codes(c.do(createXML(tt.disposition, "", reference))), "%+v", tt.answer)
	}
	assert.Empty(t, c.srv.Notices())
}
