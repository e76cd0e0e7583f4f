package mailstore

import (
	"cmp"
	"slices"
)

// arrivals are items of one folder in order of arrival. They are kept in blocks of limited
// size, so adding or removing one moves few others, wherever it is.
type arrivals struct {
	blocks [][]*Item // none is empty
	count  int
}

const blockSize = 512

// find returns the position of an item or, if it is not present, the position where it
// would be. That is beyond the last block if it arrived after all others.
func (a *arrivals) find(it *Item) (block, at int, found bool) {
	block, _ = slices.BinarySearchFunc(a.blocks, it.arrival, func(b []*Item, arrival uint64) int {
		return compareArrival(b[len(b)-1], arrival)
	})
	if block == len(a.blocks) {
		return block, 0, false
	}
	at, found = slices.BinarySearchFunc(a.blocks[block], it.arrival, compareArrival)
	return block, at, found
}

func compareArrival(it *Item, arrival uint64) int { return cmp.Compare(it.arrival, arrival) }

// add inserts an item where it belongs, unless it is present already.
func (a *arrivals) add(it *Item) {
	block, at, found := a.find(it)
	if found {
		return
	}
	a.count++
	if last := len(a.blocks) - 1; block > last {
		if last < 0 || len(a.blocks[last]) == blockSize {
			a.blocks = append(a.blocks, []*Item{it})
			return
		}
		block, at = last, len(a.blocks[last])
	}
	if len(a.blocks[block]) == blockSize {
		const half = blockSize / 2
		a.split(block, half)
		if at > half {
			block, at = block+1, at-half
		}
	}
	a.blocks[block] = slices.Insert(a.blocks[block], at, it)
}

// split splits a block in two.
func (a *arrivals) split(block, at int) {
	b := a.blocks[block]
	a.blocks = slices.Insert(a.blocks, block+1, slices.Clone(b[at:]))
	clear(b[at:])
	a.blocks[block] = b[:at]
}

// remove removes an item if it is present.
func (a *arrivals) remove(it *Item) {
	block, at, found := a.find(it)
	if !found {
		return
	}
	a.count--
	b := slices.Delete(a.blocks[block], at, at+1)
	a.blocks[block] = b
	switch next := block + 1; {
	case len(b) == 0:
		a.blocks = slices.Delete(a.blocks, block, next)
	case next < len(a.blocks) && len(b)+len(a.blocks[next]) <= blockSize/2:
		a.blocks[block] = append(b, a.blocks[next]...)
		a.blocks = slices.Delete(a.blocks, next, next+1)
	}
}

// each calls visit for every item in order.
func (a *arrivals) each(visit func(*Item)) {
	for _, b := range a.blocks {
		for _, it := range b {
			visit(it)
		}
	}
}

// list returns the items in a new slice.
func (a *arrivals) list() []*Item { return slices.Concat(a.blocks...) }
