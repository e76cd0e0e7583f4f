package fleet_test

import (
	"sync"
	"testing"

	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet/internal/pgtest"
)

// Tables are made once, whoever asks, and a second migration changes nothing.
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

// The same is true of the tables of River, on which the jobs run.
func TestNewerSchemaOfRiver(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	require.NoError(t, fleet.Migrate(t.Context(), pool))
	_, err := pool.Exec(t.Context(), `INSERT INTO river_migration (line, version) VALUES ('main', 9999)`)
	require.NoError(t, err)
	refused := func(what string) {
		t.Helper()
		for _, err := range []error{fleet.CheckSchema(t.Context(), pool), fleet.Migrate(t.Context(), pool)} {
			require.ErrorIs(t, err, fleet.ErrSchemaNewer, what)
			require.ErrorContains(t, err, "River have version 9999")
			require.ErrorContains(t, err, "start the program that has made them")
		}
	}
	refused("both are there")
	_, err = pool.Exec(t.Context(), `DELETE FROM fleet_schema_versions WHERE version_id = (SELECT max(version_id) FROM fleet_schema_versions)`)
	require.NoError(t, err)
	require.ErrorIs(t, fleet.Migrate(t.Context(), pool), fleet.ErrSchemaNewer, "nothing of ours is changed either")
	require.ErrorIs(t, fleet.CheckSchema(t.Context(), pool), fleet.ErrSchemaOlder)
}

// Tables of an earlier version of River are brought up to date, with what is in them.
func TestOlderSchemaOfRiver(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	require.NoError(t, fleet.Migrate(t.Context(), pool))
	m, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	require.NoError(t, err)
	_, err = m.Migrate(t.Context(), rivermigrate.DirectionDown, &rivermigrate.MigrateOpts{MaxSteps: 1})
	require.NoError(t, err)
	err = fleet.CheckSchema(t.Context(), pool)
	require.ErrorIs(t, err, fleet.ErrSchemaOlder)
	require.ErrorContains(t, err, "call fleet.Migrate once")
	require.NoError(t, fleet.Migrate(t.Context(), pool))
	require.NoError(t, fleet.CheckSchema(t.Context(), pool))
}

// A database that cannot hold all names is refused before anything is written to it.
func TestEncoding(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t)
	config := pool.Config()
	config.ConnConfig.Database += "_latin"
	_, err := pool.Exec(t.Context(), `CREATE DATABASE `+config.ConnConfig.Database+` TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'`)
	require.NoError(t, err)
	latin := pgtest.Open(t, config)
	err = fleet.Migrate(t.Context(), latin)
	latin.Close()
	_, dropErr := pool.Exec(t.Context(), `DROP DATABASE `+config.ConnConfig.Database)
	require.NoError(t, dropErr)
	require.ErrorContains(t, err, "ENCODING 'UTF8'")
}

// A database that is down when a program starts is reported as such.
func TestDownAtStart(t *testing.T) {
	t.Parallel()
	faults := new(pgtest.Faults)
	pool := pgtest.Open(t, faults.Install(pgtest.Config(t)))
	faults.SetDown(true)
	require.ErrorIs(t, fleet.CheckSchema(t.Context(), pool), fleet.ErrUnreachable)
	require.ErrorIs(t, fleet.Migrate(t.Context(), pool), fleet.ErrUnreachable)
}
