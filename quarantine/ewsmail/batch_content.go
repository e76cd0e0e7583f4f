package ewsmail

import (
	"context"
	"sync/atomic"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// ContentAll reads the MIME form of several items, with one GetItem for each of the
// [loads], several at a time. An item for which this fails is read again alone, which
// shows what is wrong with it.
func (m *mailbox) ContentAll(ctx context.Context, items []driver.Item) []driver.Reply[driver.Content] {
	replies := make([]driver.Reply[driver.Content], len(items))
	var members []int
	seen := make(map[string]bool)
	for i, it := range items {
		if it.ID == "" || seen[it.ID] {
			replies[i] = alone[driver.Content]()
			continue
		}
		seen[it.ID] = true
		members = append(members, i)
	}
	parts, large := loads(members, func(i int) int64 { return items[i].Size })
	for _, i := range large {
		replies[i] = alone[driver.Content]()
	}
	var failed atomic.Pointer[error]
	eachLoad(parts, func(load []int) {
		if err := failed.Load(); err != nil {
			skip(replies, load, *err)
			return
		}
		if err := m.contentOf(ctx, items, load, replies); err != nil {
			failed.Store(&err)
			refuse(replies, load, asGone(err), ofOneRead(err))
		}
	})
	return replies
}

// skip replies to the members of a load that was not requested because another one failed.
func skip(replies []driver.Reply[driver.Content], load []int, err error) {
	for _, i := range load {
		replies[i] = alone[driver.Content]()
		if !ofOneRead(err) {
			replies[i].Err = translate(err)
		}
	}
}

// contentOf reads the items of one load. It returns an error if the server did not
// answer, or answered for none of them.
func (m *mailbox) contentOf(ctx context.Context, items []driver.Item, load []int, replies []driver.Reply[driver.Content]) error {
	ids := make([]ews.ItemID, len(load))
	for n, i := range load {
		ids[n] = ews.ItemID{ID: items[i].ID}
		replies[i] = alone[driver.Content]()
	}
	mimes, err := m.client.OpenMIMEs(ctx, ids)
	if err != nil {
		return err
	}
	defer mimes.Close()
	for mimes.Next() {
		i := load[mimes.Index()]
		if err := mimes.ItemErr(); err != nil {
			if ews.IsThrottled(err) {
				replies[i].Err = translate(err)
			}
			continue
		}
		if c, err := readContent(mimes.MIME()); err == nil {
			replies[i] = driver.Reply[driver.Content]{Value: c}
		}
	}
	if err := mimes.Err(); err != nil && ctx.Err() != nil {
		for _, i := range load {
			replies[i] = driver.Reply[driver.Content]{Err: translate(err)}
		}
	}
	return nil
}
