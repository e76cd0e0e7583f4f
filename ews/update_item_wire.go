package ews

import (
	"cmp"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

type updateItem UpdateItemRequest

func (r updateItem) task() (task, error) {
	t := task{op: OpUpdateItem}
	if r.MayHaveChanged {
		t.expects = []ResponseCode{"ErrorIrresolvableConflict", "ErrorItemNotFound"}
	}
	if len(r.Items) == 0 {
		return t, wrong("UpdateItemRequest.Items", "is empty: at least one item is required")
	}
	switch r.ConflictResolution {
	case "", AlwaysOverwrite, AutoResolve, NeverOverwrite:
	default:
		return t, wrong("UpdateItemRequest.ConflictResolution", "is %q: use AlwaysOverwrite, AutoResolve or NeverOverwrite", r.ConflictResolution)
	}
	for i := range r.Items {
		if err := r.Items[i].check(); err != nil {
			return t, within("UpdateItemRequest.Items"+at(i), err)
		}
		for _, c := range r.Items[i].Changes {
			if since := sinceOf(c); since > t.least {
				t.least, t.what = since, "changing one of the properties"
			}
		}
	}
	if r.RequireSuppression {
		t.least, t.what = Exchange2013SP1, suppression
	}
	return t, nil
}

// sinceOf returns the first version that supports the property of a change. Unlike a
// property to return, a change must not be left out silently.
func sinceOf(c Change) Version {
	var p PropertyPath
	switch c := c.(type) {
	case SetField:
		p = c.Property
	case DeleteField:
		p = c.Property
	}
	if uri, ok := p.(FieldURI); ok {
		return uri.since()
	}
	return 0
}

func (ic *ItemChange) check() error {
	if err := ic.ID.check(); err != nil {
		return within("ID", err)
	}
	switch ic.Kind {
	case "", "Message", "Item", "CalendarItem", "Contact", "DistributionList", "MeetingMessage", "MeetingRequest",
		"MeetingResponse", "MeetingCancellation", "Task", "PostItem", "RoleMember", "Network", "Person":
	default:
		return wrong("Kind", "is %q, which is not a kind of item", ic.Kind)
	}
	if len(ic.Changes) == 0 {
		return wrong("Changes", "is empty: at least one change is required")
	}
	for i, c := range ic.Changes {
		if err := checkChange(c); err != nil {
			return within("Changes"+at(i), err)
		}
		if set, ok := c.(SetField); ok && set.Property == FieldIsRead && !hasReadState(ic.Kind) {
			return wrong("Changes"+at(i), "sets %s, which a %s does not have", FieldIsRead, ic.Kind)
		}
	}
	return nil
}

func hasReadState(kind string) bool {
	switch kind {
	case "", "Message", "MeetingMessage", "MeetingRequest", "MeetingResponse", "MeetingCancellation", "PostItem":
		return true
	}
	return false
}

func checkChange(c Change) error {
	switch c := c.(type) {
	case SetField:
		if err := checkPath("Property", c.Property); err != nil {
			return err
		}
		switch p := c.Property.(type) {
		case FieldURI:
			return c.checkField(p)
		case ExtendedField:
			return ExtendedProperty{Field: p, Value: c.Value, Values: c.Values}.check()
		}
	case DeleteField:
		return checkPath("Property", c.Property)
	case nil:
		return wrong("", "is missing: use a SetField or DeleteField")
	}
	return wrong("", "is of an unknown type %T: use a SetField or DeleteField", c)
}

func (c SetField) checkField(p FieldURI) error {
	if p == FieldCategories {
		if c.Value != "" {
			return wrong("Value", "is set, but categories are a list: use Values")
		}
		return nil
	}
	if c.Values != nil {
		return wrong("Values", "is set, but %s is not a list: use Value", p)
	}
	switch p {
	case FieldItemClass, FieldSubject:
		return nil
	case FieldSensitivity:
		switch c.Value {
		case "Normal", "Personal", "Private", "Confidential":
			return nil
		}
		return wrong("Value", "of %s is %q: use Normal, Personal, Private or Confidential", p, c.Value)
	case FieldImportance:
		return checkImportance("Value", c.Value)
	case FieldIsRead:
		if c.Value != "true" && c.Value != "false" {
			return wrong("Value", "of %s is %q: use true or false", p, c.Value)
		}
		return nil
	case FieldFlag:
		if c.Value == "" {
			return wrong("Value", "of %s is empty: use NotFlagged, Flagged or Complete", p)
		}
		return Flag{Status: c.Value}.check("Value")
	}
	return wrong("Property", "is %s, which cannot be set", p)
}

func (r updateItem) encode(e *xmlwire.Encoder, v Version) {
	e.Open("m:UpdateItem")
	e.Attr("ConflictResolution", string(cmp.Or(r.ConflictResolution, AlwaysOverwrite)))
	e.Attr("MessageDisposition", "SaveOnly")
	e.Attr("SendMeetingInvitationsOrCancellations", "SendToNone")
	encodeSuppression(e, v)
	e.Open("m:ItemChanges")
	for _, item := range r.Items {
		e.Open("t:ItemChange")
		item.ID.encode(e, "t:ItemId")
		e.Open("t:Updates")
		for _, c := range item.Changes {
			encodeChange(e, cmp.Or(item.Kind, "Message"), c)
		}
		e.Close()
		e.Close()
	}
	e.Close()
	e.Close()
}

func encodeChange(e *xmlwire.Encoder, kind string, c Change) {
	switch c := c.(type) {
	case DeleteField:
		e.Open("t:DeleteItemField")
		encodePath(e, c.Property)
		e.Close()
	case SetField:
		e.Open("t:SetItemField")
		encodePath(e, c.Property)
		e.Open("t:" + kind)
		c.encodeValue(e)
		e.Close()
		e.Close()
	}
}

func (c SetField) encodeValue(e *xmlwire.Encoder) {
	switch p := c.Property.(type) {
	case ExtendedField:
		ExtendedProperty{Field: p, Value: c.Value, Values: c.Values}.encode(e)
	case FieldURI:
		switch p {
		case FieldCategories:
			encodeCategories(e, c.Values)
		case FieldFlag:
			Flag{Status: c.Value}.encode(e)
		case FieldItemClass:
			e.Leaf("t:ItemClass", c.Value)
		case FieldSubject:
			e.Leaf("t:Subject", c.Value)
		case FieldSensitivity:
			e.Leaf("t:Sensitivity", c.Value)
		case FieldImportance:
			e.Leaf("t:Importance", c.Value)
		case FieldIsRead:
			e.Leaf("t:IsRead", c.Value)
		}
	}
}

func (r updateItem) decode(a *answer) (Results[ItemID], error) {
	results, err := batch(a, len(r.Items), func(id *ItemID) { decodeNewID(a.d, id) })
	for i, got := range results {
		if got.Err != nil {
			continue
		}
		// A server may give a changed item another id, but not the id of its neighbour.
		for j, other := range r.Items {
			if j != i && other.ID.ID == got.Value.ID && r.Items[i].ID.ID != other.ID.ID {
				return nil, a.misfit("the response messages are in another order than the items")
			}
		}
	}
	return demand(a, results, err, func(id *ItemID) bool { return !id.IsZero() }, "the id of the item")
}
