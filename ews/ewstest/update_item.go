package ewstest

import (
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

func updateItem(c *call) *refusal {
	suppress := c.op.AttrBool("SuppressReadReceipts", false)
	saved, missing := c.savedFolder()
	c.batch(c.op.Child("ItemChanges").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		id := n.First()
		it, refused := c.item(id)
		if refused != nil {
			return nil, refused
		}
		if missing != nil {
			return nil, missing
		}
		if refused := c.still(saved, "ErrorSavedItemFolderNotFound"); refused != nil {
			return nil, refused
		}
		if refused := c.mayUpdate(it, id); refused != nil {
			return nil, refused
		}
		if extra := n.Child("CalendarActivityData"); extra.Exists() {
			return nil, lacks.refusal(c.opts.Version, extra.Local, true)
		}
		u := &update{server: c.Server, item: it, version: c.opts.Version}
		for _, change := range n.Child("Updates").Kids() {
			if refused := u.add(change); refused != nil {
				return nil, refused
			}
		}
		send := c.op.Get("MessageDisposition")
		if send != "SaveOnly" && messageKinds[it.Kind()] {
			if refused := c.mayUpdateAndSend(it, u); refused != nil {
				return nil, refused
			}
		}
		if _, ok := c.strikes(is(faultNothing), it); ok {
			return func() { c.out.updated(it) }, nil
		}
		c.acted = true
		c.forgetIn(u)
		if tell := c.op.Get("SendMeetingInvitationsOrCancellations"); it.Kind() == "CalendarItem" && tell != "SendToNone" {
			c.meetingSent(it)
		}
		u.apply(suppress)
		it.Editor = c.who.account
		if send != "SaveOnly" && messageKinds[it.Kind()] {
			c.send(it)
			if send == "SendOnly" {
				it.Delete()
			} else {
				it.MoveTo(c.copies(saved, it))
			}
			return func() { c.out.emptyItems() }, nil
		}
		return func() { c.out.updated(it) }, nil
	})
	return nil
}

// updated writes the answer to an update.
func (e *encoder) updated(it *mailstore.Item) {
	e.Open("m:Items")
	e.writeItemID(it)
	e.Close()
	e.Open("m:ConflictResults")
	e.Int("t:Count", 0)
	e.Close()
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
	if c.opts.Odd.Has(OddNoChangeKeys) {
		return nil
	}
	change, given, refused := changeKey(id, mailstore.KindItem)
	if refused != nil {
		return c.minding(refused, it)
	}
	overwrite := c.op.Get("ConflictResolution") == "AlwaysOverwrite"
	switch {
	case !given && (!overwrite || c.opts.ChangeKeys):
		return refuse("ErrorChangeKeyRequiredForWriteOperations")
	case given && !overwrite && change != it.Change():
		return c.minding(refuse("ErrorIrresolvableConflict"), it)
	}
	return nil
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
	// Properties common to all items may be in the element of any kind.
	if kind := u.item.Kind(); element.Local != "Item" && element.Local != kind && !(messageKinds[kind] && messageKinds[element.Local]) && prefix(path.Get("FieldURI")) != "item" {
		return refuse("ErrorObjectTypeChanged")
	}
	v, appended := element.First(), change.Local == "AppendToItemField"
	switch path.Local {
	case "ExtendedFieldURI":
		return u.assignExtended(path, v, appended)
	case "FieldURI":
		return u.assignField(path.Get("FieldURI"), v, appended)
	case "IndexedFieldURI":
		switch uri := path.Get("FieldURI"); uri {
		case emailAddress:
			return u.assignEmail(path.Get("FieldIndex"), v, appended)
		case "item:InternetMessageHeader":
		default:
			_, refused := u.target(uri)
			return refused
		}
	}
	return refuse("ErrorInvalidPropertySet")
}

func (u *update) assignExtended(path, v *ewsschema.Node, appended bool) *refusal {
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
}

// writable refuses properties that belong to the server, and the message flags,
// which can only be set when an item is created.
func writable(key ews.ExtendedField) *refusal {
	if mailstore.Computed(key) || key == mailstore.TagFlags {
		return refuseText("ErrorInvalidPropertySet", "The property is read-only.")
	}
	return nil
}

// target returns the element at a URI, if the item has it.
func (u *update) target(uri string) (*element, *refusal) {
	kind := u.item.Kind()
	places, ok := itemIndex[uri]
	switch e := elementOf(places, kind); {
	case e != nil:
		return e, nil
	case ok, !itemPrefixes[prefix(uri)], !has(kind, uri):
		return nil, invalidRequest(uri)
	}
	return nil, unknown(kind, nameOf(uri)).refusal(u.version, uri, true)
}

func (u *update) assignField(uri string, v *ewsschema.Node, appended bool) *refusal {
	e, refused := u.target(uri)
	if refused == nil {
		refused = e.set.update.refusal(u.version, uri, u.item.Draft())
	}
	switch {
	case refused != nil:
		return refused
	case v.Local != nameOf(uri):
		return refuse("ErrorUpdatePropertyMismatch")
	case appended && !appendable[uri]:
		return refuseText("ErrorInvalidPropertyAppend", "Append action is invalid for property "+uri+".")
	case uri == "item:ItemClass" && mailstore.KindOf(v.Text) != mailstore.KindOf(u.item.Class()):
		return refuse("ErrorObjectTypeChanged")
	}
	return u.put(v, appended)
}

// appendable are the properties that AppendToItemField can add to; see
// ErrorInvalidPropertyAppend in
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode.
var appendable = map[string]bool{
	"item:Body": true, "message:ToRecipients": true, "message:CcRecipients": true,
	"message:BccRecipients": true, "message:ReplyTo": true,
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
		if u.item.HasHeader(keyOf(f)) {
			u.field(f.Name, "")
		}
		u.remove = append(u.remove, f)
		return nil
	}
	uri := path.Get("FieldURI")
	if path.Local == "IndexedFieldURI" {
		return u.deleteIndexed(uri, path.Get("FieldIndex"))
	}
	e, refused := u.target(uri)
	if refused == nil {
		refused = e.set.erase.refusal(u.version, uri, u.item.Draft())
	}
	if refused != nil {
		if refused.code == "ErrorInvalidPropertySet" {
			return refuseText("ErrorInvalidPropertyDelete", "Delete action is invalid for property "+uri+".")
		}
		return refused
	}
	u.erase(nameOf(uri))
	return nil
}

// deleteIndexed deletes the part of a property that has an index.
func (u *update) deleteIndexed(uri, index string) *refusal {
	switch uri {
	case emailAddress:
		_, refused := u.target(emailAddresses)
		if refused == nil {
			u.remove = append(u.remove, emailFields(emailPlace(index))...)
		}
		return refused
	case "item:InternetMessageHeader":
		return refuseText("ErrorInvalidPropertyDelete", "Delete action is invalid for property "+uri+".")
	}
	_, refused := u.target(uri)
	return refused
}
