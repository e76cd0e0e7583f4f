package quarantine

import (
	"cmp"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// mostUrgent returns items in the order in which they are taken: what the user is most
// likely to open comes first. Otherwise the order stays as it is.
func mostUrgent(items []driver.Item) []driver.Item {
	return slices.SortedStableFunc(slices.Values(items), func(a, b driver.Item) int { return cmp.Compare(urgency(a), urgency(b)) })
}

// urgency returns a rank: items with a lower one are taken sooner.
func urgency(it driver.Item) int {
	rank := 0
	switch {
	case it.Folder.Recoverable:
		rank = 4
	case it.Folder.Base != "inbox":
		rank = 2
	}
	if it.Read {
		rank++
	}
	return rank
}
