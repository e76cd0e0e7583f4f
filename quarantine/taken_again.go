package quarantine

import (
	"slices"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// takenAgain returns the sightings of an item that this run has carried into quarantine, if
// a search shows more than the one copy there that it knows of: a gateway may have sent the
// request twice.
func (r *Receipt) takenAgain(found []driver.Item) (twice []driver.Item) {
	for _, ri := range r.Items {
		if ri.Outcome != Quarantined || ri.Way == "" {
			continue
		}
		group := slices.DeleteFunc(slices.Clone(found), func(it driver.Item) bool { return it.Stamp.Operation != ri.Operation })
		// If the known copy is not among them, another one is that copy, moved since.
		if len(group) > 1 && slices.ContainsFunc(group, func(it driver.Item) bool { return it.ID == ri.To.ItemID }) {
			twice = append(twice, group...)
		}
	}
	return twice
}
