package fleet_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet/internal/pgtest"
)

// intent returns an intent of an operation.
func intent(n int) quarantine.Intent {
	return quarantine.Intent{
		Operation: fmt.Sprint("operation", n), Direction: driver.ToQuarantine, Server: "A", Quarantine: "quarantine@example.test",
		Target: quarantine.Target{Mailbox: fmt.Sprintf("user%d@example.test", n), MessageID: "<1@evil.example>", Reference: "case 1"},
		At:     time.Date(2026, 11, 24, 10, 0, n, 0, time.UTC),
	}
}

// receipt returns the receipt of a finished target.
func receipt(n int) *quarantine.Receipt {
	return &quarantine.Receipt{Action: "quarantine", Server: "A", Target: intent(n).Target}
}

// faulty returns a journal, and the faults of its connection to the database.
func faulty(t *testing.T, config *pgxpool.Config, opts *fleet.JournalOptions) (*fleet.Journal, *pgtest.Faults) {
	t.Helper()
	faults := new(pgtest.Faults)
	j, err := fleet.NewJournal(pgtest.Open(t, faults.Install(config)), opts)
	require.NoError(t, err)
	return j, faults
}

// After an answer is lost, the statement is repeated, and nothing is done twice.
func TestCutAfterCommit(t *testing.T) {
	t.Parallel()
	config := migrated(t)
	j, faults := faulty(t, config, nil)
	ctx := t.Context()
	cut := func(tag string, do func() error) {
		t.Helper()
		faults.CutAfter(tag)
		require.NoError(t, do(), tag)
		require.True(t, faults.Cut(), "nothing was cut: %s", tag)
	}
	var c quarantine.Claim
	cut("INSERT 0 1", func() (err error) { c, err = j.Begin(ctx, intent(0), "a", time.Hour); return err })
	cut("UPDATE 1", func() (err error) { _, c, err = j.Claim(ctx, c.Operation, "a", time.Hour); return err })
	cut("UPDATE 1", func() (err error) { c, err = j.Renew(ctx, c, time.Hour); return err })
	cut("DELETE 1", func() error { return j.Finish(ctx, c) })
	cut("INSERT 0 1", func() error { return j.Mark(ctx, "c", receipt(0)) })
	cut("SELECT 1", func() error { _, err := j.Marked(ctx, "c", receipt(0).Target); return err })
	cut("DELETE 1", func() error { return j.Forget(ctx, "c") })
	for in, err := range j.Pending(ctx) {
		t.Errorf("left: %v, %v", in, err)
	}
}

// If the database has ended all connections, new ones are made.
func TestDatabaseRestarted(t *testing.T) {
	t.Parallel()
	config := migrated(t)
	j := newJournal(t, config)
	_, err := j.Begin(t.Context(), intent(0), "a", time.Hour)
	require.NoError(t, err)
	_, err = pgtest.Open(t, config).Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	require.NoError(t, err)
	_, found, err := j.FindOperation(t.Context(), intent(0).Operation)
	require.NoError(t, err)
	assert.True(t, found)
}

// While the database is down, each call reports that and what to do; afterwards nothing is
// missing.
func TestDatabaseDown(t *testing.T) {
	t.Parallel()
	config := migrated(t)
	j, faults := faulty(t, config, nil)
	ctx := t.Context()
	c, err := j.Begin(ctx, intent(0), "a", time.Hour)
	require.NoError(t, err)
	require.NoError(t, j.Mark(ctx, "c", receipt(0)))
	faults.SetDown(true)
	for name, do := range map[string]func() error{
		"Begin":         func() error { _, err := j.Begin(ctx, intent(1), "a", time.Hour); return err },
		"Claim":         func() error { _, _, err := j.Claim(ctx, c.Operation, "a", time.Hour); return err },
		"Renew":         func() error { _, err := j.Renew(ctx, c, time.Hour); return err },
		"Finish":        func() error { return j.Finish(ctx, c) },
		"FindOperation": func() error { _, _, err := j.FindOperation(ctx, c.Operation); return err },
		"FindTarget":    func() error { _, err := j.FindTarget(ctx, intent(0).Target); return err },
		"Pending": func() (told error) {
			for _, err := range j.Pending(ctx) {
				told = errors.Join(told, err)
			}
			return told
		},
		"Mark":   func() error { return j.Mark(ctx, "c", receipt(1)) },
		"Marked": func() error { _, err := j.Marked(ctx, "c", receipt(0).Target); return err },
		"Marks": func() (told error) {
			for _, err := range j.Marks(ctx, "c") {
				told = errors.Join(told, err)
			}
			return told
		},
		"HasMark": func() error { _, err := j.HasMark(ctx, "c", receipt(0).Target); return err },
		"Forget":  func() error { return j.Forget(ctx, "c") },
	} {
		err := do()
		require.ErrorIs(t, err, fleet.ErrUnreachable, name)
		require.ErrorContains(t, err, "see that it runs", name)
	}
	faults.SetDown(false)
	in, found, err := j.FindOperation(ctx, c.Operation)
	require.NoError(t, err)
	assert.True(t, found)
	assert.Equal(t, intent(0), in)
	has, err := j.HasMark(ctx, "c", receipt(0).Target)
	require.NoError(t, err)
	assert.True(t, has)
	require.NoError(t, j.Finish(ctx, c), "its claim is still good")
}

