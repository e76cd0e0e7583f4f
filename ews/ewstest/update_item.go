package ewstest

import (
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

func updateItem(c *call) *refusal {
	suppress := c.op.AttrBool("SuppressReadReceipts", false)
	c.batch(c.op.Child("ItemChanges").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		id := n.First()
		it, refused := c.item(id)
		if refused != nil {
			return nil, refused
		}
		if refused := c.mayUpdate(it, id); refused != nil {
			return nil, refused
		}
		u := &update{item: it}
		for _, change := range n.Child("Updates").Kids() {
			if refused := u.add(change); refused != nil {
				return nil, refused
			}
		}
		c.acted = true
		it.Update(u.set, u.remove, suppress)
		if d := c.op.Get("MessageDisposition"); d != "SaveOnly" && d != "" {
			c.sent(it)
		}
		return func() {
			c.out.Open("m:Items")
			c.out.writeItemID(it)
			c.out.Close()
			c.out.Open("m:ConflictResults")
			c.out.Int("t:Count", 0)
			c.out.Close()
		}, nil
	})
	return nil
}

// mayUpdate checks the change key and the attributes that the kind of item
// requires.
func (c *call) mayUpdate(it *mailstore.Item, id *ewsschema.Node) *refusal {
	if _, ok := c.op.Attr("MessageDisposition"); !ok && messageKinds[it.Kind()] {
		return refuseText("ErrorMessageDispositionRequired", "The MessageDisposition attribute is required for messages.")
	}
	if _, ok := c.op.Attr("SendMeetingInvitationsOrCancellations"); !ok && it.Kind() == "CalendarItem" {
		return refuseText("ErrorSendMeetingInvitationsOrCancellationsRequired", "SendMeetingInvitationsOrCancellations is required for calendar items.")
	}
	change, given, refused := changeKey(id, mailstore.KindItem)
	if refused != nil {
		return refused
	}
	overwrite := c.op.Get("ConflictResolution") == "AlwaysOverwrite"
	switch {
	case !given && (!overwrite || c.opts.ChangeKeys):
		return refuse("ErrorChangeKeyRequiredForWriteOperations")
	case given && !overwrite && change != it.Change():
		return refuse("ErrorIrresolvableConflict")
	}
	return nil
}

// sent records that an item was sent to its recipients.
func (s *Server) sent(it *mailstore.Item) {
	for _, h := range []string{"To", "Cc", "Bcc"} {
		for _, a := range it.Content().Addresses(h) {
			s.notified(mailstore.Notice{Kind: "Sent", From: it.Folder.Mailbox.Address, To: a.Email, Subject: it.Properties().Text(mailstore.TagSubject), Item: it})
		}
	}
}

// update collects the changes to one item.
type update struct {
	item   *mailstore.Item
	set    []ews.ExtendedProperty
	remove []ews.ExtendedField
}

func (u *update) add(change *ewsschema.Node) *refusal {
	path := change.First()
	if path == nil {
		return refuse("ErrorIncorrectUpdatePropertyCount")
	}
	if change.Local == "DeleteItemField" {
		return u.delete(path)
	}
	if len(change.Kids()) != 2 {
		return refuse("ErrorIncorrectUpdatePropertyCount")
	}
	element := change.Kids()[1]
	if len(element.Kids()) != 1 {
		return refuse("ErrorIncorrectUpdatePropertyCount")
	}
	if kind := u.item.Kind(); element.Local != "Item" && element.Local != kind && !(messageKinds[kind] && messageKinds[element.Local]) {
		return refuse("ErrorObjectTypeChanged")
	}
	return u.assign(path, element.First(), change.Local == "AppendToItemField")
}

func (u *update) assign(path, v *ewsschema.Node, appended bool) *refusal {
	switch path.Local {
	case "ExtendedFieldURI":
		f, refused := extendedField(path)
		if refused != nil {
			return refused
		}
		if v.Local != "ExtendedProperty" {
			return refuse("ErrorUpdatePropertyMismatch")
		}
		p, refused := extendedProperty(v)
		if refused != nil {
			return refused
		}
		if keyOf(p.Field) != keyOf(f) {
			return refuse("ErrorUpdatePropertyMismatch")
		}
		if refused := writable(keyOf(f)); refused != nil {
			return refused
		}
		if old, ok := u.item.Properties()[keyOf(f)]; ok && appended {
			p.Value = old.Value + p.Value
			p.Values = append(append([]string(nil), old.Values...), p.Values...)
		}
		u.set = append(u.set, p)
		return nil
	case "FieldURI":
		return u.assignField(path.Get("FieldURI"), v, appended)
	}
	return refuse("ErrorInvalidPropertySet")
}

// writable refuses properties that belong to the server, and the message flags,
// which can only be set when an item is created.
func writable(key ews.ExtendedField) *refusal {
	if mailstore.Computed(key) || key == mailstore.TagFlags {
		return refuseText("ErrorInvalidPropertySet", "The property is read-only.")
	}
	return nil
}

