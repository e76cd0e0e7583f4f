package fleet

import (
	"context"
	"errors"
	"iter"

	"github.com/jackc/pgx/v5"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// pageSize is how many intents or receipts are held in memory while all are read.
const pageSize = 100

// Pending yields the intents that exist when it begins, reading a page at a time.
func (j *Journal) Pending(ctx context.Context) iter.Seq2[quarantine.Intent, error] {
	return func(yield func(quarantine.Intent, error) bool) {
		last, err := j.rows(ctx, `ORDER BY at_seconds DESC, at_nanos DESC, operation DESC LIMIT 1`)
		if err != nil {
			yield(quarantine.Intent{}, err)
			return
		}
		if len(last) == 0 {
			return
		}
		end, from := last[0], row{seconds: -1 << 63}
		for {
			page, err := j.rows(ctx, `WHERE (at_seconds, at_nanos, operation) > ($1, $2, $3) AND (at_seconds, at_nanos, operation) <= ($4, $5, $6)
				ORDER BY at_seconds, at_nanos, operation LIMIT $7`, from.seconds, from.nanos, from.operation, end.seconds, end.nanos, end.operation, pageSize)
			if err != nil {
				yield(quarantine.Intent{}, err)
				return
			}
			for _, r := range page {
				if ctx.Err() != nil {
					yield(quarantine.Intent{}, context.Cause(ctx))
					return
				}
				if !yield(r.decode()) {
					return
				}
				from = r
			}
			if len(page) < pageSize {
				return
			}
		}
	}
}

// FindOperation returns the intent of an operation.
func (j *Journal) FindOperation(ctx context.Context, operation string) (in quarantine.Intent, found bool, err error) {
	if storable("operation", operation) != nil {
		return in, false, nil // a forged stamp may have such a name
	}
	rows, err := j.rows(ctx, `WHERE operation = $1`, operation)
	if err != nil || len(rows) == 0 {
		return in, false, err
	}
	in, err = rows[0].decode()
	return in, true, err
}

// FindTarget returns the intents of a target, oldest first.
func (j *Journal) FindTarget(ctx context.Context, t quarantine.Target) ([]quarantine.Intent, error) {
	rows, err := j.rows(ctx, `WHERE target = $1 ORDER BY at_seconds, at_nanos, operation`, t.Key())
	errs := []error{err}
	var all []quarantine.Intent
	for _, r := range rows {
		in, err := r.decode()
		if err == nil {
			all = append(all, in)
		}
		errs = append(errs, err)
	}
	return all, errors.Join(errs...)
}

// rows returns the intents that a condition selects.
func (j *Journal) rows(ctx context.Context, condition string, args ...any) (all []row, err error) {
	err = j.db.do(ctx, func(ctx context.Context) error {
		found, err := j.db.pool.Query(ctx, `SELECT `+columns+` FROM fleet_intents `+condition, args...)
		if err == nil {
			all, err = pgx.CollectRows(found, func(c pgx.CollectableRow) (r row, err error) {
				err = c.Scan(r.fields()...)
				return r, err
			})
		}
		return err
	})
	return all, err
}