// Calls do not wait forever for a database that does not answer.
func TestDatabaseHangs(t *testing.T) {
	t.Parallel()
	j, faults := faulty(t, migrated(t), &fleet.JournalOptions{Timeout: 300 * time.Millisecond})
	_, err := j.Begin(t.Context(), intent(0), "a", time.Hour)
	require.NoError(t, err)
	resume := faults.Hang()
	begun := time.Now()
	_, err = j.Begin(t.Context(), intent(1), "a", time.Hour)
	require.ErrorIs(t, err, fleet.ErrUnreachable)
	assert.Less(t, time.Since(begun), 5*time.Second)
	resume()
	_, err = j.Begin(t.Context(), intent(1), "a", time.Hour)
	require.NoError(t, err)
}

// The error of a database with a full disk is reported, with what to do, and nothing is
// written. A trigger answers as PostgreSQL does then (SQLSTATE 53100).
func TestDatabaseFull(t *testing.T) {
	t.Parallel()
	config := migrated(t)
	j, pool := newJournal(t, config), pgtest.Open(t, config)
	ctx := t.Context()
	c, err := j.Begin(ctx, intent(0), "a", time.Hour)
	require.NoError(t, err)
	_, err = pool.Exec(ctx, `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
		CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON fleet_intents EXECUTE FUNCTION full_disk();
		CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON fleet_marks EXECUTE FUNCTION full_disk()`)
	require.NoError(t, err)
	_, beginErr := j.Begin(ctx, intent(1), "a", time.Hour)
	_, renewErr := j.Renew(ctx, c, time.Hour)
	for _, err := range []error{beginErr, renewErr, j.Mark(ctx, "c", receipt(0))} {
		require.ErrorIs(t, err, fleet.ErrFull)
		require.ErrorContains(t, err, "make room on its disk")
	}
	_, err = pool.Exec(ctx, `DROP FUNCTION full_disk CASCADE`)
	require.NoError(t, err)
	_, found, err := j.FindOperation(ctx, intent(1).Operation)
	require.NoError(t, err)
	assert.False(t, found)
	require.NoError(t, j.Finish(ctx, c))
}

// Missing tables, and a database that accepts no writes, are reported as such.
func TestDatabaseNotReady(t *testing.T) {
	t.Parallel()
	j, err := fleet.NewJournal(pgtest.Pool(t), nil)
	require.NoError(t, err)
	_, err = j.Begin(t.Context(), intent(0), "a", time.Hour)
	require.ErrorIs(t, err, fleet.ErrSchemaOlder)
	config := migrated(t)
	config.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
	_, err = newJournal(t, config).Begin(t.Context(), intent(0), "a", time.Hour)
	require.ErrorIs(t, err, fleet.ErrReadOnly)
	require.ErrorContains(t, err, "target_session_attrs")
}

// A pooler that gives each statement another connection is recognised by the errors of
// prepared statements. A trigger answers as PostgreSQL does then.
func TestPoolerIsTold(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"42P05", "26000"} {
		config := migrated(t)
		_, err := pgtest.Open(t, config).Exec(t.Context(), `CREATE FUNCTION pooler() RETURNS trigger LANGUAGE plpgsql AS $$
				BEGIN RAISE EXCEPTION 'prepared statement' USING ERRCODE = '`+code+`'; END $$;
			CREATE TRIGGER pooler BEFORE INSERT ON fleet_intents EXECUTE FUNCTION pooler()`)
		require.NoError(t, err)
		_, err = newJournal(t, config).Begin(t.Context(), intent(0), "a", time.Hour)
		require.ErrorContains(t, err, "default_query_exec_mode=exec")
	}
}