// assignable maps the URIs of the fields that can be set to their elements.
var assignable = map[string]string{
	"item:Subject": "Subject", "item:ItemClass": "ItemClass", "item:Sensitivity": "Sensitivity",
	"item:Importance": "Importance", "item:Categories": "Categories", "item:Flag": "Flag", "item:InReplyTo": "InReplyTo",
	"message:IsRead": "IsRead", "message:References": "References",
}

func (u *update) assignField(uri string, v *ewsschema.Node, appended bool) *refusal {
	switch uri {
	case "message:IsReadReceiptRequested", "message:IsDeliveryReceiptRequested":
		if !u.item.Draft() {
			return refuse("ErrorInvalidPropertyUpdateSentMessage")
		}
	}
	want, ok := assignable[uri]
	switch {
	case !ok:
		return refuseText("ErrorInvalidPropertySet", "Set action is invalid for property "+uri+".")
	case v.Local != want:
		return refuse("ErrorUpdatePropertyMismatch")
	}
	p, refused := u.value(uri, v)
	if refused != nil {
		return refused
	}
	if appended {
		old := u.item.Properties()[keyOf(p.Field)]
		if uri != "item:Categories" {
			return refuseText("ErrorInvalidPropertyAppend", "Append action is invalid for property "+uri+".")
		}
		p.Values = append(append([]string(nil), old.Values...), p.Values...)
	}
	if p.Field != (ews.ExtendedField{}) {
		u.set = append(u.set, p)
	}
	return nil
}

// value returns the MAPI property for an element. A flag has several, which it
// adds to u instead.
func (u *update) value(uri string, v *ewsschema.Node) (p ews.ExtendedProperty, refused *refusal) {
	ok := true
	switch uri {
	case "item:Subject":
		p = ews.ExtendedProperty{Field: mailstore.TagSubject, Value: v.Text}
	case "item:ItemClass":
		p = ews.ExtendedProperty{Field: mailstore.TagClass, Value: v.Text}
	case "item:InReplyTo":
		p = ews.ExtendedProperty{Field: mailstore.TagInReplyTo, Value: v.Text}
	case "message:References":
		p = ews.ExtendedProperty{Field: mailstore.TagReferences, Value: v.Text}
	case "item:Sensitivity":
		p, ok = mailstore.Sensitivity(v.Text)
	case "item:Importance":
		p, ok = mailstore.Importance(v.Text)
	case "message:IsRead":
		p = mailstore.ReadState(u.item, v.Text == "true" || v.Text == "1")
	case "item:Categories":
		p = mailstore.Categories(stringsOf(v))
	case "item:Flag":
		set, remove, refused := followUp(v)
		if refused != nil {
			return p, refused
		}
		u.set, u.remove = append(u.set, set...), append(u.remove, remove...)
	}
	if !ok {
		return p, refuse("ErrorInvalidValueForProperty")
	}
	return p, nil
}

func stringsOf(n *ewsschema.Node) []string {
	var all []string
	for _, s := range n.All("String") {
		all = append(all, s.Text)
	}
	return all
}

// followUp returns the MAPI properties to set and remove for a Flag.
func followUp(n *ewsschema.Node) (set []ews.ExtendedProperty, remove []ews.ExtendedField, refused *refusal) {
	f := ews.Flag{Status: n.Value("FlagStatus")}
	f.Start, _ = mailstore.ParseTime(n.Value("StartDate"))
	f.Due, _ = mailstore.ParseTime(n.Value("DueDate"))
	f.Complete, _ = mailstore.ParseTime(n.Value("CompleteDate"))
	switch {
	case f.Status == "Flagged" && f.Start.IsZero() != f.Due.IsZero(),
		f.Status != "Flagged" && (!f.Start.IsZero() || !f.Due.IsZero()),
		f.Status != "Complete" && !f.Complete.IsZero():
		return nil, nil, refuseText("ErrorInvalidArgument", "A flag has start and due date together, and only if flagged; a completion date only if complete.")
	}
	set, remove = mailstore.FlagProperties(f)
	return set, remove, nil
}

// removable maps the URIs of the fields that can be deleted to MAPI properties.
var removable = map[string]ews.ExtendedField{
	"item:Categories": mailstore.PropKeywords, "item:Subject": mailstore.TagSubject, "item:InReplyTo": mailstore.TagInReplyTo,
	"message:References": mailstore.TagReferences,
}

func (u *update) delete(path *ewsschema.Node) *refusal {
	if path.Local == "ExtendedFieldURI" {
		f, refused := extendedField(path)
		if refused != nil {
			return refused
		}
		if refused := writable(keyOf(f)); refused != nil {
			return &refusal{code: "ErrorInvalidPropertyDelete", text: "The property cannot be deleted."}
		}
		u.remove = append(u.remove, f)
		return nil
	}
	uri := path.Get("FieldURI")
	if uri == "item:Flag" {
		_, remove := mailstore.FlagProperties(ews.Flag{Status: "NotFlagged"})
		u.remove = append(u.remove, remove...)
		return nil
	}
	f, ok := removable[uri]
	if !ok {
		return refuseText("ErrorInvalidPropertyDelete", "Delete action is invalid for property "+uri+".")
	}
	u.remove = append(u.remove, f)
	return nil
}
