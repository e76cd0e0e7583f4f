package quarantinetest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/gather"
	"github.com/ewsquarantine/ewsquarantine/quarantine/quarantinetest"
)

// The sample carries out batches item by item, after asking once whether it may send.

// batch calls one for each member.
func batch[A, T any](ctx context.Context, s *sample, write bool, args []A, one func(A) (T, error)) []driver.Reply[T] {
	replies := make([]driver.Reply[T], len(args))
	var refusal error
	if write && !s.is("Batch/NeverAsks") {
		if err := driver.Sending(ctx); err != nil {
			refusal = &driver.Error{Err: err, Untouched: !s.is("Batch/RefusalIsUnknown")}
		}
	}
	for i, a := range args {
		if replies[i].Err = refusal; refusal == nil {
			replies[i].Value, replies[i].Err = one(a)
		}
		if replies[i].Err != nil && s.is("Batch/OneForAll") {
			refusal = replies[i].Err
		}
	}
	last := len(args) - 1
	switch {
	case s.is("Batch/Shifts"):
		replies = append(replies[last:], replies[:last]...)
	case s.is("Batch/Drops"):
		replies = replies[:last]
	case s.is("Batch/AllAlone"):
		for i := range replies {
			replies[i] = driver.Reply[T]{Err: driver.ErrAlone}
		}
	case s.is("Batch/FailureIsSuccess"):
		for i := range replies {
			replies[i].Err = refusal
		}
	}
	return replies
}

func (m sampleMailbox) FindAll(ctx context.Context, queries []driver.Query) []driver.Reply[driver.Findings] {
	var all []driver.Item
	replies := batch(ctx, m.s, false, queries, func(q driver.Query) (driver.Findings, error) {
		if q.In != nil != (queries[0].In != nil) || q.Below != queries[0].Below {
			return driver.Findings{}, driver.ErrAlone
		}
		f, err := m.Find(ctx, q)
		all = append(all, f.Items...)
		return f, err
	})
	if m.s.is("Batch/FindsForAll") {
		for i := range replies {
			replies[i].Value.Items = all
		}
	}
	return replies
}

func (m sampleMailbox) InspectAll(ctx context.Context, ids []string) []driver.Reply[driver.Item] {
	return batch(ctx, m.s, false, ids, func(id string) (driver.Item, error) { return m.Inspect(ctx, id) })
}

func (m sampleMailbox) MarkAll(ctx context.Context, marks []driver.Marking) []driver.Reply[driver.Item] {
	return batch(ctx, m.s, true, marks, func(mark driver.Marking) (driver.Item, error) {
		if m.s.is("Batch/IgnoresVersion") {
			if fresh, err := m.Inspect(ctx, mark.Item.ID); err == nil {
				mark.Item.Version = fresh.Version
			}
		}
		return m.Mark(ctx, mark.Item, mark.Change)
	})
}

func (m sampleMailbox) RemoveAll(ctx context.Context, items []driver.Item) []driver.Reply[struct{}] {
	return batch(ctx, m.s, true, items, func(it driver.Item) (struct{}, error) { return struct{}{}, m.Remove(ctx, it) })
}

func (m sampleMailbox) LeftoversAll(ctx context.Context, operations []string) []driver.Reply[[]driver.Item] {
	var all []driver.Item
	seen := make(map[string]bool)
	replies := batch(ctx, m.s, false, operations, func(op string) (left []driver.Item, err error) {
		if left, err = m.Leftovers(ctx, op); err != nil {
			return left, err
		}
		again := seen[op]
		seen[op] = true
		all = append(all, left...)
		switch {
		case again && m.s.is("Batch/LeftoversOnce"), len(seen) > 2 && m.s.is("Batch/LeftoversOfSomeAreLost"):
			return nil, nil
		case len(left) == 0 && m.s.is("Batch/NoLeftoversIsGone"):
			return nil, driver.ErrGone
		case m.s.is("Batch/LeftoversElsewhere"):
			found, err := m.Find(ctx, driver.Query{Operation: op})
			return append(left, found.Items...), err
		}
		return left, nil
	})
	if m.s.is("Batch/LeftoversOfAll") {
		for i := range replies {
			replies[i].Value = all
		}
	}
	return replies
}

func (m sampleMailbox) ContentAll(ctx context.Context, items []driver.Item) []driver.Reply[driver.Content] {
	seen := make(map[string]bool)
	return batch(ctx, m.s, false, items, func(it driver.Item) (driver.Content, error) {
		again := seen[it.ID]
		seen[it.ID] = true
		if m.s.is("Batch/ContentOfTheFirst") {
			it = items[0]
		}
		c, err := m.Content(ctx, it)
		switch {
		case again && m.s.is("Batch/ContentTwiceIsNothing"):
			return driver.Content{}, nil
		case len(c.Parts) > 0 && m.s.is("Batch/ContentIsCut"):
			c.Parts = c.Parts[:len(c.Parts)-1]
		case errors.Is(err, driver.ErrGone) && m.s.is("Batch/GoneHasContent"):
			return driver.Content{}, nil
		}
		return c, err
	})
}

func (t sampleStrategy) CarryAll(ctx context.Context, carriages []driver.Carriage) []driver.Reply[driver.Carried] {
	return batch(ctx, t.s, true, carriages, func(c driver.Carriage) (driver.Carried, error) {
		if t.s.is("Batch/CarriesTheFirst") {
			c.Item = carriages[0].Item
		}
		return t.Carry(ctx, c)
	})
}

// gatheredLab is a lab with a strategy whose calls share requests.
type gatheredLab struct {
	sampleLab
	strategy driver.Strategy
}

func (l gatheredLab) Strategy() driver.Strategy { return l.strategy }

// TestGathered: the decorator of package gather keeps the contract over a driver that
// does, even if each call is one of a batch.
func TestGathered(t *testing.T) {
	t.Parallel()
	quarantinetest.Run(t, func(*testing.T) quarantinetest.Lab {
		l := newSampleLab("")
		return gatheredLab{l, gather.Strategy(l.Strategy(), &gather.Options{Always: true})}
	})
}
