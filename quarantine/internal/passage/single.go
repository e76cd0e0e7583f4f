package passage

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Single returns one item for each operation among items found in the quarantine
// mailbox. An item that was moved during the search may have been found twice,
// but does not exist twice: an item that no longer exists under its id is left
// out. Of several that do exist, the one of the latest attempt stays; the others
// are copies that a server made late, and are put aside if they are the same
// message. The result others describes, by operation, where those are.
func (e *Engine) Single(ctx context.Context, m driver.Mailbox, items []driver.Item) (single []driver.Item, others map[string]Result, err error) {
	byOperation := make(map[string][]driver.Item)
	var order []string
	for _, it := range Distinct(items) {
		if it.Stamp == nil || it.Stamp.Direction == driver.Surplus {
			continue
		}
		op := it.Stamp.Operation
		if byOperation[op] == nil {
			order = append(order, op)
		}
		byOperation[op] = append(byOperation[op], it)
	}
	others = make(map[string]Result)
	for _, op := range order {
		group := byOperation[op]
		if len(group) > 1 {
			if group, err = e.existing(ctx, m, group); err != nil {
				return nil, nil, err
			}
		}
		if len(group) == 0 {
			continue
		}
		slices.SortFunc(group, func(a, b driver.Item) int {
			return cmp.Or(b.Stamp.Lease.Compare(a.Stamp.Lease), strings.Compare(a.ID, b.ID))
		})
		single = append(single, group[0])
		p := e.New(Passage{Direction: driver.ToQuarantine, To: m})
		for _, late := range group[1:] {
			if why := e.another(ctx, m, group[0], late); why != "" {
				late.Mailbox = m.Address()
				p.asides = append(p.asides, Aside{Item: late, Why: why})
				continue
			}
			p.shelve(ctx, late, "a second copy")
		}
		if len(p.asides) > 0 {
			others[op] = p.Result()
		}
	}
	return single, others, nil
}

// another describes why an item is not shown to be a second copy of one with the same
// stamp, or returns "".
func (e *Engine) another(ctx context.Context, m driver.Mailbox, one, late driver.Item) string {
	if Differs(one, late, false) != "" {
		return "another item with its stamp"
	}
	same, known, err := e.SameContent(ctx, m, one, late)
	switch {
	case err != nil && !unreadable(err):
		return "an item with its stamp that could not be compared with it"
	case err == nil && known && !same:
		return "another item with its stamp"
	}
	return ""
}

// existing returns the sightings that are different objects: it reads all of
// them, and then all but the last again.
func (e *Engine) existing(ctx context.Context, m driver.Mailbox, sightings []driver.Item) ([]driver.Item, error) {
	for round := range 2 {
		var there []driver.Item
		for i, seen := range sightings {
			if round == 1 && i == len(sightings)-1 {
				there = append(there, seen)
				break
			}
			it, err := e.Inspect(ctx, m, seen.ID)
			if err != nil {
				return nil, err
			}
			if it != nil && it.Stamp != nil && it.Stamp.Operation == seen.Stamp.Operation && !movedTo(*it, seen, sightings) {
				it.Folder = seen.Folder
				there = append(there, *it)
			}
		}
		sightings = there
	}
	return sightings, nil
}

// movedTo reports whether an item, read by the id from one sighting, is now in the folder
// of another sighting: on some servers an id outlives the move, and both are one object.
func movedTo(it, seen driver.Item, sightings []driver.Item) bool {
	return it.Folder.ID != seen.Folder.ID && slices.ContainsFunc(sightings, func(other driver.Item) bool { return other.Folder.ID == it.Folder.ID })
}
