package fleet

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// database is a pool, and how long it may take to answer.
type database struct {
	pool    *pgxpool.Pool
	timeout time.Duration
}

// errAgain asks do to repeat immediately.
var errAgain = errors.New("fleet: something has changed meanwhile")

// pauses are the pauses before repetitions. A pool may have several connections that a
// restarted database has ended, and finds out one by one.
var pauses = [...]time.Duration{0, 50 * time.Millisecond}

// do calls a function that may be repeated, and repeats it if the connection is lost. The
// error is that of the context, or contains what to do.
func (d database) do(ctx context.Context, what func(ctx context.Context) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	timed, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	lost := 0
	for {
		err := what(timed)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case timed.Err() != nil:
			return explain(errors.Join(err, timed.Err()))
		case errors.Is(err, errAgain), conflicting(err):
		case lostConnection(err) && lost < len(pauses):
			select {
			case <-time.After(pauses[lost]):
			case <-timed.Done():
			}
			lost++
		default:
			return explain(err)
		}
	}
}

// conflicting reports whether the database has ended a statement in favour of another, as
// it may if default_transaction_isolation has an unusual value.
func conflicting(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40001" || e.Code == "40P01")
}
