package ews

// PropertyPath names a property in a shape, restriction, sort order or update:
// a [FieldURI] or an [ExtendedField].
type PropertyPath interface{ propertyPath() }

func (FieldURI) propertyPath()      {}
func (ExtendedField) propertyPath() {}

// FieldURI is the name of a property that EWS itself defines, such as
// "item:Subject".
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/fielduri.
type FieldURI string

// Field URIs that this package decodes into [Item] and [Folder].
const (
	FieldItemID             FieldURI = "item:ItemId"
	FieldParentFolderID     FieldURI = "item:ParentFolderId"
	FieldItemClass          FieldURI = "item:ItemClass"
	FieldSubject            FieldURI = "item:Subject"
	FieldSensitivity        FieldURI = "item:Sensitivity"
	FieldDateTimeReceived   FieldURI = "item:DateTimeReceived"
	FieldSize               FieldURI = "item:Size"
	FieldCategories         FieldURI = "item:Categories"
	FieldImportance         FieldURI = "item:Importance"
	FieldInReplyTo          FieldURI = "item:InReplyTo"
	FieldIsDraft            FieldURI = "item:IsDraft"
	FieldDateTimeSent       FieldURI = "item:DateTimeSent"
	FieldDateTimeCreated    FieldURI = "item:DateTimeCreated"
	FieldLastModifiedTime   FieldURI = "item:LastModifiedTime"
	FieldHasAttachments     FieldURI = "item:HasAttachments"
	FieldAttachments        FieldURI = "item:Attachments"
	FieldInternetHeaders    FieldURI = "item:InternetMessageHeaders"
	FieldMimeContent        FieldURI = "item:MimeContent"
	FieldBody               FieldURI = "item:Body"
	FieldFlag               FieldURI = "item:Flag" // Exchange 2013 and later
	FieldFrom               FieldURI = "message:From"
	FieldSender             FieldURI = "message:Sender"
	FieldToRecipients       FieldURI = "message:ToRecipients"
	FieldCcRecipients       FieldURI = "message:CcRecipients"
	FieldBccRecipients      FieldURI = "message:BccRecipients"
	FieldInternetMessageID  FieldURI = "message:InternetMessageId"
	FieldIsRead             FieldURI = "message:IsRead"
	FieldIsReadReceiptAsked FieldURI = "message:IsReadReceiptRequested"

	FieldFolderID         FieldURI = "folder:FolderId"
	FieldFolderParentID   FieldURI = "folder:ParentFolderId"
	FieldFolderName       FieldURI = "folder:DisplayName"
	FieldFolderClass      FieldURI = "folder:FolderClass"
	FieldFolderTotalCount FieldURI = "folder:TotalCount"
	FieldFolderChildCount FieldURI = "folder:ChildFolderCount"
	FieldFolderUnread     FieldURI = "folder:UnreadCount"
	FieldFolderRights     FieldURI = "folder:EffectiveRights"
)

// PropertyType is the MAPI type of an extended property, as the protocol
// spells it.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/extendedfielduri.
type PropertyType string

// Property types.
const (
	TypeString      PropertyType = "String"
	TypeStringArray PropertyType = "StringArray"
	TypeInteger     PropertyType = "Integer"
	TypeLong        PropertyType = "Long"
	TypeShort       PropertyType = "Short"
	TypeBoolean     PropertyType = "Boolean"
	TypeBinary      PropertyType = "Binary"
	TypeSystemTime  PropertyType = "SystemTime"
	TypeDouble      PropertyType = "Double"
	TypeCLSID       PropertyType = "CLSID"
)

// ExtendedField names a MAPI property in exactly one of three ways: by Tag (below 0x8000;
// servers refuse higher numbers, because they differ from mailbox to mailbox), by a
// property set (Set or GUID) and Name, or by a property set and ID. It is comparable, so
// it can be a map key.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/extendedfielduri.
type ExtendedField struct {
	Tag  uint16       // property tag without its type, such as 0x1035
	Set  PropertySet  // a distinguished property set
	GUID string       // property set GUID without braces, lower case
	Name string       // name within the set
	ID   uint32       // dispatch id within the set, when Name is empty
	Type PropertyType // required
}

// PropertySet is the name of a distinguished property set.
type PropertySet string

// Distinguished property sets.
const (
	SetCommon          PropertySet = "Common"
	SetPublicStrings   PropertySet = "PublicStrings"
	SetInternetHeaders PropertySet = "InternetHeaders"
	SetAddress         PropertySet = "Address"
	SetAppointment     PropertySet = "Appointment"
	SetMeeting         PropertySet = "Meeting"
	SetTask            PropertySet = "Task"
	SetSharing         PropertySet = "Sharing"
)

// MAPI properties that this module uses, named as in [MS-OXPROPS].
var (
	PidTagSearchKey               = ExtendedField{Tag: 0x300B, Type: TypeBinary}
	PidTagInternetMessageID       = ExtendedField{Tag: 0x1035, Type: TypeString}
	PidTagMessageFlags            = ExtendedField{Tag: 0x0E07, Type: TypeInteger}
	PidTagMessageDeliveryTime     = ExtendedField{Tag: 0x0E06, Type: TypeSystemTime}
	PidTagClientSubmitTime        = ExtendedField{Tag: 0x0039, Type: TypeSystemTime}
	PidTagTransportMessageHeaders = ExtendedField{Tag: 0x007D, Type: TypeString}
	PidTagSenderSMTPAddress       = ExtendedField{Tag: 0x5D01, Type: TypeString}
	PidTagFolderType              = ExtendedField{Tag: 0x3601, Type: TypeInteger}
	PidTagFolderPathFullName      = ExtendedField{Tag: 0x66B5, Type: TypeString}
	PidTagAttributeHidden         = ExtendedField{Tag: 0x10F4, Type: TypeBoolean}
)

// ExtendedProperty is the value of an extended property, in the text form of
// the protocol: base64 for Binary, xs:dateTime for SystemTime, decimal for
// numbers, "true" or "false" for Boolean. Array types use Values instead of
// Value.
type ExtendedProperty struct {
	Field  ExtendedField
	Value  string
	Values []string
}
