package ewstest

import (
	"strconv"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// getter reads a property of an item or folder: its value or values in text
// form, and whether it exists.
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

func itemText(kind ews.PropertyType, get func(*mailstore.Item) string) getter[*mailstore.Item] {
	return getter[*mailstore.Item]{kind, func(it *mailstore.Item) ([]string, bool) { return []string{get(it)}, true }}
}

// itemQuery has the item properties that queries can search and sort by.
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
		"item:IsDraft":                       itemText(ews.TypeBoolean, func(it *mailstore.Item) string { return strconv.FormatBool(it.Draft()) }),
		"item:IsAssociated":                  itemText(ews.TypeBoolean, func(it *mailstore.Item) string { return strconv.FormatBool(it.Associated) }),
		"message:From":                       itemProperty(mailstore.TagFromName),
		"message:Sender":                     itemProperty(mailstore.TagSenderName),
		"message:ToRecipients":               itemProperty(mailstore.TagDisplayTo),
		"message:CcRecipients":               itemProperty(mailstore.TagDisplayCc),
		"message:BccRecipients":              itemProperty(mailstore.TagDisplayBcc),
		"message:InternetMessageId":          itemProperty(mailstore.TagMessageID),
		"message:References":                 itemProperty(mailstore.TagReferences),
		"message:ConversationTopic":          itemProperty(mailstore.TagTopic),
		"message:IsRead":                     itemText(ews.TypeBoolean, func(it *mailstore.Item) string { return strconv.FormatBool(it.Read()) }),
		"message:IsReadReceiptRequested":     itemProperty(mailstore.TagReadReceipt),
		"message:IsDeliveryReceiptRequested": itemProperty(mailstore.TagDeliveryReport),
	},
}

func folderText(kind ews.PropertyType, get func(*mailstore.Folder) string) getter[*mailstore.Folder] {
	return getter[*mailstore.Folder]{kind, func(f *mailstore.Folder) ([]string, bool) { return []string{get(f)}, true }}
}

// folderQuery has the folder properties that queries can search by.
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
