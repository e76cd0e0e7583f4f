package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// shared is the cluster of the tests of a package.
var shared struct {
	once    sync.Once
	cluster *Cluster
	url     string
	err     error
}

// Address returns the address of a database of the cluster, in which tests may create
// others. If the cluster cannot be started, it fails the test.
func Address(t testing.TB) string {
	t.Helper()
	shared.once.Do(func() {
		if shared.url = os.Getenv(variable); shared.url == "" {
			if shared.cluster, shared.err = Start(); shared.err == nil {
				shared.url = shared.cluster.URL
			}
		}
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.url
}

// Config returns the configuration of a pool for a new, empty database, which is removed
// after the test.
func Config(t testing.TB) *pgxpool.Config {
	t.Helper()
	name := "fleet_test_" + strings.ToLower(rand.Text())
	execute(t, "CREATE DATABASE "+name+" TEMPLATE template0")
	t.Cleanup(func() { execute(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	config, err := pgxpool.ParseConfig(Address(t))
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.Database = name
	config.MaxConns = 8
	return config
}

// Pool returns a pool for a new, empty database. Both end with the test.
func Pool(t testing.TB) *pgxpool.Pool {
	t.Helper()
	return Open(t, Config(t))
}

// Open returns a pool that is closed after the test.
func Open(t testing.TB, config *pgxpool.Config) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.NewWithConfig(context.Background(), config.Copy())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// execute executes a statement in the cluster, outside the databases of tests.
func execute(t testing.TB, statement string) {
	t.Helper()
	ctx := context.Background() // the test's own has ended when it cleans up
	conn, err := pgx.Connect(ctx, Address(t))
	if err != nil {
		t.Fatal(fmt.Errorf("connecting to the database for tests: %w; %s", err, advice))
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatal(err)
	}
}
