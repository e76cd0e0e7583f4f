package fleet

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// versionTable is where goose keeps which migrations have been applied.
const versionTable = "fleet_schema_versions"

// undefinedTable is the SQLSTATE for a table that does not exist.
const undefinedTable = "42P01"

// Reasons why a database cannot be used; test with errors.Is.
var (
	// ErrSchemaNewer reports that a later version of this package made the tables. Start
	// that version; this one must not write to them.
	ErrSchemaNewer = errors.New("fleet: the tables are those of a later version")
	// ErrSchemaOlder reports that the tables are missing, or are those of an earlier
	// version. [Migrate] brings them up to date.
	ErrSchemaOlder = errors.New("fleet: the tables are missing or those of an earlier version")
)

// Migrate makes the tables of this package and those of River, on which the jobs run, or
// brings those of an earlier version up to date. It does nothing if they are up to date.
// Several processes may call it at the same time: one does the work and the others wait,
// for at most five minutes. It needs the right to create tables, and a pool of at least two
// connections. The tables of River must not be shared with other programs that use River,
// since a leader that does not know the jobs of campaigns gives them up: give such programs
// their own schema.
//
// Tables of a later version are left alone, and refused with an error that matches
// [ErrSchemaNewer]. Stop programs of the earlier version first: they notice new tables only
// when they start.
func Migrate(ctx context.Context, pool *pgxpool.Pool) error {
	err := CheckSchema(ctx, pool)
	if !errors.Is(err, ErrSchemaOlder) {
		return err // nil if there is nothing to do
	}
	if err := checkJobs(ctx, pool); errors.Is(err, ErrSchemaNewer) {
		return err
	}
	if err := migrateOwn(ctx, pool); err != nil {
		return err
	}
	if err := migrateJobs(ctx, pool); err != nil {
		return err
	}
	return CheckSchema(ctx, pool)
}

// migrateOwn makes the tables of this package, or brings them up to date.
func migrateOwn(ctx context.Context, pool *pgxpool.Pool) error {
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	p, err := provider(db)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return unmade("the tables", err)
	}
	return nil
}

// unmade returns the error for tables that could not be made.
func unmade(what string, err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "42501" {
		return fmt.Errorf("fleet: making %s: the account may create no tables in this schema; migrate once as one that may: %w", what, err)
	}
	return fmt.Errorf("fleet: making %s: %w", what, explain(err))
}

// provider returns the provider that applies the migrations.
func provider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300)) // once a second
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithTableName(versionTable), goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
}

// CheckSchema checks that the tables, including those of River, are what this version of
// the package works with. If not, the error matches [ErrSchemaNewer] or [ErrSchemaOlder],
// and says what to do. Call it when a program starts.
func CheckSchema(ctx context.Context, pool *pgxpool.Pool) error {
	if err := checkOwn(ctx, pool); err != nil {
		return err
	}
	return checkJobs(ctx, pool)
}

// checkOwn checks the tables of this package.
func checkOwn(ctx context.Context, pool *pgxpool.Pool) error {
	want, err := latest()
	if err != nil {
		return err
	}
	var have int64
	var encoding string
	if err := pool.QueryRow(ctx, `SELECT current_setting('server_encoding')`).Scan(&encoding); err != nil {
		return fmt.Errorf("fleet: asking the database: %w", explain(err))
	}
	if encoding != "UTF8" {
		return fmt.Errorf("fleet: the database is in %s, which cannot hold all names; create one with ENCODING 'UTF8'", encoding)
	}
	err = pool.QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM `+versionTable+` WHERE is_applied`).Scan(&have)
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == undefinedTable {
		err = nil
	}
	switch {
	case err != nil:
		return fmt.Errorf("fleet: reading the version of the tables: %w", explain(err))
	case have > want:
		return fmt.Errorf("%w: they have version %d, and this program knows up to %d; start the program that has made them, or one later than it", ErrSchemaNewer, have, want)
	case have < want:
		return fmt.Errorf("%w: they have version %d, and this program needs %d; stop the earlier programs, and call fleet.Migrate once", ErrSchemaOlder, have, want)
	}
	return nil
}

// latest returns the version of the last migration.
func latest() (int64, error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(files) == 0 {
		return 0, errors.Join(errors.New("fleet: no migrations"), err)
	}
	return goose.NumericComponent(files[len(files)-1]) // Glob sorts
}
