package ewstest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// answerXML returns a response to an item.
func answerXML(kind string, m *ewstest.Message) string {
	return createXML(`MessageDisposition="SendAndSaveCopy"`, "", `<t:`+kind+`><t:ReferenceItemId Id="`+m.ID.ID+`" ChangeKey="`+m.ID.ChangeKey+`"/></t:`+kind+`>`)
}

// TestCodesThatThePageNames sends requests for which Microsoft's page on ResponseCode
// names a specific code. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode.
func TestCodesThatThePageNames(t *testing.T) {
	t.Parallel()
	seek := `<m:SeekToConditionPageItemView BasePoint="Beginning"><t:Condition><t:Exists><t:FieldURI FieldURI="item:Subject"/></t:Exists></t:Condition></m:SeekToConditionPageItemView>`
	view := func(start, end string) string {
		return findXML(folderOf("calendar", ""), `<m:CalendarView StartDate="`+start+`" EndDate="`+end+`"/>`)
	}
	resolve := func(name string, folders ...string) string {
		parents := ""
		for _, f := range folders {
			parents += folderOf(f, "")
		}
		if parents != "" {
			parents = `<m:ParentFolderIds>` + parents + `</m:ParentFolderIds>`
		}
		return `<m:ResolveNames ReturnFullContactData="false">` + parents + `<m:UnresolvedEntry>` + name + `</m:UnresolvedEntry></m:ResolveNames>`
	}
	for version, schema := range schemaOf {
		seekable, inCalendar := "NoError", "ErrorCalendarSeekToConditionNotSupported"
		if version == ewstest.Exchange2010SP3 {
			seekable, inCalendar = "ErrorSchemaValidation", "ErrorSchemaValidation"
		}
		c := newCaller(t, ewstest.Options{Version: version}).in(schema).as("alice")
		box := c.srv.Mailbox(alice)
		m := box.Deliver([]byte(plain))
		appointment := box.DeliverWith([]byte("Subject: A\r\n\r\n"), ewstest.Delivery{Folder: box.Folder(ews.FolderCalendar), Class: "IPM.Appointment"})
		for operation, code := range map[string]string{
			findXML(folderOf("calendar", ""), seek):              inCalendar,
			findXML(folderOf("inbox", ""), seek):                 seekable,
			view("0001-01-01T00:00:00Z", "2026-01-01T00:00:00Z"): "ErrorValueOutOfRange",
			view("2026-01-01T00:00:00Z", "9999-12-31T23:59:59Z"): "ErrorValueOutOfRange",
			view("9999-12-30T00:00:00Z", "9999-12-31T23:59:58Z"): "NoError",
			resolve(" "):                                 "ErrorInvalidNameForNameResolution",
			resolve(","):                                 "ErrorInvalidNameForNameResolution",
			resolve("-"):                                 "ErrorInvalidNameForNameResolution",
			resolve("alice", "inbox"):                    "ErrorResolveNamesInvalidFolderType",
			resolve("alice", "contacts", "inbox"):        "ErrorResolveNamesOnlyOneContactsFolderAllowed",
			resolve("alice", "contacts"):                 "NoError",
			answerXML("RemoveItem", m):                   "ErrorInvalidItemForOperationRemoveItem",
			answerXML("CancelCalendarItem", m):           "ErrorInvalidItemForOperationCancelItem",
			answerXML("CancelCalendarItem", appointment): "ErrorInvalidOperation", // ewstest does not support it
			resolve("alice"):                             "NoError",
			getItemXML(idOnly, `<t:ItemId Id="`+m.ID.ID+`" ChangeKey=""/>`):                                         "ErrorInvalidChangeKey",
			deleteXML("HardDelete", "", `<t:ItemId Id="`+m.ID.ID+`" ChangeKey=""/>`):                                "ErrorInvalidChangeKey",
			getItemXML(idOnly, `<t:OccurrenceItemId RecurringMasterId="`+appointment.ID.ID+`" InstanceIndex="1"/>`): "ErrorCalendarCannotUseIdForRecurringMasterId",
			getItemXML(idOnly, `<t:RecurringMasterItemId OccurrenceId="`+m.ID.ID+`"/>`):                             "ErrorCalendarCannotUseIdForOccurrenceId",
			moveXML(folderOf("drafts", ""), `<t:RecurringMasterItemId OccurrenceId="`+appointment.ID.ID+`"/>`):      "ErrorCalendarCannotUseIdForOccurrenceId",
			getItemXML(idOnly, `<t:OccurrenceItemId RecurringMasterId="AAA=" InstanceIndex="1"/>`):                  "ErrorInvalidIdMalformed",
			getItemXML(idOnly, `<t:RecurringMasterItemId OccurrenceId=""/>`):                                        "ErrorInvalidIdEmpty",
			getItemXML(idOnly, `<t:RecurringMasterItemId OccurrenceId="`+box.Folder(ews.FolderInbox).ID().ID+`"/>`): "ErrorCannotUseFolderIdForItemId",
		} {
			assert.Equal(t, []string{code}, codes(c.do(operation)), "%s: %s", version, operation)
		}
	}
}
