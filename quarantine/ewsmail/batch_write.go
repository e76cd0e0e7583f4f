package ewsmail

import (
	"context"
	"errors"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// MarkAll changes several items with one UpdateItem, each under its change key.
func (m *mailbox) MarkAll(ctx context.Context, marks []driver.Marking) []driver.Reply[driver.Item] {
	replies := make([]driver.Reply[driver.Item], len(marks))
	request := ews.UpdateItemRequest{ConflictResolution: ews.NeverOverwrite, MayHaveChanged: true}
	var members []int
	seen := make(map[string]bool)
	for i, mark := range marks {
		marked, change := changed(mark.Item, mark.Change)
		replies[i].Value = marked
		switch {
		case seen[mark.Item.ID], m.tells(mark.Item, mark.Change):
			replies[i] = alone[driver.Item]()
		case len(change.Changes) > 0:
			members, request.Items = append(members, i), append(request.Items, change)
			seen[mark.Item.ID] = true
		}
	}
	if len(members) == 0 {
		return replies
	}
	results, err := m.client.UpdateItem(ctx, request)
	if err != nil {
		refuse(replies, members, asConflict(asGone(err)), ofOneWrite(err))
		return replies
	}
	for n, i := range members {
		if id := results[n].Value.ID; id != marks[i].Item.ID && seen[id] {
			refuse(replies, members, errMixedUp, false)
			return replies
		}
	}
	for n, i := range members {
		switch r := results[n]; {
		case skipped(r.Err) && len(members) > 1:
			replies[i] = alone[driver.Item]()
		case r.Err != nil:
			replies[i].Err = translate(asConflict(asGone(r.Err)))
		case !r.Value.IsZero():
			replies[i].Value.ID, replies[i].Value.Version = r.Value.ID, r.Value.ChangeKey
		}
	}
	return replies
}

// errMixedUp means that the answers for the members of a batch are out of order, so it is
// not known which items were changed.
var errMixedUp = errors.New("the response names another item of the batch than the one that was to be changed, so it is not known which were")

// RemoveAll permanently deletes several items with one DeleteItem, without notifying
// their senders. If the server cannot suppress notices in DeleteItem, each item is
// deleted alone.
func (m *mailbox) RemoveAll(ctx context.Context, items []driver.Item) []driver.Reply[struct{}] {
	replies := make([]driver.Reply[struct{}], len(items))
	request := ews.DeleteItemRequest{Type: ews.HardDelete, RequireSuppression: true}
	var members []int
	seen := make(map[string]bool)
	for i, it := range items {
		if seen[it.ID] || !m.client.SuppressesReceipts() {
			replies[i] = alone[struct{}]()
			continue
		}
		seen[it.ID] = true
		members, request.IDs = append(members, i), append(request.IDs, ews.ItemID{ID: it.ID, ChangeKey: it.Version})
	}
	if len(members) == 0 {
		return replies
	}
	results, err := m.client.DeleteItem(ctx, request)
	if tooOld(err) {
		for _, i := range members {
			replies[i] = alone[struct{}]()
		}
		return replies
	}
	if err != nil {
		refuse(replies, members, asConflict(asGone(err)), ofOneWrite(err))
		return replies
	}
	for n, i := range members {
		switch r := results[n]; {
		case skipped(r.Err) && len(members) > 1:
			replies[i] = alone[struct{}]()
		case r.Err != nil:
			replies[i].Err = translate(asConflict(asGone(r.Err)))
		}
	}
	return replies
}
