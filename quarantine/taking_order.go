package quarantine

import (
	"cmp"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// mostUrgent returns items in the order in which they are taken: what the user is about to
// open comes first. Otherwise they stay as they are.
func mostUrgent(items []driver.Item) []driver.Item {
	return slices.SortedStableFunc(slices.Values(items), func(a, b driver.Item) int { return cmp.Compare(urgency(a), urgency(b)) })
}

// urgency is the smaller the sooner an item is to be taken.
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
