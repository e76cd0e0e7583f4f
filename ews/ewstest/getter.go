package ewstest

import (
	"strconv"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest/internal/store"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// getter reads a property of an item or folder: its text form, or several, and
// whether it is there.
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

func itemProperty(key ews.ExtendedField) getter[*store.Item] {
	return getter[*store.Item]{key.Type, func(it *store.Item) ([]string, bool) {
		p, ok := it.Property(key)
		if p.Values != nil {
			return p.Values, ok
		}
		return []string{p.Value}, ok
	}}
}

func itemText(kind ews.PropertyType, get func(*store.Item) string) getter[*store.Item] {
	return getter[*store.Item]{kind, func(it *store.Item) ([]string, bool) { return []string{get(it)}, true }}
}

// itemQuery are the item properties that can be searched and sorted by.
var itemQuery = resolver[*store.Item]{
	property: (*store.Item).Property,
	fields: map[string]getter[*store.Item]{
		"item:Subject":                       itemProperty(store.TagSubject),
		"item:ItemClass":                     itemProperty(store.TagClass),
		"item:DateTimeReceived":              itemProperty(store.TagDeliveryTime),
		"item:DateTimeSent":                  itemProperty(store.TagSubmitTime),
		"item:DateTimeCreated":               itemProperty(store.TagCreated),
		"item:LastModifiedTime":              itemProperty(store.TagModified),
		"item:Size":                          itemProperty(store.TagSize),
		"item:HasAttachments":                itemProperty(store.TagHasAttachments),
		"item:InReplyTo":                     itemProperty(store.TagInReplyTo),
		"item:DisplayTo":                     itemProperty(store.TagDisplayTo),
		"item:DisplayCc":                     itemProperty(store.TagDisplayCc),
		"item:Body":                          itemProperty(store.TagBody),
		"item:Categories":                    itemProperty(store.PropKeywords),
		"item:Importance":                    itemText(ews.TypeString, (*store.Item).Importance),
		"item:Sensitivity":                   itemText(ews.TypeString, (*store.Item).Sensitivity),
		"item:IsDraft":                       itemText(ews.TypeBoolean, func(it *store.Item) string { return strconv.FormatBool(it.Draft()) }),
		"item:IsAssociated":                  itemText(ews.TypeBoolean, func(it *store.Item) string { return strconv.FormatBool(it.Associated) }),
		"message:From":                       itemProperty(store.TagFromName),
		"message:Sender":                     itemProperty(store.TagSenderName),
		"message:ToRecipients":               itemProperty(store.TagDisplayTo),
		"message:CcRecipients":               itemProperty(store.TagDisplayCc),
		"message:BccRecipients":              itemProperty(store.TagDisplayBcc),
		"message:InternetMessageId":          itemProperty(store.TagMessageID),
		"message:References":                 itemProperty(store.TagReferences),
		"message:ConversationTopic":          itemProperty(store.TagTopic),
		"message:IsRead":                     itemText(ews.TypeBoolean, func(it *store.Item) string { return strconv.FormatBool(it.Read()) }),
		"message:IsReadReceiptRequested":     itemProperty(store.TagReadReceipt),
		"message:IsDeliveryReceiptRequested": itemProperty(store.TagDeliveryReport),
	},
}

func folderText(kind ews.PropertyType, get func(*store.Folder) string) getter[*store.Folder] {
	return getter[*store.Folder]{kind, func(f *store.Folder) ([]string, bool) { return []string{get(f)}, true }}
}

// folderQuery are the folder properties that can be searched by.
var folderQuery = resolver[*store.Folder]{
	property: (*store.Folder).Property,
	fields: map[string]getter[*store.Folder]{
		"folder:DisplayName":      folderText(ews.TypeString, func(f *store.Folder) string { return f.Name }),
		"folder:FolderClass":      folderText(ews.TypeString, func(f *store.Folder) string { return f.Class }),
		"folder:TotalCount":       folderText(ews.TypeInteger, func(f *store.Folder) string { return strconv.Itoa(f.Count()) }),
		"folder:UnreadCount":      folderText(ews.TypeInteger, func(f *store.Folder) string { return strconv.Itoa(f.Unread()) }),
		"folder:ChildFolderCount": folderText(ews.TypeInteger, func(f *store.Folder) string { return strconv.Itoa(len(f.Children)) }),
	},
}
