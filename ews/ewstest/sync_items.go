package ewstest

import (
	"cmp"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// syncFolderItems reports what changed in a folder since a SyncState: what left it, what
// changed in it, and, from newest to oldest, what came into it. Apart from the departures
// of the mailbox, the server keeps no state for a client. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/syncfolderitems-operation
// and [MS-OXWSSYNC].
func syncFolderItems(c *call) *refusal {
	shape, badShape := c.itemShape(syncShape(c.op.Child("ItemShape")), true)
	c.out.extra = func() {
		c.out.Leaf("m:SyncState", "")
		c.out.Bool("m:IncludesLastItemInRange", true)
	}
	c.batch([]*ewsschema.Node{c.op.Child("SyncFolderId")}, func(n *ewsschema.Node) (func(), *refusal) {
		if badShape != nil {
			return nil, badShape
		}
		f, refused := c.folder(n.First())
		switch {
		case refused != nil:
			return nil, asTarget(refused, "ErrorSyncFolderNotFound")
		case f.Search != nil:
			return nil, refuseText("ErrorInvalidFolderTypeForOperation", "The items of a search folder cannot be synchronized.")
		}
		p, refused := c.itemChanges(f)
		if refused != nil {
			return nil, refused
		}
		for _, it := range slices.Concat(p.created, p.changed) {
			if refused := shape.lacks(it.Kind()); refused != nil {
				return nil, refused
			}
		}
		return func() {
			c.out.Leaf("m:SyncState", p.state)
			c.out.Bool("m:IncludesLastItemInRange", p.last)
			c.out.Open("m:Changes")
			for _, it := range p.created {
				c.out.Open("t:Create")
				c.out.writeItem(it, shape)
				c.out.Close()
			}
			for _, it := range p.changed {
				c.out.writeChange(it, shape, it.ReadOnly(p.change))
			}
			for _, d := range p.left {
				c.out.Open("t:Delete")
				c.out.Open("t:ItemId")
				c.out.Attr("Id", mailstore.ID{Mailbox: f.Mailbox.GUID(), Kind: mailstore.KindItem, Number: d.Number}.String())
				c.out.Close()
				c.out.Close()
			}
			c.out.Close()
		}, nil
	})
	return nil
}

// syncShape returns an ItemShape without what no answer contains: bodies and the
// properties that a search cannot return. Unlike FindItem, SyncFolderItems accepts
// requests for these by name, but not IncludeMimeContent ([MS-OXWSSYNC], section
// 3.1.4.2).
func syncShape(n *ewsschema.Node) *ewsschema.Node {
	shape := *n
	shape.Children = nil
	for _, k := range n.Children {
		switch k.Local {
		case "BaseShape", "IncludeMimeContent":
			shape.Children = append(shape.Children, k)
		case "AdditionalProperties":
			all := *k
			all.Children = slices.DeleteFunc(slices.Clone(k.Children), func(p *ewsschema.Node) bool {
				return slices.ContainsFunc(itemIndex[p.Get("FieldURI")], func(i int) bool { return itemElements[i].find == barred })
			})
			shape.Children = append(shape.Children, &all)
		}
	}
	return &shape
}

// writeChange writes an item that changed: as a whole, or only that it is now read or
// unread.
func (e *encoder) writeChange(it *mailstore.Item, shape *itemShape, read bool) {
	if !read {
		e.Open("t:Update")
		e.writeItem(it, shape)
		e.Close()
		return
	}
	e.Open("t:ReadFlagChange")
	e.itemID("t:ItemId", it)
	e.Bool("t:IsRead", it.Read())
	e.Close()
}

// itemPage is one answer of SyncFolderItems.
type itemPage struct {
	left             []mailstore.Departure
	changed, created []*mailstore.Item
	change           uint64 // the change up to which the client was up to date
	state            string
	last             bool
}

// itemChanges returns the next changes of a folder.
func (c *call) itemChanges(f *mailstore.Folder) (*itemPage, *refusal) {
	ignored, refused := c.ignored()
	if refused != nil {
		return nil, refused
	}
	var k *known
	var departures []mailstore.Departure
	if text := c.op.Value("SyncState"); text != "" {
		var ok bool
		if k, ok = readKnown(text, f); ok {
			departures, ok = f.Mailbox.Since(k.mark)
		}
		if !ok {
			return nil, invalidSyncState()
		}
	}
	now := f.Mailbox.Mark()
	if k == nil {
		k = &known{mark: mailstore.Mark{Change: now.Change, Departure: now.Departure}}
	}
	associated := c.op.Value("SyncScope") == "NormalAndAssociatedItems"
	if !associated {
		k.forget(1)
	}
	p := &itemPage{change: k.mark.Change, last: true}
	room := int(c.op.Int("MaxChangesReturned", 1))
	p.leave(k, f, departures, ignored, &room)
	p.alter(k, f, now.Change, ignored, &room)
	if !k.reach(now.Number) {
		return nil, invalidSyncState()
	}
	p.add(k, f, associated, ignored, &room)
	p.state = k.pack(f)
	return p, nil
}

// ignored returns the numbers of the items about which the client wants no reports.
func (c *call) ignored() (map[uint64]bool, *refusal) {
	ignored := make(map[uint64]bool)
	for _, n := range c.op.Child("Ignore").Kids() {
		id, refused := c.parseID(n)
		if refused != nil {
			return nil, refused
		}
		if id.Kind != mailstore.KindItem {
			return nil, refuseText("ErrorCannotUseFolderIdForItemId", "A folder id was given where an item id was wanted.")
		}
		ignored[id.Number] = true
	}
	return ignored, nil
}

// leave adds what left the folder to the page, as far as there is room.
func (p *itemPage) leave(k *known, f *mailstore.Folder, all []mailstore.Departure, ignored map[uint64]bool, room *int) {
	for _, d := range all {
		if d.Folder == f.ID().Number && !ignored[d.Number] && k.tells(d.Since, d.Associated) {
			if *room == 0 {
				p.last = false
				return
			}
			*room--
			p.left = append(p.left, d)
		}
		k.mark.Departure++
	}
}

// alter adds what changed to the page, oldest change first, as far as there is room.
func (p *itemPage) alter(k *known, f *mailstore.Folder, now uint64, ignored map[uint64]bool, room *int) {
	for _, it := range f.Items() {
		if it.Change() > k.mark.Change && k.tells(it.Since(), it.Associated) && !ignored[it.ID().Number] {
			p.changed = append(p.changed, it)
		}
	}
	slices.SortFunc(p.changed, func(a, b *mailstore.Item) int { return cmp.Compare(a.Change(), b.Change()) })
	if len(p.changed) > *room {
		p.changed, p.last = p.changed[:*room], false
		now = k.mark.Change
		if *room > 0 {
			now = p.changed[*room-1].Change()
		}
	}
	*room -= len(p.changed)
	k.mark.Change = now
}

// add adds what came into the folder to the page, newest first, as far as there is room.
func (p *itemPage) add(k *known, f *mailstore.Folder, associated bool, ignored map[uint64]bool, room *int) {
	for _, it := range f.Items() {
		if (associated || !it.Associated) && !k.tells(it.Since(), it.Associated) && !ignored[it.ID().Number] {
			p.created = append(p.created, it)
		}
	}
	slices.SortFunc(p.created, func(a, b *mailstore.Item) int { return cmp.Compare(b.Since(), a.Since()) })
	from := uint64(1)
	if len(p.created) > *room {
		p.created, p.last = p.created[:*room], false
		from = k.mark.Number + 1
		if *room > 0 {
			from = p.created[*room-1].Since()
		}
	}
	k.told(from, 0)
	if associated {
		k.told(from, 1)
	}
}
