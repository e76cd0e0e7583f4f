package ewstest

import (
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore/eml"
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
		if refused := c.still(saved, "ErrorSavedItemFolderNotFound"); refused != nil {
			return nil, refused
		}
		create := c.create
		if smartResponses[n.Local] != nil {
			create = c.respond
		}
		it, refused := create(saved, n)
		if refused != nil {
			return nil, refused
		}
		if it == nil {
			return c.out.emptyItems, nil
		}
		return func() { c.newItems(it) }, nil
	})
	return nil
}

// savedFolder returns the folder for new items, or nil if there is no SavedItemFolderId.
func (c *call) savedFolder() (*mailstore.Folder, *refusal) {
	n := c.op.Child("SavedItemFolderId").First()
	if n == nil {
		return nil, nil
	}
	f, refused := c.folder(n)
	if refused != nil {
		return nil, asTarget(refused, "ErrorSavedItemFolderNotFound")
	}
	switch {
	case f.Search != nil:
		return nil, refuse("ErrorCreateItemAccessDenied")
	case f.Recoverable():
		return nil, refuse("ErrorAccessDenied")
	}
	return f, nil
}

// newKinds are the elements that can be created, each with its class and the folder that
// receives it if there is no SavedItemFolderId.
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

	"DistributionList": {"IPM.DistList", ews.FolderContacts}, // 2010 and later
}

// create creates an item. It returns nil if the item was sent.
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
	sending := n.Local == "Message" && given && disposition != "SaveOnly"
	if f == nil {
		if c.who.box == nil {
			return nil, refuse("ErrorMissingEmailAddress")
		}
		f = c.who.box.Named(kind.folder)
		if sending {
			f = c.who.box.Named(ews.FolderSentItems)
		}
	}
	item, refused := c.newItem(n, kind.class)
	if refused == nil {
		refused = fitting(n.Local, f)
	}
	if refused != nil {
		return nil, refused
	}
	return c.store(f, item, sending)
}

// newItem reads the element of an item to create.
func (s *Server) newItem(n *ewsschema.Node, class string) (*mailstore.New, *refusal) {
	item := &mailstore.New{Class: class}
	mime, refused := mimeContent(n)
	if refused != nil {
		return nil, refused
	}
	u := &update{server: s, version: s.opts.Version, item: &mailstore.Item{}}
	for _, k := range n.Kids() {
		if refused := u.begin(item, n.Local, k); refused != nil {
			return nil, refused
		}
	}
	item.MIME, item.Composed = u.content(n, mime), mime == nil
	if read := n.Child("IsRead"); read.Exists() {
		u.set = append(u.set, mailstore.WithReadState(u.set, n.Bool("IsRead", false)))
	}
	item.Properties, item.Attached = u.set, u.files
	if item.Class == "" {
		item.Class = eml.Parse(item.MIME).Class()
	}
	return item, mayBe(n.Local, item.Class)
}

// begin reads one element of a new item.
func (u *update) begin(item *mailstore.New, kind string, k *ewsschema.Node) *refusal {
	e := elementOf(itemNamed[k.Local], kind)
	if e == nil {
		return unknown(kind, k.Local).refusal(u.version, k.Local+" of a "+kind, true)
	}
	if refused := e.set.create.refusal(u.version, k.Local, true); refused != nil {
		return refused
	}
	switch {
	case e.set.create == storeID, k.Local == "MimeContent", k.Local == "IsRead":
		return nil
	case k.Local == "ItemClass":
		item.Class = k.Text
		return nil
	case k.Local == "IsAssociated":
		item.Associated = k.Text == "true" || k.Text == "1"
		return nil
	case k.Local == "ExtendedProperty":
		p, refused := extendedProperty(k)
		if refused == nil && mailstore.Computed(keyOf(p.Field)) {
			refused = refuseText("ErrorInvalidPropertySet", "The property is read-only.")
		}
		u.set = append(u.set, p)
		return refused
	}
	return u.put(k, false)
}

// mayBe refuses a class that does not belong to the element. Meetings and reports
// cannot be created, not even from MIME.
func mayBe(local, class string) *refusal {
	kind := mailstore.KindOf(class)
	switch {
	case strings.HasPrefix(strings.ToUpper(class), "REPORT."):
		return refuseText("ErrorInvalidItemForOperationCreateItem", "A report cannot be created.")
	case kind == local, local == "Item" && kind == "Message":
		return nil
	}
	return refuse("ErrorObjectTypeChanged")
}
