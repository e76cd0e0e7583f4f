package ewstest

import (
	"strconv"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// getter reads a property of an item or folder: its value or values as text, and whether
// it exists.
type getter[T any] struct {
	kind ews.PropertyType
	get  func(T) ([]string, bool)
}

// resolver finds the getter of a field URI.
type resolver[T any] struct {
	fields   map[string]getter[T]
	property func(T, ews.ExtendedField) (ews.ExtendedProperty, bool)
}

// path returns the getter of the property that a node names.
func (r resolver[T]) path(n *ewsschema.Node) (getter[T], *refusal) {
	switch n.Local {
	case "FieldURI":
		if g, ok := r.fields[n.Get("FieldURI")]; ok {
			return g, nil
		}
	case "IndexedFieldURI":
		if g, ok := r.fields[n.Get("FieldURI")+" "+n.Get("FieldIndex")]; ok {
			return g, nil
		}
	case "ExtendedFieldURI":
		f, refused := extendedField(n)
		if refused != nil {
			return getter[T]{}, refused
		}
		key := keyOf(f)
		return getter[T]{f.Type, func(t T) ([]string, bool) {
			p, ok := r.property(t, key)
			if p.Values != nil {
				return p.Values, ok
			}
			return []string{p.Value}, ok
		}}, nil
	}
	return getter[T]{}, &refusal{code: "ErrorUnsupportedPathForQuery", text: "The property cannot be used in a query."}
}

func itemProperty(key ews.ExtendedField) getter[*mailstore.Item] {
	return getter[*mailstore.Item]{key.Type, func(it *mailstore.Item) ([]string, bool) {
		p, ok := it.Property(key)
		if p.Values != nil {
			return p.Values, ok
		}
		return []string{p.Value}, ok
	}}
}

// itemFlag returns the getter of a bit of PidTagMessageFlags.
func itemFlag(bit int64) getter[*mailstore.Item] {
	return itemTruth(func(it *mailstore.Item) bool { return it.Properties().Int(mailstore.TagFlags)&bit != 0 })
}

// receivedBy is the name of the owner of the mailbox that a message was delivered to.
var receivedBy = getter[*mailstore.Item]{ews.TypeString, func(it *mailstore.Item) ([]string, bool) {
	if !it.Delivered {
		return nil, false
	}
	return []string{it.Folder.Mailbox.DisplayName}, true
}}

// fromMe reports whether a message is from the owner of a mailbox.
func fromMe(it *mailstore.Item, box *mailstore.Mailbox) bool {
	from := it.Properties().Text(mailstore.TagFromAddress)
	return from != "" && box.Has(from)
}

func itemTruth(get func(*mailstore.Item) bool) getter[*mailstore.Item] {
	return itemText(ews.TypeBoolean, func(it *mailstore.Item) string { return strconv.FormatBool(get(it)) })
}

func itemText(kind ews.PropertyType, get func(*mailstore.Item) string) getter[*mailstore.Item] {
	return getter[*mailstore.Item]{kind, func(it *mailstore.Item) ([]string, bool) { return []string{get(it)}, true }}
}

// itemQuery holds the item properties that queries can search and sort by.
var itemQuery = resolver[*mailstore.Item]{
	property: (*mailstore.Item).Property,
	fields: map[string]getter[*mailstore.Item]{
		"item:Subject":                       itemProperty(mailstore.TagSubject),
		"item:ItemClass":                     itemProperty(mailstore.TagClass),
		"item:DateTimeReceived":              itemProperty(mailstore.TagDeliveryTime),
		"item:DateTimeSent":                  itemProperty(mailstore.TagSubmitTime),
		"item:DateTimeCreated":               itemProperty(mailstore.TagCreated),
		"item:LastModifiedTime":              itemProperty(mailstore.TagModified),
		"item:Size":                          itemProperty(mailstore.TagSize),
		"item:HasAttachments":                itemProperty(mailstore.TagHasAttachments),
		"item:InReplyTo":                     itemProperty(mailstore.TagInReplyTo),
		"item:DisplayTo":                     itemProperty(mailstore.TagDisplayTo),
		"item:DisplayCc":                     itemProperty(mailstore.TagDisplayCc),
		"item:Body":                          itemProperty(mailstore.TagBody),
		"item:Categories":                    itemProperty(mailstore.PropKeywords),
		"item:Importance":                    itemText(rankedImportance, (*mailstore.Item).Importance),
		"item:Sensitivity":                   itemText(rankedSensitivity, (*mailstore.Item).Sensitivity),
		"item:IsDraft":                       itemTruth((*mailstore.Item).Draft),
		"item:IsAssociated":                  itemTruth(func(it *mailstore.Item) bool { return it.Associated }),
		"message:From":                       itemProperty(mailstore.TagFromName),
		"message:Sender":                     itemProperty(mailstore.TagSenderName),
		"message:ToRecipients":               itemProperty(mailstore.TagDisplayTo),
		"message:CcRecipients":               itemProperty(mailstore.TagDisplayCc),
		"message:BccRecipients":              itemProperty(mailstore.TagDisplayBcc),
		"message:InternetMessageId":          itemProperty(mailstore.TagMessageID),
		"message:References":                 itemProperty(mailstore.TagReferences),
		"message:ConversationTopic":          itemProperty(mailstore.TagTopic),
		"message:IsRead":                     itemTruth((*mailstore.Item).Read),
		"item:IsSubmitted":                   itemFlag(mailstore.FlagSubmitted),
		"item:IsFromMe":                      itemTruth(func(it *mailstore.Item) bool { return fromMe(it, it.Folder.Mailbox) }),
		"item:IsResend":                      itemTruth(func(*mailstore.Item) bool { return false }),
		"item:IsUnmodified":                  itemTruth((*mailstore.Item).Unmodified),
		"item:Culture":                       itemText(ews.TypeString, (*mailstore.Item).Culture),
		"item:ReminderDueBy":                 itemProperty(mailstore.PropReminderTime),
		"item:ReminderIsSet":                 itemProperty(mailstore.PropReminderSet),
		"item:ReminderMinutesBeforeStart":    itemProperty(mailstore.PropReminderDelta),
		"item:RetentionDate":                 itemProperty(mailstore.TagRetentionDate),
		"calendar:Start":                     itemProperty(mailstore.PropStart),
		"calendar:End":                       itemProperty(mailstore.PropEnd),
		"contacts:DisplayName":               itemProperty(mailstore.TagDisplayName),
		"postitem:PostedTime":                itemProperty(mailstore.TagDeliveryTime),
		"message:ConversationIndex":          itemProperty(mailstore.TagConversationIndex),
		"message:IsResponseRequested":        itemProperty(mailstore.TagReplyRequested),
		"message:ReceivedBy":                 receivedBy,
		"message:ReceivedRepresenting":       receivedBy,
		"message:IsReadReceiptRequested":     itemProperty(mailstore.TagReadReceipt),
		"message:IsDeliveryReceiptRequested": itemProperty(mailstore.TagDeliveryReport),
	},
}

func folderText(kind ews.PropertyType, get func(*mailstore.Folder) string) getter[*mailstore.Folder] {
	return getter[*mailstore.Folder]{kind, func(f *mailstore.Folder) ([]string, bool) { return []string{get(f)}, true }}
}

// folderQuery holds the folder properties that queries can search by.
var folderQuery = resolver[*mailstore.Folder]{
	property: (*mailstore.Folder).Property,
	fields: map[string]getter[*mailstore.Folder]{
		"folder:DisplayName":      folderText(ews.TypeString, func(f *mailstore.Folder) string { return f.Name }),
		"folder:FolderClass":      folderText(ews.TypeString, func(f *mailstore.Folder) string { return f.Class }),
		"folder:TotalCount":       folderText(ews.TypeInteger, func(f *mailstore.Folder) string { return strconv.Itoa(f.Count()) }),
		"folder:UnreadCount":      folderText(ews.TypeInteger, func(f *mailstore.Folder) string { return strconv.Itoa(f.Unread()) }),
		"folder:ChildFolderCount": folderText(ews.TypeInteger, func(f *mailstore.Folder) string { return strconv.Itoa(len(f.Children)) }),
	},
}
