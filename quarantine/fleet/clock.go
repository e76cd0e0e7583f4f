package fleet

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// tolerated is how far the clock of a machine may be from the database's before that is
// worth a warning.
const tolerated = 5 * time.Second

// clock is the database's clock, as far as this machine can tell. River uses a clock of the
// machine to set when a job is begun again, and compares that with the clock of the
// database.
type clock struct{ ahead atomic.Int64 } // how far this machine's clock is ahead

// Now returns the time.
func (c *clock) Now() time.Time { return time.Now().Add(-c.difference()) }

// NowOrNil returns nil, which lets the database fill in its time where it can.
func (c *clock) NowOrNil() *time.Time { return nil }

func (c *clock) difference() time.Duration { return time.Duration(c.ahead.Load()) }

// set records a time that the database has just returned.
func (c *clock) set(database time.Time) { c.ahead.Store(int64(time.Since(database))) }

// unset is the clock for insertions. River's driver would fill in the time of the machine,
// but replaces the zero time with that of the database.
type unset struct{}

// Now returns the time of the machine.
func (unset) Now() time.Time { return time.Now() }

// NowOrNil returns the zero time.
func (unset) NowOrNil() *time.Time { return new(time.Time) }

// newClient returns a client of River.
func newClient(pool *pgxpool.Pool, config *river.Config) (*river.Client[pgx.Tx], error) {
	client, err := river.NewClient(riverpgxv5.New(pool), config)
	if err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	return client, nil
}

// readClock asks the database for its time, how long it keeps the locks of a process that
// has stalled, and whether it keeps what it has committed.
func (w *Workers) readClock(ctx context.Context) error {
	var now time.Time
	var idle, commit string
	if err := w.pool.QueryRow(ctx, `SELECT clock_timestamp(), current_setting('idle_in_transaction_session_timeout'), current_setting('synchronous_commit')`).Scan(&now, &idle, &commit); err != nil {
		return explain(err)
	}
	if commit == "off" {
		w.opts.Logger.WarnContext(ctx, "a power failure of the database would lose what has just been begun; set synchronous_commit to on for this account")
	}
	if idle == "0" {
		w.opts.Logger.WarnContext(ctx, "a process that stands still in a transaction would hold up the others for as long; set idle_in_transaction_session_timeout to 1min, in the address of the database or for the account")
	}
	w.clock.set(now)
	if ahead := w.clock.difference(); ahead.Abs() > tolerated {
		w.opts.Logger.WarnContext(ctx, "the clock of this machine is not that of the database, which counts; set both by NTP", "ahead", ahead.Round(time.Millisecond))
	}
	return nil
}

// start starts River, which still uses the clock of the machine to search for jobs that
// hang.
func (w *Workers) start(ctx context.Context) error {
	if err := w.readClock(ctx); err != nil {
		return fmt.Errorf("fleet: starting the workers: %w", err)
	}
	if ahead := w.clock.difference(); ahead > tolerated {
		config := *w.config
		config.RescueStuckJobsAfter += ahead
		client, err := newClient(w.pool, &config)
		if err != nil {
			return err
		}
		w.client = client
	}
	if err := w.client.Start(ctx); err != nil {
		return fmt.Errorf("fleet: starting the workers: %w", explain(err))
	}
	return nil
}
