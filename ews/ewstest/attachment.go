package ewstest

import (
	"mime"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
)

func (w *itemWriter) attachments() {
	all := w.it.Content().Attachments()
	if len(all) == 0 {
		return
	}
	w.Open("t:Attachments")
	for i, a := range all {
		element := "t:FileAttachment"
		if a.Item {
			element = "t:ItemAttachment"
		}
		w.Open(element)
		w.Open("t:AttachmentId")
		w.Attr("Id", mailstore.AttachmentID(w.it.ID(), i))
		w.Close()
		w.Leaf("t:Name", a.Name)
		w.Leaf("t:ContentType", a.ContentType)
		if a.ContentID != "" {
			w.Leaf("t:ContentId", a.ContentID)
		}
		if a.Location != "" {
			w.Leaf("t:ContentLocation", a.Location)
		}
		w.Int("t:Size", a.Size)
		w.time("t:LastModifiedTime", mailstore.TagCreated)
		w.Bool("t:IsInline", a.Inline)
		w.Close()
	}
	w.Close()
}

// attachable are the elements of an attachment that a client may give.
var attachable = map[string]bool{
	"Name": true, "ContentType": true, "ContentId": true, "ContentLocation": true, "IsInline": true, "Content": true,
	"Message": true, "Item": true,
}

// attach adds files and messages.
func (u *update) attach(v *ewsschema.Node) *refusal {
	for _, n := range v.Kids() {
		if n.Local != "FileAttachment" && n.Local != "ItemAttachment" {
			return lacks.refusal(u.version, n.Local, true)
		}
		for _, k := range n.Kids() {
			if !attachable[k.Local] && (k.Local != "IsContactPhoto" || n.Bool("IsContactPhoto", false)) {
				return lacks.refusal(u.version, k.Local+" of an attachment", true)
			}
		}
		f := eml.File{
			Name: n.Value("Name"), ContentType: n.Value("ContentType"), ContentID: n.Value("ContentId"),
			Location: n.Value("ContentLocation"), Inline: n.Bool("IsInline", false),
		}
		if kind, _, err := mime.ParseMediaType(f.ContentType); f.ContentType != "" && (err != nil || strings.HasPrefix(kind, "multipart/") || kind == "message/rfc822") {
			return lacks.refusal(u.version, "a file of the ContentType "+f.ContentType, true)
		}
		if f.Item = n.Local == "ItemAttachment"; f.Item {
			raw, refused := u.attached(n)
			if refused != nil {
				return refused
			}
			f.Content = raw
		} else {
			content, err := decodeBase64(n.Value("Content"))
			if err != nil {
				return refuse("ErrorInvalidValueForProperty")
			}
			f.Content = content
		}
		u.edited = true
		u.edit.Files = append(u.edit.Files, f)
	}
	return nil
}

// attached returns the MIME of a message to attach: made of its MimeContent, and of
// those elements that MIME can express.
func (u *update) attached(n *ewsschema.Node) ([]byte, *refusal) {
	item := n.Child("Message")
	if !item.Exists() {
		item = n.Child("Item")
	}
	if !item.Exists() {
		return nil, refuseText("ErrorInvalidRequest", "An ItemAttachment needs an item.")
	}
	inner := &update{version: u.version, item: &mailstore.Item{}}
	for _, k := range item.Kids() {
		if refused := inner.begin(&mailstore.New{}, item.Local, k); refused != nil {
			return nil, refused
		}
		switch k.Local {
		case "MimeContent", "Body", "Attachments":
		case "Subject":
			inner.field("Subject", k.Text)
		default:
			if addressFields[k.Local] == "" && (k.Local != "ItemClass" || k.Text != "IPM.Note") {
				return nil, lacks.refusal(u.version, k.Local+" of an attached item", true)
			}
		}
	}
	raw, refused := mimeContent(item)
	return inner.content(item, raw), refused
}

// mimeContent returns the decoded MimeContent of an item, nil without.
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

// content returns the MIME of a new item: that of the client, nil if it gave none,
// with its elements in place of what they are about.
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
