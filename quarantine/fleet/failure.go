package fleet

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Reasons why the database did not do what it was asked to; test with errors.Is. In each
// case, the caller does not know whether it was done; repeating a call with the same
// arguments does no harm.
var (
	// ErrUnreachable reports that the database did not answer: it is down, starting or
	// unreachable, or it took too long.
	ErrUnreachable = errors.New("fleet: the database does not answer")
	// ErrFull reports that the database has no room on its disk, or no memory. Nothing
	// was written.
	ErrFull = errors.New("fleet: the database has no room")
	// ErrReadOnly reports that the database accepts no writes: it is a standby, or became
	// one in a failover.
	ErrReadOnly = errors.New("fleet: the database is read-only")
)

// explain adds what to do about an error of the database, once.
func explain(err error) error {
	if err == nil || slices.ContainsFunc([]error{ErrUnreachable, ErrFull, ErrReadOnly, ErrSchemaOlder}, func(known error) bool { return errors.Is(err, known) }) {
		return err // already explained where it happened
	}
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		if lostConnection(err) || errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("%w; see that it runs and that this machine reaches it, it is then asked again: %w", ErrUnreachable, err)
		}
		return err
	}
	switch {
	case e.Code == "53100", e.Code == "53200":
		return fmt.Errorf("%w; make room on its disk, what was not written is asked for again: %w", ErrFull, err)
	case e.Code == "25006":
		return fmt.Errorf("%w; connect to the primary (target_session_attrs=read-write in the address): %w", ErrReadOnly, err)
	case e.Code == "57014", e.Code == "55P03":
		return fmt.Errorf("%w in time; see what holds it up, or raise statement_timeout and lock_timeout for this account, it is then asked again: %w", ErrUnreachable, err)
	case strings.HasPrefix(e.Code, "28"), e.Code == "3D000":
		return fmt.Errorf("fleet: the database refuses the connection; see the user, the password and the name of the database in its address, and pg_hba.conf: %w", err)
	case e.Code == "53300":
		return fmt.Errorf("%w: it has too many connections; lower pool_max_conns of the workers, or raise max_connections: %w", ErrUnreachable, err)
	case e.Code == "22021":
		return fmt.Errorf("%w: %w", driver.Invalid("arguments", "a text", "has bytes that PostgreSQL cannot hold; give UTF-8 without NUL"), err)
	case e.Code == "42501":
		return fmt.Errorf("the account of the database lacks a right; grant it to what begins with fleet_ and river_: %w", err)
	case e.Code == undefinedTable, e.Code == "42883", e.Code == "42703":
		return fmt.Errorf("%w; call fleet.Migrate once, or see that search_path names their schema: %w", ErrSchemaOlder, err)
	case e.Code == "42P05", e.Code == "26000":
		return fmt.Errorf("fleet: a pooler in between gives each statement another connection; set default_query_exec_mode=exec in the address of the database, and migrate past the pooler: %w", err)
	case e.Code == "08P01":
		return fmt.Errorf("%w as expected; see what a pooler in between does not allow: %w", ErrUnreachable, err)
	case ending(e.Code):
		return fmt.Errorf("%w; it is stopping or starting: %w", ErrUnreachable, err)
	}
	return err
}

// ending reports whether a SQLSTATE means that the database ends the connection: it is
// being shut down or starting, has lost the connection, or had a transaction open for too
// long.
func ending(code string) bool {
	return strings.HasPrefix(code, "57P0") || strings.HasPrefix(code, "08") || code == "25P03" || code == "25P04"
}

// lostConnection reports whether there was no answer because there was no connection, or
// because it was lost. It is then unknown whether the statement was executed.
func lostConnection(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return ending(e.Code)
	}
	var connecting *pgconn.ConnectError
	// Package sql, which makes the tables, has its own errors for that.
	return errors.As(err, &connecting) || pgconn.SafeToRetry(err) || networkError(err) ||
		errors.Is(err, sqldriver.ErrBadConn) || errors.Is(err, sql.ErrConnDone)
}

// networkError reports whether a connection failed.
func networkError(err error) bool {
	var of net.Error
	return errors.As(err, &of) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, pgconn.ErrConnClosed) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
