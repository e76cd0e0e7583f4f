package quarantinetest_test

import (
	"testing"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/quarantinetest"
)

// shared returns a store in memory that several processes can have open.
func shared() quarantinetest.JournalStore {
	j := &quarantine.MemoryJournal{}
	return quarantinetest.JournalStore{Open: func(testing.TB) quarantine.Journal { return j }}
}

// alone returns a store that only one process can have open.
func alone() quarantinetest.JournalStore {
	j := &quarantine.MemoryJournal{}
	return quarantinetest.JournalStore{
		Open:  func(testing.TB) quarantine.Journal { j.Restart(); return j },
		Alone: true,
	}
}

func TestMemoryJournal(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]func() quarantinetest.JournalStore{
		"shared": shared, "alone": alone, "damaged": damageable(nil),
		"own clock": func() quarantinetest.JournalStore { s := shared(); s.OwnClock = true; return s },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			quarantinetest.RunJournal(t, func(*testing.T) quarantinetest.JournalStore { return store() })
		})
	}
}
