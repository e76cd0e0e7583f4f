package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
)

// connections is how many connections to the database a process has by default: the journal
// needs about one for each message in progress.
const connections = 24

// How long the database may be silent before a command gives up: while it connects to one
// of possibly several addresses, and in the middle of a statement.
const (
	connectSilence   = 10 * time.Second
	statementSilence = time.Minute
	migrationSilence = 10 * time.Minute // it may have to make an index
)

// silence is how long the database may be silent for a command. A worker waits without
// limit.
func (c *command) silence() time.Duration {
	switch c.name {
	case "work":
		return 0
	case "migrate":
		return migrationSilence
	}
	return statementSilence
}

// pool connects to the database, which may be silent for a time; 0 means forever. Errors of
// the address are not passed on: they may quote it.
func (s *settings) pool(ctx context.Context, silence time.Duration) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(s.DatabaseURL.Reveal())
	if err != nil {
		return nil, fmt.Errorf("databaseUrl cannot be read; write it as postgres://USER:PASSWORD@HOST:5432/NAME, with what is special in the password percent-encoded and known parameters only, as sslmode=verify-full; %w", errUsage)
	}
	if !strings.Contains(s.DatabaseURL.Reveal(), "pool_max_conns") {
		config.MaxConns = connections
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectSilence
	}
	if silence > 0 {
		config.ConnConfig.DialFunc = impatient(config.ConnConfig.DialFunc, silence)
	}
	config.AfterConnect = boundIdle
	return pgxpool.NewWithConfig(ctx, config)
}

// boundIdle has the database end idle transactions, unless the account or the address
// already limits them: a process that stalls in one would hold up the others for as long. A
// pooler would not pass this on as a parameter of the connection.
func boundIdle(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `SELECT set_config('idle_in_transaction_session_timeout', '1min', false) WHERE current_setting('idle_in_transaction_session_timeout') = '0'`)
	return err
}

// checkSchema checks the tables. The error names the command that makes them.
func checkSchema(ctx context.Context, pool *pgxpool.Pool) error {
	err := fleet.CheckSchema(ctx, pool)
	if errors.Is(err, fleet.ErrSchemaOlder) {
		err = fmt.Errorf("run quarantined migrate once: %w", err)
	}
	return err
}

// awaitDatabase waits until the database answers, and checks the tables. It returns nil as well
// if ctx ends.
func awaitDatabase(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) error {
	for {
		timed, cancel := context.WithTimeout(ctx, connectSilence)
		err := checkSchema(timed, pool)
		cancel()
		if ctx.Err() != nil {
			return nil
		}
		if !errors.Is(err, fleet.ErrUnreachable) {
			return err
		}
		log.WarnContext(ctx, "waiting for the database", "error", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(5 * time.Second):
		}
	}
}

// impatient returns a dialer whose connections are closed when an expected answer does not
// come for a time.
func impatient(dial pgconn.DialFunc, silence time.Duration) pgconn.DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &impatientConn{conn, silence}, nil
	}
}

// impatientConn is a connection from which pgx reads only when it waits for an answer. Its
// deadlines are those of pgx.
type impatientConn struct {
	net.Conn
	silence time.Duration
}

// Read reads what comes in time.
func (c *impatientConn) Read(b []byte) (int, error) {
	silent := time.AfterFunc(c.silence, func() { _ = c.Conn.Close() })
	defer silent.Stop()
	return c.Conn.Read(b)
}
