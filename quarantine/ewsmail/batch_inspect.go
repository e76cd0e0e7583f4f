package ewsmail

import (
	"context"
	"errors"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// InspectAll reads several items with one GetItem.
func (m *mailbox) InspectAll(ctx context.Context, itemIDs []string) []driver.Reply[driver.Item] {
	replies := make([]driver.Reply[driver.Item], len(itemIDs))
	var ids []ews.ItemID
	var members []int
	at := make(map[string]int) // place of an id in the request
	for i, id := range itemIDs {
		_, asked := at[id]
		switch {
		case id == "":
			replies[i].Err = translate(driver.ErrGone)
			continue
		case !asked:
			at[id] = len(ids)
			ids = append(ids, ews.ItemID{ID: id})
		}
		members = append(members, i)
	}
	if len(ids) == 0 {
		return replies
	}
	request := inspection
	request.IDs = ids
	results, err := m.client.GetItem(ctx, request)
	if err != nil {
		refuse(replies, members, asGone(err), ofOneRead(err))
		return replies
	}
	for _, i := range members {
		id := itemIDs[i]
		r := results[at[id]]
		switch {
		case errors.Is(r.Err, ews.ErrNotProcessed) && len(ids) > 1:
			replies[i] = alone[driver.Item]()
		case r.Err != nil:
			replies[i].Err = translate(asGone(r.Err))
		default:
			replies[i].Value = m.inspected(id, r.Value)
		}
	}
	return replies
}
