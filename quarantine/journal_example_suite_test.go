package quarantine_test

import (
	"testing"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/quarantinetest"
)

// The journal of the example passes the suite, so others can start from it.
func TestJournalOfTheExample(t *testing.T) {
	t.Parallel()
	quarantinetest.RunJournal(t, func(*testing.T) quarantinetest.JournalStore {
		shared := &table{}
		return quarantinetest.JournalStore{
			Open: func(testing.TB) quarantine.Journal { return shared },
			Damage: func(_ testing.TB, operation string) {
				r := shared.rows[operation]
				r.intent = r.intent[:10] // cut
				shared.rows[operation] = r
			},
		}
	})
}
