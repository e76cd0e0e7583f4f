package ewsmail

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// wayTTL is how long a refusal is remembered: mailboxes move and administrators
// change permissions, so a better way is retried now and then.
const wayTTL = time.Hour

// wayMemory remembers which ways a server has refused between two mailboxes, and which it
// has refused for one item only.
type wayMemory struct {
	all []driver.Way

	mu    sync.Mutex
	pairs refusals
	items refusals
}

// wayPair identifies two mailboxes and, for refusals of an item, that item.
type wayPair struct{ from, to, item string }

// refusals holds the times at which ways were refused.
type refusals map[wayPair]map[driver.Way]time.Time

// maxRefusals is how many pairs, and how many items, are remembered.
const maxRefusals = 4096

func newWayMemory(chosen []driver.Way, delegate bool) (*wayMemory, error) {
	possible := []driver.Way{driver.WayTransfer, driver.WayMIME}
	if delegate {
		possible = []driver.Way{driver.WayMove, driver.WayTransfer, driver.WayMIME}
	}
	for _, w := range chosen {
		if !slices.Contains(possible, w) {
			return nil, driver.Invalid("strategy options", "Ways", fmt.Sprintf("contains %q, which is not possible with this strategy; use only %q", w, possible))
		}
	}
	if len(chosen) == 0 {
		chosen = possible
	}
	return &wayMemory{all: slices.Clone(chosen), pairs: refusals{}, items: refusals{}}, nil
}

// order returns the ways to try for a carriage: those that were not recently refused, or
// all if all were.
func (m *wayMemory) order(p wayPair, c driver.Carriage) []driver.Way {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.DeleteFunc(slices.Clone(m.all), func(w driver.Way) bool {
		return slices.Contains(c.Except, w) || c.Only != "" && c.Only != w
	})
	if c.Only != "" {
		return all
	}
	pair := wayPair{from: p.from, to: p.to}
	var open []driver.Way
	for _, w := range all {
		if !m.pairs.has(pair, w) && !m.items.has(p, w) {
			open = append(open, w)
		}
	}
	if len(open) == 0 {
		delete(m.pairs, pair)
		delete(m.items, p)
		return all
	}
	return open
}

// refused remembers a refusal, and reports whether the same item had already been refused
// this way.
func (m *wayMemory) refused(p wayPair, w driver.Way, who blame) (again bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if who == blamePair {
		m.pairs.add(wayPair{from: p.from, to: p.to}, w)
		return false
	}
	again = m.items.has(p, w)
	m.items.add(p, w)
	return again
}

// stumbled remembers that an item failed this way for a reason that may pass, and reports
// whether that has happened before. After the first failure the way stays open.
func (m *wayMemory) stumbled(p wayPair, w driver.Way) (again bool) {
	return m.refused(p, "stumbled: "+w, blameItem)
}

func (m *wayMemory) worked(p wayPair, w driver.Way) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.pairs[wayPair{from: p.from, to: p.to}], w)
	delete(m.items, p) // the item is no longer there
}

func (r refusals) has(p wayPair, w driver.Way) bool {
	at, ok := r[p][w]
	return ok && time.Since(at) <= wayTTL
}

// add adds a refusal. If there are too many, it drops those that have expired or, if that
// is not enough, all of them: some ways are then tried although they will be refused.
func (r refusals) add(p wayPair, w driver.Way) {
	if _, known := r[p]; !known && len(r) >= maxRefusals {
		for old, ways := range r {
			for way := range ways {
				if !r.has(old, way) {
					delete(ways, way)
				}
			}
			if len(ways) == 0 {
				delete(r, old)
			}
		}
		if len(r) >= maxRefusals {
			clear(r)
		}
	}
	if r[p] == nil {
		r[p] = make(map[driver.Way]time.Time)
	}
	r[p][w] = time.Now()
}
