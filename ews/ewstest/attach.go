package ewstest

import (
	"mime"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

// attachable are the elements of an attachment that a client may set, besides the item.
var attachable = map[string]bool{
	"Name": true, "ContentType": true, "ContentId": true, "ContentLocation": true, "IsInline": true, "Content": true,
}

// attach adds files and items.
func (u *update) attach(v *ewsschema.Node) *refusal {
	for _, n := range v.Kids() {
		f, item, refused := u.attached(n)
		if refused != nil {
			return refused
		}
		u.edited = true
		u.edit.Files, u.files = append(u.edit.Files, f), append(u.files, item)
	}
	return nil
}

// attached reads an attachment: a file, or an item with its MIME as the file.
func (u *update) attached(n *ewsschema.Node) (eml.File, *mailstore.Item, *refusal) {
	f := eml.File{
		Name: n.Value("Name"), ContentType: n.Value("ContentType"), ContentID: n.Value("ContentId"),
		Location: n.Value("ContentLocation"), Inline: n.Bool("IsInline", false), Item: n.Local == "ItemAttachment",
	}
	link := n.Local == "ReferenceAttachment"
	var item *ewsschema.Node
	for _, k := range n.Kids() {
		_, creatable := newKinds[k.Local]
		switch {
		case link && eml.IsLinkField(k.Local):
			f.Link = append(f.Link, eml.Field{Name: k.Local, Value: strings.TrimSpace(k.Text)})
		case link && k.Local == "Content":
		case attachable[k.Local], k.Local == "IsContactPhoto" && !n.Bool("IsContactPhoto", false):
		case f.Item && creatable:
			item = k
		case f.Item && strings.HasPrefix(k.Local, "Meeting"):
			return f, nil, refuse("ErrorInvalidItemForOperationCreateItemAttachment")
		default:
			return f, nil, lacks.refusal(u.version, k.Local+" of an attachment", true)
		}
	}
	if f.Item {
		return u.attachedItem(f, item)
	}
	switch {
	case f.Name == "":
		return f, nil, missingOf("Name")
	case link:
		return f, nil, u.linked(f)
	case !n.Child("Content").Exists():
		return f, nil, missingOf("Content")
	}
	if kind, _, err := mime.ParseMediaType(f.ContentType); f.ContentType != "" && (err != nil || strings.HasPrefix(kind, "multipart/") || kind == "message/rfc822") {
		return f, nil, lacks.refusal(u.version, "a file of the ContentType "+f.ContentType, true)
	}
	content, err := decodeBase64(n.Value("Content"))
	if err != nil {
		return f, nil, refuse("ErrorInvalidValueForProperty")
	}
	f.Content = content
	return f, nil, nil
}

// linked refuses an attachment that is a link but lacks the address of the file.
func (u *update) linked(f eml.File) *refusal {
	if !slices.ContainsFunc(f.Link, func(l eml.Field) bool { return l.Name == "AttachLongPathName" && l.Value != "" }) {
		return refuseText("ErrorRequiredPropertyMissing", "A reference attachment needs the element AttachLongPathName.")
	}
	return nil
}

// missingOf refuses a file that lacks a required property.
func missingOf(name string) *refusal {
	return &refusal{code: "ErrorRequiredPropertyMissing", text: "A file attachment needs the element " + name + ".", field: "attachment:" + name}
}

// attachedItem reads the item of an attachment.
// See https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxwsatt/46a7d12e-f378-4bbe-beab-8c0f97002685.
func (u *update) attachedItem(f eml.File, n *ewsschema.Node) (eml.File, *mailstore.Item, *refusal) {
	if n == nil {
		return f, nil, refuse("ErrorMissingItemForCreateItemAttachment")
	}
	item, refused := u.server.newItem(n, newKinds[n.Local].class)
	if refused != nil {
		return f, nil, refused
	}
	f.Content = item.MIME
	return f, u.server.org.Compose(*item), nil
}

// mimeContent returns the decoded MimeContent of an item, or nil if it has none.
func mimeContent(n *ewsschema.Node) ([]byte, *refusal) {
	if !n.Child("MimeContent").Exists() {
		return nil, nil
	}
	raw, err := decodeBase64(n.Value("MimeContent"))
	if err != nil {
		return nil, refuseText("ErrorMimeContentInvalidBase64String", "The MIME content is not valid base64.")
	}
	if raw == nil {
		raw = []byte{}
	}
	return raw, nil
}

// replace sets the MIME of a draft.
func (u *update) replace(v *ewsschema.Node) *refusal {
	raw, err := decodeBase64(v.Text)
	if err != nil {
		return refuseText("ErrorMimeContentInvalidBase64String", "The MIME content is not valid base64.")
	}
	if kind := u.item.Kind(); kind != "PostItem" && kind != "CalendarItem" && !messageKinds[kind] {
		return unconverted(kind)
	}
	if refused := mayBe("Message", eml.Parse(raw).Class()); refused != nil {
		return refused
	}
	u.mime = append([]byte{}, raw...)
	return nil
}

// content returns the MIME of a new item: the client's, or nil if it gave none, with the
// item's elements in place of the corresponding parts.
func (u *update) content(n *ewsschema.Node, raw []byte) []byte {
	switch {
	case raw == nil:
		e := u.edit
		e.Fields = append(e.Fields, eml.Field{Name: "MIME-Version", Value: "1.0"})
		if !slices.ContainsFunc(e.Fields, func(f eml.Field) bool { return f.Name == "Subject" }) {
			e.Fields = append(e.Fields, eml.Field{Name: "Subject", Value: n.Value("Subject")})
		}
		if e.Body == nil {
			e.Body = &eml.Body{}
		}
		return eml.Parse(nil).Edit(e)
	case u.edited:
		return eml.Parse(raw).Edit(u.edit)
	}
	return raw
}
