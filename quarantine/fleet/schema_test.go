package fleet_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet/internal/pgtest"
)

// Tables are made once, whoever asks, and a second time changes nothing.
func TestMigrate(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	err := fleet.CheckSchema(t.Context(), pool)
	require.ErrorIs(t, err, fleet.ErrSchemaOlder)
	require.ErrorContains(t, err, "call fleet.Migrate once")
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() { assert.NoError(t, fleet.Migrate(t.Context(), pool)) })
	}
	wg.Wait()
	require.NoError(t, fleet.CheckSchema(t.Context(), pool))
	require.NoError(t, fleet.Migrate(t.Context(), pool))
}

// Tables of a later version are neither used nor changed.
func TestNewerSchema(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	require.NoError(t, fleet.Migrate(t.Context(), pool))
	_, err := pool.Exec(t.Context(), `INSERT INTO fleet_schema_versions (version_id, is_applied) VALUES (99, true)`)
	require.NoError(t, err)
	for _, err := range []error{fleet.CheckSchema(t.Context(), pool), fleet.Migrate(t.Context(), pool)} {
		require.ErrorIs(t, err, fleet.ErrSchemaNewer)
		require.ErrorContains(t, err, "version 99")
		require.ErrorContains(t, err, "start the program that has made them")
	}
}

// A database that cannot hold all names is refused before anything is in it.
func TestEncoding(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	_, err := pool.Exec(t.Context(), `CREATE DATABASE fleet_test_latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'`)
	require.NoError(t, err)
	config := pool.Config()
	config.ConnConfig.Database = "fleet_test_latin"
	latin := pgtest.Open(t, config)
	err = fleet.Migrate(t.Context(), latin)
	latin.Close()
	require.ErrorContains(t, err, "ENCODING 'UTF8'")
	_, err = pool.Exec(t.Context(), `DROP DATABASE fleet_test_latin`)
	require.NoError(t, err)
}

// A database that is down when a program starts is told as such.
func TestDownAtStart(t *testing.T) {
	t.Parallel()
	faults := new(pgtest.Faults)
	pool := pgtest.Open(t, faults.Install(pgtest.Config(t)))
	faults.SetDown(true)
	require.ErrorIs(t, fleet.CheckSchema(t.Context(), pool), fleet.ErrUnreachable)
	require.ErrorIs(t, fleet.Migrate(t.Context(), pool), fleet.ErrUnreachable)
}
