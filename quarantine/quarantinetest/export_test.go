package quarantinetest

import "testing"

// JournalProblems runs the suite for journals and returns what it finds wrong, by case.
func JournalProblems(t *testing.T, newStore func(t *testing.T) JournalStore) map[string][]string {
	found := make(map[string][]string)
	for _, c := range journalCases {
		if problems := c.run(t, newStore); len(problems) > 0 {
			found[c.name] = problems
		}
	}
	return found
}
