package fleet

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// migrateJobs makes the tables of River, or brings them up to date. River does not guard
// against two processes that do so at the same time, so one waits for the other.
func migrateJobs(ctx context.Context, pool *pgxpool.Pool) error {
	if err := checkJobs(ctx, pool); !errors.Is(err, ErrSchemaOlder) {
		return err
	}
	if pool.Config().MaxConns < 2 {
		return errors.New("fleet: making the tables of River needs two connections; let pool_max_conns be 2 or more")
	}
	m, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return fmt.Errorf("fleet: %w", err)
	}
	// The transaction holds nothing but the lock.
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('fleet: the tables of River', 0))`); err != nil {
			return err
		}
		_, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil)
		return err
	})
	if err != nil {
		return unmade("the tables of River", err)
	}
	return checkJobs(ctx, pool)
}

// checkJobs checks that the tables of River are those that this version of River works
// with.
func checkJobs(ctx context.Context, pool *pgxpool.Pool) error {
	m, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return fmt.Errorf("fleet: %w", err)
	}
	all := m.AllVersions()
	want, have := all[len(all)-1].Version, 0
	// River itself omits versions that it does not know.
	err = pool.QueryRow(ctx, `SELECT coalesce(max(version), 0) FROM river_migration WHERE line = 'main'`).Scan(&have)
	if e := explain(err); errors.Is(e, ErrSchemaOlder) {
		err = nil // the table is missing, or is from a River without lines
	}
	switch {
	case err != nil:
		return fmt.Errorf("fleet: reading the version of the tables of River: %w", explain(err))
	case have > want:
		return fmt.Errorf("%w: those of River have version %d, and this program knows up to %d; start the program that has made them, or one later than it", ErrSchemaNewer, have, want)
	case have < want:
		return fmt.Errorf("%w: those of River have version %d, and this program needs %d; stop the earlier programs, and call fleet.Migrate once", ErrSchemaOlder, have, want)
	}
	return nil
}
