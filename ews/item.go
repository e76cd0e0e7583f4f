package ews

import "time"

// Item is an item of a mailbox. Only the properties requested by the shape are set.
// FindItem leaves out bodies and recipients, truncates strings to 255 characters, and
// returns only the names of From and Sender.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/item.
type Item struct {
	ID             ItemID
	ParentFolderID FolderID

	// Kind is the element the server used: "Message", "MeetingRequest",
	// "CalendarItem", "Contact", …
	Kind  string
	Class string // item class, such as "IPM.Note"

	Subject           string
	InternetMessageID string
	InReplyTo         string
	From, Sender      Mailbox
	To, Cc, Bcc       []Mailbox
	Size              int64  // bytes in the store, not of the MIME
	Importance        string // "Low", "Normal", "High"
	Sensitivity       string
	Categories        []string
	Flag              Flag // Exchange 2013 and later

	Received, Sent, Created, LastModified time.Time // UTC; zero if not returned

	IsRead               bool // never returned for items without a read state
	IsDraft              bool
	HasAttachments       bool
	ReadReceiptRequested bool

	Attachments     []Attachment
	InternetHeaders []InternetHeader
	Extended        []ExtendedProperty
}

// Property returns the value of an extended property that was requested, and whether the
// item has it.
func (it *Item) Property(f ExtendedField) (ExtendedProperty, bool) {
	for _, p := range it.Extended {
		if p.Field == f {
			return p, true
		}
	}
	return ExtendedProperty{}, false
}

// Flag is the follow-up flag of an item (Exchange 2013 and later).
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/flag.
type Flag struct {
	Status               string // "NotFlagged", "Flagged", "Complete"
	Start, Due, Complete time.Time
}

// Attachment describes an attachment, without its content.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/fileattachment.
type Attachment struct {
	ID          string
	Name        string
	ContentType string
	ContentID   string
	Size        int64 // bytes; approximate on all versions
	IsInline    bool
	IsItem      bool // an attached item (message/rfc822), not a file
}

// InternetHeader is one header field of a message as it was received.
type InternetHeader struct {
	Name  string
	Value string
}

// Folder is a folder of a mailbox.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/folder.
type Folder struct {
	ID          FolderID
	ParentID    FolderID
	Kind        string // element name: "Folder", "CalendarFolder", "SearchFolder", …
	Class       string // folder class, such as "IPF.Note"; may be empty
	DisplayName string // localised; for display only

	// Distinguished is the well-known name, if the server returns one (Exchange
	// 2013 and later).
	Distinguished FolderName

	TotalCount, ChildFolderCount, UnreadCount int
	Rights                                    *EffectiveRights // nil if not requested
	Extended                                  []ExtendedProperty
}

// Property returns the value of an extended property that was requested, and whether the
// folder has it.
func (f *Folder) Property(field ExtendedField) (ExtendedProperty, bool) {
	for _, p := range f.Extended {
		if p.Field == field {
			return p, true
		}
	}
	return ExtendedProperty{}, false
}

// EffectiveRights describes what the caller may do with a folder.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/effectiverights.
type EffectiveRights struct {
	CreateAssociated, CreateContents, CreateHierarchy, Delete, Modify, Read bool
}