// What the database refuses to the account, or does not do in time, is reported with what
// to do.
func TestDatabaseRefuses(t *testing.T) {
	t.Parallel()
	config := migrated(t)
	slow := config.Copy()
	slow.ConnConfig.RuntimeParams["statement_timeout"] = "100ms"
	tx, err := pgtest.Open(t, config).Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(t.Context())
	_, err = tx.Exec(t.Context(), `LOCK TABLE fleet_intents`)
	require.NoError(t, err)
	_, err = newJournal(t, slow).Begin(t.Context(), intent(0), "a", time.Hour)
	require.ErrorIs(t, err, fleet.ErrUnreachable)
	require.ErrorContains(t, err, "statement_timeout")
	for _, change := range []func(*pgxpool.Config){
		func(c *pgxpool.Config) { c.ConnConfig.Database = "no_such_database" },
		func(c *pgxpool.Config) { c.ConnConfig.User = "no_such_user" },
	} {
		wrong := config.Copy()
		change(wrong)
		wrong.ConnConfig.Password = "a password"
		_, err = newJournal(t, wrong).Begin(t.Context(), intent(0), "a", time.Hour)
		require.ErrorContains(t, err, "see the user, the password and the name of the database")
		require.NotContains(t, err.Error(), "a password")
	}
}

// A context that has ended is not mistaken for a database that does not answer.
func TestContextEnds(t *testing.T) {
	t.Parallel()
	j := newJournal(t, migrated(t))
	ctx, cancel := testContext(t)
	cancel(errStop)
	_, err := j.Begin(ctx, intent(0), "a", time.Hour)
	require.ErrorIs(t, err, errStop)
	require.NotErrorIs(t, err, fleet.ErrUnreachable)
}

// The tokens of an operation grow, even if several begin, claim and finish it at the same
// time.
func TestTokensGrow(t *testing.T) {
	t.Parallel()
	j := newJournal(t, migrated(t))
	var last atomic.Int64
	done := make(chan error)
	for worker := range 4 {
		go func() {
			owner := fmt.Sprint(worker)
			for range 100 {
				c, err := j.Begin(t.Context(), intent(0), owner, time.Hour)
				if errors.Is(err, quarantine.ErrHeld) {
					continue
				}
				if err == nil && c.Token <= last.Load() {
					err = fmt.Errorf("token %d after %d", c.Token, last.Load())
				}
				last.Store(c.Token) // nobody else has a claim now
				if err = errors.Join(err, j.Finish(t.Context(), c)); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 4 {
		require.NoError(t, <-done)
	}
}

// A value that PostgreSQL cannot hold is refused by name, or not found.
func TestUnstorable(t *testing.T) {
	t.Parallel()
	j := newJournal(t, migrated(t))
	for _, odd := range []string{"a\x00b", "\xff"} {
		in := intent(0)
		in.Operation = odd
		_, err := j.Begin(t.Context(), in, "a", time.Hour)
		require.ErrorIs(t, err, quarantine.ErrInvalid)
		require.ErrorContains(t, err, "operation")
		_, found, err := j.FindOperation(t.Context(), odd)
		require.NoError(t, err)
		assert.False(t, found)
		require.ErrorIs(t, j.Mark(t.Context(), odd, receipt(0)), quarantine.ErrInvalid)
	}
}

// A receipt that was changed in the database is reported, and not used.
func TestDamagedMark(t *testing.T) {
	t.Parallel()
	config := migrated(t)
	j := newJournal(t, config)
	for n := range 3 {
		require.NoError(t, j.Mark(t.Context(), "c", receipt(n)))
	}
	_, err := pgtest.Open(t, config).Exec(t.Context(), `UPDATE fleet_marks SET receipt = '{"action":"restore"}' WHERE target = $1`, receipt(1).Target.Key())
	require.NoError(t, err)
	_, err = j.Marked(t.Context(), "c", receipt(1).Target)
	require.ErrorIs(t, err, fleet.ErrDamaged)
	read, damaged := 0, 0
	for _, err := range j.Marks(t.Context(), "c") {
		if err == nil {
			read++
			continue
		}
		require.ErrorIs(t, err, fleet.ErrDamaged)
		damaged++
	}
	assert.Equal(t, 2, read)
	assert.Equal(t, 1, damaged)
}
