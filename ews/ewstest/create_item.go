package ewstest

import (
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

func createItem(c *call) *refusal {
	saved, missing := c.savedFolder()
	c.batch(c.op.Child("Items").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		if respond, ok := responses[n.Local]; ok {
			return nil, respond(c, n)
		}
		if missing != nil {
			return nil, missing
		}
		it, refused := c.create(saved, n)
		if refused != nil {
			return nil, refused
		}
		return func() {
			c.out.Open("m:Items")
			if it != nil {
				c.out.writeItemID(it)
			}
			c.out.Close()
		}, nil
	})
	return nil
}

// savedFolder returns the folder for new items, nil without a SavedItemFolderId.
func (c *call) savedFolder() (*mailstore.Folder, *refusal) {
	n := c.op.Child("SavedItemFolderId").First()
	if n == nil {
		return nil, nil
	}
	f, refused := c.folder(n)
	switch {
	case refused == nil:
	case refused.code == "ErrorFolderNotFound":
		return nil, refuse("ErrorSavedItemFolderNotFound")
	default:
		return nil, refused
	}
	switch {
	case f.Search != nil:
		return nil, refuse("ErrorCreateItemAccessDenied")
	case f.Recoverable():
		return nil, refuse("ErrorAccessDenied")
	}
	return f, nil
}

// newKinds are the elements that can be created, each with its class and the
// folder that receives it without a SavedItemFolderId.
var newKinds = map[string]struct {
	class  string
	folder ews.FolderName
}{
	"Message":      {"", ews.FolderDrafts},
	"Item":         {"", ews.FolderDrafts},
	"CalendarItem": {"IPM.Appointment", ews.FolderCalendar},
	"Contact":      {"IPM.Contact", ews.FolderContacts},
	"Task":         {"IPM.Task", ews.FolderTasks},
	"PostItem":     {"IPM.Post", ews.FolderInbox},
}

// create makes an item. It returns nil if the item was only sent.
func (c *call) create(f *mailstore.Folder, n *ewsschema.Node) (*mailstore.Item, *refusal) {
	kind, ok := newKinds[n.Local]
	if !ok {
		return nil, refuseText("ErrorInvalidItemForOperationCreateItem", "An item of type "+n.Local+" cannot be created.")
	}
	disposition, given := c.op.Attr("MessageDisposition")
	if !given && n.Local == "Message" {
		return nil, refuseText("ErrorMessageDispositionRequired", "The MessageDisposition attribute is required for messages.")
	}
	if _, given := c.op.Attr("SendMeetingInvitations"); !given && n.Local == "CalendarItem" {
		return nil, refuseText("ErrorSendMeetingInvitationsRequired", "SendMeetingInvitations is required for calendar items.")
	}
	if f == nil {
		if c.who.box == nil {
			return nil, refuse("ErrorMissingEmailAddress")
		}
		f = c.who.box.Named(kind.folder)
	}
	item, refused := newItem(n, kind.class)
	if refused != nil {
		return nil, refused
	}
	if f.Mailbox.Full(int64(len(item.MIME))) {
		return nil, refuse("ErrorQuotaExceeded")
	}
	c.acted = true
	it := f.Create(*item)
	if given && disposition != "SaveOnly" && n.Local == "Message" {
		c.sent(it)
		if disposition == "SendOnly" {
			it.Delete()
			return nil, nil
		}
		it.MoveTo(f.Mailbox.Named(ews.FolderSentItems))
	}
	return it, nil
}

// newItem reads the element of an item to create.
func newItem(n *ewsschema.Node, class string) (*mailstore.New, *refusal) {
	item := &mailstore.New{Class: class}
	if m := n.Child("MimeContent"); m.Exists() {
		mime, err := decodeBase64(m.Text)
		if err != nil {
			return nil, refuseText("ErrorMimeContentInvalidBase64String", "The MIME content is not valid base64.")
		}
		item.MIME = mime
	} else {
		item.MIME = compose(n)
	}
	u := &update{item: &mailstore.Item{}}
	isRead := n.Child("IsRead")
	for _, k := range n.Kids() {
		switch k.Local {
		case "ItemClass":
			item.Class = k.Text
		case "Subject", "Sensitivity", "Importance", "Categories", "Flag", "InReplyTo", "References":
			uri := "item:" + k.Local
			if k.Local == "References" {
				uri = "message:References"
			}
			p, refused := u.value(uri, k)
			if refused != nil {
				return nil, refused
			}
			if p.Field != (ews.ExtendedField{}) {
				u.set = append(u.set, p)
			}
		case "ExtendedProperty":
			p, refused := extendedProperty(k)
			if refused != nil {
				return nil, refused
			}
			if mailstore.Computed(keyOf(p.Field)) {
				return nil, refuseText("ErrorInvalidPropertySet", "The property is read-only.")
			}
			u.set = append(u.set, p)
		}
	}
	if isRead.Exists() {
		u.set = append(u.set, mailstore.WithReadState(u.set, isRead.Text == "true" || isRead.Text == "1"))
	}
	item.Properties = u.set
	return item, nil
}

// compose builds MIME for an item that was given without.
func compose(n *ewsschema.Node) []byte {
	var b strings.Builder
	header := func(name, v string) {
		if v != "" {
			b.WriteString(name + ": " + strings.NewReplacer("\r", " ", "\n", " ").Replace(v) + "\r\n")
		}
	}
	header("Subject", n.Value("Subject"))
	for _, r := range [][2]string{{"From", "From"}, {"To", "ToRecipients"}, {"Cc", "CcRecipients"}, {"Bcc", "BccRecipients"}} {
		var all []string
		for _, m := range n.Child(r[1]).All("Mailbox") {
			all = append(all, "<"+m.Value("EmailAddress")+">")
		}
		header(r[0], strings.Join(all, ", "))
	}
	kind := "text/plain"
	if n.Child("Body").Get("BodyType") == "HTML" {
		kind = "text/html"
	}
	header("MIME-Version", "1.0")
	header("Content-Type", kind+"; charset=utf-8")
	header("Content-Transfer-Encoding", "8bit")
	b.WriteString("\r\n" + n.Value("Body"))
	return []byte(b.String())
}
