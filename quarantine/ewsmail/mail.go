package ewsmail

import (
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// mailClasses are the classes of messages; subclasses count, too. They do not include the
// items that only the owner of a mailbox makes: appointments, contacts, tasks, notes and
// journal entries, which also have a subject and a time.
//
// See [MS-OXPROTO] and https://learn.microsoft.com/en-us/office/vba/outlook/concepts/forms/item-types-and-message-classes.
var mailClasses = []string{
	"IPM.Note",             // also S/MIME, voice mail, receipts in the making
	"IPM.Schedule.Meeting", // invitations, answers and cancellations
	"REPORT",               // of delivery, non-delivery and reading
	"IPM.Post",             // written by somebody for the readers of a folder
}

// mailKinds are the elements of messages whose class is not known.
var mailKinds = map[string]bool{
	"Message": true, "MeetingMessage": true, "MeetingRequest": true, "MeetingResponse": true, "MeetingCancellation": true, "PostItem": true,
}

// isMail reports whether an item is certainly a message: by its class, or because it has
// a Message-ID, which an item gets when it is sent or received. The sender can choose the
// class of a message through TNEF, so a received message counts whatever its class.
func isMail(it driver.Item) bool {
	if it.Class == "" {
		return it.MessageID != "" || mailKinds[it.Kind]
	}
	for _, class := range mailClasses {
		if below := len(it.Class) > len(class); len(it.Class) >= len(class) && strings.EqualFold(it.Class[:len(class)], class) && (!below || it.Class[len(class)] == '.') {
			return true
		}
	}
	return it.MessageID != ""
}
