package ewstest

import (
	"slices"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// is returns a condition that holds for faults of a kind.
func is(kind faultKind) func(Fault) bool {
	return func(f Fault) bool { return f.kind == kind }
}

// strikes returns the first fault that meets a condition and strikes the batch member
// that is being processed, which concerns these items. It counts an occasion, so it is
// called only where the fault would make a difference. The server's lock is held.
func (t *turn) strikes(want func(Fault) bool, about ...*mailstore.Item) (Fault, bool) {
	for _, r := range t.rules {
		f := r.fault
		if !want(f) || f.member != 0 && f.member != t.member+1 && !f.whole() {
			continue
		}
		if t.claims(r, about) {
			t.note(f)
			return f, true
		}
	}
	return Fault{}, false
}

// claims reports whether a rule strikes. A rule without an item is asked once per
// request, and then strikes everything in it, or nothing.
func (t *turn) claims(r *planned, about []*mailstore.Item) bool {
	if r.selective() {
		return r.matches(about) && t.server.faults.claim(r)
	}
	hit, asked := t.claimed[r]
	if !asked {
		hit = t.server.faults.claim(r)
		if t.claimed == nil {
			t.claimed = make(map[*planned]bool)
		}
		t.claimed[r] = hit
	}
	return hit
}

// note records that a fault struck.
func (t *turn) note(f Fault) {
	if slices.Contains(t.struck, f.Name) {
		return
	}
	t.struck = append(t.struck, f.Name)
}

// selective reports whether the rule concerns only some items.
func (r *planned) selective() bool { return r.when.MessageID != "" || r.when.Item != nil }

// matches reports whether the rule concerns one of the items.
func (r *planned) matches(about []*mailstore.Item) bool {
	for _, it := range about {
		if it == nil {
			continue
		}
		if id := r.when.MessageID; id != "" {
			if p, _ := it.Property(mailstore.TagMessageID); p.Value != id {
				continue
			}
		}
		if r.when.Item == nil || r.when.Item(snapshot(it)) {
			return true
		}
	}
	return false
}

// batched returns the members of the request's batch, if they name items or contain them.
func (t *turn) batched() []*ewsschema.Node {
	if t.request == nil {
		return nil
	}
	for _, name := range []string{"ItemIds", "ItemChanges", "AttachmentIds", "Attachments", "Items"} {
		if n := t.request.Operation.Child(name); n != nil {
			return n.Kids()
		}
	}
	return nil
}

// subject returns the items that a member of a batch concerns, even those the caller may
// not see: the items it names, and what it would create or upload. It returns none if no
// rule needs to know.
func (t *turn) subject(n *ewsschema.Node) []*mailstore.Item {
	if !t.selects() {
		return nil
	}
	var all []*mailstore.Item
	if it := t.named(t.idOf(n)); it != nil {
		all = append(all, it)
	}
	if it := t.unsaved(n); it != nil {
		all = append(all, it)
	}
	return all
}

// idOf returns the element with the id of the item that a member of a batch names, or nil
// if it names none.
func (t *turn) idOf(n *ewsschema.Node) *ewsschema.Node {
	switch t.entry.Operation {
	case ews.OpCreateItem:
		return n.Child("ReferenceItemId")
	case ews.OpUpdateItem:
		return n.First()
	case ews.OpUploadItems:
		if n.Get("CreateAction") == "CreateNew" {
			return nil
		}
		return n.Child("ItemId")
	case "CreateAttachment":
		return t.request.Operation.Child("ParentItemId")
	}
	return n
}

// named returns the item with an ItemId or AttachmentId, or nil if it does not exist.
func (t *turn) named(n *ewsschema.Node) *mailstore.Item {
	if n == nil {
		return nil
	}
	id, err := mailstore.ParseID(n.Get("Id"))
	if n.Local == "AttachmentId" || n.Local == "ParentItemId" && err != nil {
		id, _, err = mailstore.ParseAttachmentID(n.Get("Id"))
	}
	if err != nil || id.Kind != mailstore.KindItem {
		return nil
	}
	box := t.server.org.ByGUID(id.Mailbox)
	if box == nil {
		return nil
	}
	return box.Item(id.Number)
}

// unsaved returns the item that a member of a batch would create or upload, or nil if it
// would do neither.
func (t *turn) unsaved(n *ewsschema.Node) *mailstore.Item {
	switch t.entry.Operation {
	case ews.OpUploadItems:
		data, err := decodeBase64(n.Value("Data"))
		if err != nil {
			return nil
		}
		it, _ := mailstore.UnsavedImport(data)
		return it
	case ews.OpCreateItem:
		kind, ok := newKinds[n.Local]
		if !ok {
			return nil
		}
		item, refused := (&call{Server: t.server, turn: t}).newItem(n, kind.class)
		if refused != nil {
			return nil
		}
		return mailstore.Unsaved(*item)
	}
	return nil
}

// selects reports whether a rule concerns only some items.
func (t *turn) selects() bool {
	for _, r := range t.rules {
		if r.selective() {
			return true
		}
	}
	return false
}

// subjects returns the items that a request names or contains.
func (t *turn) subjects() []*mailstore.Item {
	if !t.selects() {
		return nil
	}
	var all []*mailstore.Item
	for _, n := range t.batched() {
		all = append(all, t.subject(n)...)
	}
	return all
}
