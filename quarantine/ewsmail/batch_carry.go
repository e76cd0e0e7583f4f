package ewsmail

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// CarryAll carries several items in the way chosen for the first of them: with one
// MoveItem, with ExportItems streamed into UploadItems, or with GetItem streamed into
// CreateItem. The last two take up to 10 items and 8 MB in total per request, and make
// several requests at a time. Larger items, items that go another way, and items that the
// server refuses but that another way may carry are left to be carried alone.
func (s strategy) CarryAll(ctx context.Context, carriages []driver.Carriage) []driver.Reply[driver.Carried] {
	first := carriages[0]
	b := &cargo{
		strategy: s, from: s.x.mailbox(first.From.Address()), to: s.x.mailbox(first.To.Address()), folder: ews.FolderID{ID: first.Folder.ID},
		carriages: carriages, replies: make([]driver.Reply[driver.Carried], len(carriages)),
	}
	var members []int
	seen := make(map[string]bool)
	for i, c := range carriages {
		ways := s.memory.order(b.pair(i), c)
		if i == 0 && len(ways) > 0 {
			b.way = ways[0]
		}
		if seen[c.Item.ID] || !sameEnds(c, first) || len(ways) == 0 || ways[0] != b.way {
			b.replies[i] = alone[driver.Carried]()
			continue
		}
		seen[c.Item.ID] = true
		members = append(members, i)
	}
	switch b.way {
	case driver.WayMove:
		b.move(ctx, members)
	case driver.WayTransfer:
		b.inLoads(members, func(load []int) { b.transfer(ctx, load) })
	case driver.WayMIME:
		b.inLoads(members, func(load []int) { b.rebuild(ctx, load) })
	default:
		for _, i := range members {
			b.replies[i] = alone[driver.Carried]()
		}
	}
	return b.replies
}

// inLoads carries members in loads. Items too large for a load are left to be carried
// alone.
func (b *cargo) inLoads(members []int, carry func(load []int)) {
	parts, large := loads(members, func(i int) int64 { return b.carriages[i].Item.Size })
	for _, i := range large {
		b.replies[i] = alone[driver.Carried]()
	}
	eachLoad(parts, carry)
}

// sameEnds reports whether two carriages share a source mailbox and a target folder.
func sameEnds(a, b driver.Carriage) bool {
	return strings.EqualFold(a.From.Address(), b.From.Address()) && strings.EqualFold(a.To.Address(), b.To.Address()) && a.Folder.ID == b.Folder.ID
}

// cargo is a set of items that are carried together.
type cargo struct {
	strategy
	from, to  *mailbox
	folder    ews.FolderID
	way       driver.Way
	carriages []driver.Carriage
	replies   []driver.Reply[driver.Carried]
}

func (b *cargo) pair(i int) wayPair {
	return wayPair{b.from.address, b.to.address, b.carriages[i].Item.ID}
}

// move moves items across mailboxes with one MoveItem. Only the order of the answers
// would tell which new id belongs to which item, so for several items no ids are
// returned: the engine finds each copy by its stamp.
func (b *cargo) move(ctx context.Context, members []int) {
	request := ews.MoveItemRequest{To: b.folder}
	for _, i := range members {
		it := b.carriages[i].Item
		request.IDs = append(request.IDs, ews.ItemID{ID: it.ID, ChangeKey: it.Version})
	}
	results, err := b.from.client.MoveItem(ctx, request)
	b.conclude(members, results, err)
	if len(members) == 1 && err == nil {
		b.replies[members[0]].Value.ItemID = results[0].Value.ID
	}
}

// conclude gives each member its reply, as [strategy.carry] would.
func (b *cargo) conclude(members []int, results ews.Results[ews.ItemID], err error) {
	some := slices.ContainsFunc(results, func(r ews.Result[ews.ItemID]) bool { return r.Err == nil })
	for n, i := range members {
		memberErr := err
		if err == nil {
			memberErr = results[n].Err
		}
		if memberErr != nil && some && b.way != driver.WayMove {
			memberErr = oneOfSome{memberErr}
		}
		b.replies[i] = b.became(b.pair(i), memberErr)
	}
}

// became returns the reply for one item.
func (b *cargo) became(pair wayPair, err error) driver.Reply[driver.Carried] {
	carried := driver.Carried{Way: b.way, Faithful: b.way != driver.WayMIME, Once: b.way == driver.WayMove}
	if err == nil {
		b.memory.worked(pair, b.way)
		carried.Moved = b.way == driver.WayMove
		return driver.Reply[driver.Carried]{Value: carried}
	}
	if _, unanswered := errors.AsType[*ews.TransportError](err); !unanswered && unexecuted(err) && !transient(err) {
		return alone[driver.Carried]() // carried alone, in whatever way is left
	}
	if next, who := recourseAfter(b.way, err); next != final {
		b.memory.refused(pair, b.way, who)
	}
	if _, mixed := errors.AsType[oneOfSome](err); !mixed {
		err = asGone(err)
	}
	return driver.Reply[driver.Carried]{Value: carried, Err: translate(err)}
}

// oneOfSome is the refusal of one member of a request that made copies of others. Only
// the order of the answers indicates that the refusal concerns this member, so the engine
// looks before it sends the item again: sending could make a second copy.
type oneOfSome struct{ error }

// Error describes the refusal.
func (e oneOfSome) Error() string {
	return fmt.Sprintf("the server has made some copies of a batch, and refused this one: %v", e.error)
}

// Unwrap returns the refusal.
func (e oneOfSome) Unwrap() error { return e.error }

// NotExecuted returns false: something may have been done.
func (oneOfSome) NotExecuted() bool { return false }
