package fleet_test

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet/internal/pgtest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/quarantinetest"
)

// migrated returns the configuration of a pool for a database with tables.
func migrated(t testing.TB) *pgxpool.Config {
	t.Helper()
	config := pgtest.Config(t)
	require.NoError(t, fleet.Migrate(t.Context(), pgtest.Open(t, config)))
	return config
}

// newJournal returns a journal that stands for a process: it has its own pool.
func newJournal(t testing.TB, config *pgxpool.Config) *fleet.Journal {
	t.Helper()
	j, err := fleet.NewJournal(pgtest.Open(t, config), nil)
	require.NoError(t, err)
	return j
}

func TestJournalSuite(t *testing.T) {
	t.Parallel()
	quarantinetest.RunJournal(t, func(t *testing.T) quarantinetest.JournalStore {
		config := migrated(t)
		return quarantinetest.JournalStore{
			Open:     func(t testing.TB) quarantine.Journal { return newJournal(t, config) },
			OwnClock: true,
			Damage: func(t testing.TB, operation string) {
				tag, err := pgtest.Open(t, config).Exec(t.Context(), `UPDATE fleet_intents SET intent = '{"operation": "operation1"}' WHERE operation = $1`, operation)
				require.NoError(t, err)
				require.EqualValues(t, 1, tag.RowsAffected())
			},
		}
	})
}
