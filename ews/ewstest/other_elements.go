package ewstest

import (
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// readOnlyOf are the elements of kinds other than mail and posts that no client can set:
// ErrorInvalidPropertySet. ewstest lacks these, like all other elements of these kinds.
// Sources: [MS-OXWSMTGS], [MS-OXWSCONT] and [MS-OXWSTASK].
var readOnlyOf = map[string]map[string]bool{
	"CalendarItem": names(`OriginalStart IsMeeting IsCancelled IsRecurring MeetingRequestWasSent CalendarItemType
		MyResponseType Organizer ConflictingMeetingCount AdjacentMeetingCount ConflictingMeetings AdjacentMeetings
		Duration TimeZone AppointmentReplyTime AppointmentSequenceNumber AppointmentState FirstOccurrence
		LastOccurrence ModifiedOccurrences DeletedOccurrences RecurrenceId DateTimeStamp IsOrganizer
		JoinOnlineMeetingUrl OnlineMeetingSettings`),
	"Contact": names(`CompleteName ContactSource HasPicture Alias DirectoryId DirectReports ManagerMailbox
		MSExchangeCertificate UserSMIMECertificate Photo PhoneticFirstName PhoneticFullName PhoneticLastName`),
	"DistributionList": names("ContactSource"),
	"Task": names(`AssignedTime ChangeCount DelegationState Delegator IsAssignmentEditable IsComplete IsRecurring
		IsTeamTask Owner StatusDescription`),
}

func names(all string) map[string]bool {
	set := make(map[string]bool)
	for name := range strings.FieldsSeq(all) {
		set[name] = true
	}
	return set
}

// unknown returns the rule for an element, of items of a kind, that is not in
// itemElements.
func unknown(kind, name string) rule {
	if readOnlyOf[kind][name] {
		return readOnly
	}
	return lacks
}

// folderOf are the kinds that can only be created in folders of their own kind, with the
// errors for other folders.
var folderOf = map[string]struct {
	kind string
	code ews.ResponseCode
}{
	"CalendarItem":     {"CalendarFolder", "ErrorCannotCreateCalendarItemInNonCalendarFolder"},
	"Contact":          {"ContactsFolder", "ErrorCannotCreateContactInNonContactFolder"},
	"DistributionList": {"ContactsFolder", "ErrorCannotCreateContactInNonContactFolder"},
	"Task":             {"TasksFolder", "ErrorCannotCreateTaskInNonTaskFolder"},
	"PostItem":         {"Folder", "ErrorCannotCreatePostItemInNonMailFolder"},
}

// fitting refuses to create an item in a folder for other kinds.
func fitting(kind string, f *mailstore.Folder) *refusal {
	if own, ok := folderOf[kind]; ok && folderKind(f) != own.kind {
		return refuse(own.code)
	}
	return nil
}
