package ewstest

import (
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// bent returns a page with the changes that a fault makes. The argument all is what the
// view shows, and about holds the items on the page.
func bent[T any](c *call, p page[T], all []T, about []*mailstore.Item) page[T] {
	fault, ok := c.strikes(func(f Fault) bool {
		return f.kind == faultStuck || f.kind == faultVoid || f.kind == faultSame || f.kind == faultNoEnd
	}, about...)
	if !ok {
		return p
	}
	p.last = false
	switch fault.kind {
	case faultStuck:
		p.offset = p.asked
	case faultVoid:
		p.members, p.offset = nil, p.asked+p.count
	case faultSame:
		p.members = all[:min(p.count, len(all))]
		p.offset = p.asked + max(1, len(p.members))
	}
	return p
}

// saw records which items a page of FindItem shows, for faults that concern only some
// items.
func (c *call) saw(items []*mailstore.Item) {
	if c.selects() {
		c.seen = append(c.seen, items...)
	}
}

// failing refuses a page of FindItem if a fault makes it fail, because of its position or
// an item on it.
func (c *call) failing(begin int, items []*mailstore.Item) *refusal {
	if fault, ok := c.strikes(is(faultMember), items...); ok {
		return fault.refusal()
	}
	return c.failingRow(begin, len(items), items...)
}

// failingRow refuses a page if a fault makes its position fail.
func (c *call) failingRow(begin, count int, about ...*mailstore.Item) *refusal {
	fault, ok := c.strikes(func(f Fault) bool {
		return f.kind == faultRow && begin <= f.row && f.row < begin+count
	}, about...)
	if !ok {
		return nil
	}
	return fault.refusal()
}
