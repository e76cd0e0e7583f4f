package ewsmail

import (
	"context"
	"fmt"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// LeftoversAll finds what several moves left in Recoverable Items with one search of each
// of the folders that [mailbox.leftovers] searches.
func (m *mailbox) LeftoversAll(ctx context.Context, operations []string) []driver.Reply[[]driver.Item] {
	replies := make([]driver.Reply[[]driver.Item], len(operations))
	var any ews.Or
	var all []int
	members := make(map[string][]int) // by operation
	for i, operation := range operations {
		all = append(all, i)
		if members[operation] = append(members[operation], i); len(members[operation]) == 1 {
			any = append(any, queryRestriction(driver.Query{Operation: operation}))
		}
	}
	if len(any) > maxNodes {
		for i := range replies {
			replies[i] = alone[[]driver.Item]()
		}
		return replies
	}
	for _, name := range m.leftoverFolders() {
		left, err := m.leftIn(ctx, name, any)
		if err != nil {
			refuse(replies, all, fmt.Errorf("searching %s of %s: %w", name, m.address, err), ofOneRead(err))
			return replies
		}
		seen := make(map[string]bool)
		for _, it := range left {
			if seen[it.ID] && len(operations) > 1 { // its operation is not known
				for i := range replies {
					replies[i] = alone[[]driver.Item]()
				}
				return replies
			}
			seen[it.ID] = true
			var whose []int
			if it.Stamp != nil {
				whose = members[it.Stamp.Operation]
			}
			if len(operations) == 1 {
				whose = all
			}
			for _, i := range whose {
				replies[i].Value = append(replies[i].Value, it)
			}
		}
	}
	return replies
}
