package ewstest

import (
	"cmp"
	"slices"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// departure is an item as it was when it left its folder.
type departure struct {
	item *mailstore.Item
	at   time.Time
}

// leaves records an item that is about to leave its folder, if a fault may show it there
// afterwards. The server's lock is held.
func (s *Server) leaves(it *mailstore.Item) {
	longest := s.faults.longest(faultLinger)
	if longest == 0 {
		return
	}
	now := s.opts.Now()
	if s.left == nil {
		s.left = make(map[*mailstore.Folder][]departure)
	}
	recent := slices.DeleteFunc(s.left[it.Folder], func(d departure) bool { return now.Sub(d.at) >= longest })
	s.left[it.Folder] = append(recent, departure{it.Shadow(), now})
}

// asIndexed returns the items that a search in a folder shows, in order of arrival: those
// found, without the items that a fault makes it miss, and with the items that have left
// but that it still shows.
func (c *call) asIndexed(f *mailstore.Folder, found []*mailstore.Item, matches func(*mailstore.Item) bool) []*mailstore.Item {
	if len(c.rules) == 0 {
		return found
	}
	now := c.opts.Now()
	found = slices.DeleteFunc(found, func(it *mailstore.Item) bool {
		age := now.Sub(it.Arrived())
		_, missed := c.strikes(func(x Fault) bool { return x.kind == faultLag && (x.wait == 0 || age < x.wait) }, it)
		return missed
	})
	traversal, n := c.op.Get("Traversal"), len(found)
	for _, d := range c.left[f] {
		if traversal == "SoftDeleted" || d.item.Associated != (traversal == "Associated") || matches != nil && !matches(d.item) {
			continue
		}
		age := now.Sub(d.at)
		if _, shown := c.strikes(func(x Fault) bool { return x.kind == faultLinger && age < x.wait }, d.item); shown {
			found = append(found, d.item)
		}
	}
	if len(found) > n {
		slices.SortStableFunc(found, func(a, b *mailstore.Item) int { return cmp.Compare(a.ID().Number, b.ID().Number) })
	}
	return found
}
