package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// variable names the cluster to use.
const variable = "FLEET_TEST_DATABASE"

// advice is how to get a database.
const advice = "install PostgreSQL (Debian: apt-get install -y postgresql), or let " + variable +
	" be the address of a database whose account may create others, such as postgres://postgres@localhost:5432/postgres"

// Main runs the tests of a package, and stops the cluster that they started. It is for
// TestMain.
func Main(m *testing.M) {
	code := m.Run()
	if shared.cluster != nil {
		shared.cluster.Stop()
	}
	os.Exit(code)
}

// Cluster is a PostgreSQL server that the tests have started.
type Cluster struct {
	URL string // of the database named postgres

	dir    string
	stop   io.Closer // ends the shell that watches over it
	ended  chan error
	output *bytes.Buffer
}

// Start starts a cluster in a new directory. The cluster ends with this process, however
// that ends.
func Start() (*Cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("/tmp", "pgtest") // the path of a socket has at most 107 bytes
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir, ended: make(chan error, 1), output: new(bytes.Buffer)}
	if err := c.start(bin); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("starting PostgreSQL of %s: %w\n%s", bin, err, c.output)
	}
	return c, nil
}

func (c *Cluster) start(bin string) error {
	account, err := unprivileged(c.dir)
	if err != nil {
		return err
	}
	data := filepath.Join(c.dir, "data")
	command := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(name, args...)
		cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = c.dir, c.output, c.output, account
		return cmd
	}
	if err := command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync").Run(); err != nil {
		return err
	}
	// The shell waits for the end of its input, which comes even if this process is killed.
	const watch = `"$@" </dev/null & p=$!; read _; kill -INT $p; wait $p; rm -rf "$0"`
	server := command("/bin/sh", "-c", watch, c.dir, filepath.Join(bin, "postgres"), "-D", data, "-k", c.dir,
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=300",
		"-c", "shared_buffers=32MB", "-c", "autovacuum=off", "-c", "log_min_messages=fatal", "-c", "log_min_error_statement=panic")
	server.SysProcAttr.Setpgid = true // an interrupt of the tests must not reach it
	if c.stop, err = server.StdinPipe(); err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	go func() { c.ended <- server.Wait() }()
	c.URL = "postgres:///postgres?user=postgres&host=" + c.dir
	return c.ready()
}

// ready waits until the cluster answers.
func (c *Cluster) ready() error {
	for deadline := time.Now().Add(time.Minute); ; {
		conn, err := pgx.Connect(context.Background(), c.URL)
		if err == nil {
			return conn.Close(context.Background())
		}
		if time.Now().After(deadline) {
			c.stop.Close()
			return err
		}
		select {
		case ended := <-c.ended:
			return errors.Join(errors.New("it has ended"), ended)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Stop stops the cluster and removes it.
func (c *Cluster) Stop() {
	c.stop.Close()
	select {
	case <-c.ended:
	case <-time.After(time.Minute):
	}
	os.RemoveAll(c.dir)
}

// unprivileged returns the account that may run PostgreSQL, which refuses root, and gives
// it the directory.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	if os.Geteuid() != 0 {
		return &syscall.SysProcAttr{}, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("it refuses root: %w; create the user postgres, or run the tests as another user", err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, os.Chown(dir, uid, gid)
}

// binaries returns the directory of PostgreSQL's programs, the latest version first.
func binaries() (string, error) {
	dirs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	slices.SortFunc(dirs, func(a, b string) int { return version(b) - version(a) })
	dirs = append(dirs, "/usr/pgsql/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql/bin")
	dirs = append(dirs, filepath.SplitList(os.Getenv("PATH"))...)
	for _, dir := range dirs {
		if _, err := exec.LookPath(filepath.Join(dir, "initdb")); err == nil {
			return dir, nil
		}
	}
	return "", errors.New("PostgreSQL is not installed; " + advice)
}

// version returns the number in /usr/lib/postgresql/15/bin.
func version(dir string) int {
	n, err := strconv.Atoi(filepath.Base(strings.TrimSuffix(dir, "/bin")))
	if err != nil {
		return 0
	}
	return n
}
