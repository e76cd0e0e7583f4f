package fleet

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// MigrateJobs makes the tables of River, or brings those of an earlier version up to date.
// [Workers] and [Campaigns] need them, beside those that [Migrate] makes.
func MigrateJobs(ctx context.Context, pool *pgxpool.Pool) error {
	m, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return fmt.Errorf("fleet: %w", err)
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("fleet: making the tables of River: %w", explain(err))
	}
	return nil
}

// CheckJobs reports whether the tables of River are there and up to date. If not, the error
// matches [ErrSchemaOlder].
func CheckJobs(ctx context.Context, pool *pgxpool.Pool) error {
	m, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return fmt.Errorf("fleet: %w", err)
	}
	r, err := m.Validate(ctx, nil)
	switch {
	case err != nil:
		return fmt.Errorf("fleet: reading the version of the tables of River: %w", explain(err))
	case !r.OK:
		return fmt.Errorf("%w; call fleet.MigrateJobs once: %w", ErrSchemaOlder, errors.New(strings.Join(r.Messages, "; ")))
	}
	return nil
}
