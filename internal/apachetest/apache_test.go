//go:build apache

package apachetest

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/template"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	apachePath = "/usr/sbin/apache2"
	moduleDir  = "/usr/lib/apache2/modules"
	python     = "/usr/bin/python3" // Debian's, with its packages
)

// account is a user who can sign in. The accounts cover both forms of a user name;
// examples/exchange accepts both, with the same password.
type account struct{ name, password, mailbox string }

var (
	alice = account{`EXAMPLE\alice`, "alice-password", "alice@example.test"}
	bob   = account{"bob@example.test", "bob-password", "bob@example.test"}
)

// Basic returns the Basic credentials that Apache sends to the back end.
func (a account) Basic() string {
	return base64.StdEncoding.EncodeToString([]byte(a.name + ":" + a.password))
}

// split returns the name as in NTLM: a user principal name is a user without a
// domain.
func (a account) split() (domain, user string) {
	if domain, user, ok := strings.Cut(a.name, `\`); ok {
		return domain, user
	}
	return "", a.name
}

// remoteUser returns the name that gss-ntlmssp gives the account.
func (a account) remoteUser() string {
	domain, user := a.split()
	return domain + `\` + user
}

// Pattern matches remoteUser without using a backslash, whose meaning in Apache's
// configuration depends on the context.
func (a account) Pattern() string { return strings.ReplaceAll(a.remoteUser(), `\`, ".") }

// userFileLine returns the line of the account in NTLM_USER_FILE.
func (a account) userFileLine() string {
	domain, user := a.split()
	return domain + ":" + user + ":" + a.password + "\n"
}

// apache is a running Apache.
type apache struct {
	dir  string
	url  string // of EWS
	addr string
	stop func() // stops it, after which its log is complete
}

// apacheOptions are the settings of an Apache.
type apacheOptions struct {
	backend     string
	certificate certificate
	env         []string // in addition to the usual one
}

// startApache starts an Apache and waits until it answers.
func startApache(t *testing.T, o apacheOptions) *apache {
	t.Helper()
	a := &apache{dir: openDir(t), addr: freeAddress(t)}
	a.url = "https://" + a.addr + "/EWS/Exchange.asmx"
	conf, err := template.ParseFiles("testdata/httpd.conf")
	require.NoError(t, err)
	var text bytes.Buffer
	require.NoError(t, conf.Execute(&text, map[string]any{
		"Dir": a.dir, "Root": os.Getuid() == 0, "Address": a.addr, "Backend": o.backend, "ModuleDir": moduleDir,
		"Accounts": []account{alice, bob},
		"Modules":  []string{"mpm_event", "authn_core", "authz_core", "authz_user", "auth_gssapi", "ssl", "headers", "proxy", "proxy_http"},
	}))
	users := alice.userFileLine() + bob.userFileLine()
	for name, content := range map[string]string{
		"httpd.conf": text.String(), "users": users,
		"server.pem": string(o.certificate.pem), "server.key": string(o.certificate.key),
	} {
		// The worker runs as another user and must read them; they are not secret.
		require.NoError(t, os.WriteFile(filepath.Join(a.dir, name), []byte(content), 0o644))
	}
	cmd := exec.Command(apachePath, "-f", filepath.Join(a.dir, "httpd.conf"), "-DFOREGROUND")
	cmd.Env = append(os.Environ(), "NTLM_USER_FILE="+filepath.Join(a.dir, "users"),
		"NETBIOS_COMPUTER_NAME=EXCHANGE", "NETBIOS_DOMAIN_NAME=EXAMPLE")
	cmd.Env = append(cmd.Env, o.env...)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	require.NoError(t, cmd.Start())
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	a.stop = sync.OnceFunc(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(30 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
			t.Error("Apache did not stop and was killed")
		}
	})
	t.Cleanup(a.stop)
	t.Cleanup(func() {
		if t.Failed() {
			text, _ := os.ReadFile(filepath.Join(a.dir, "error.log"))
			t.Logf("Apache's error log:\n%s", text)
		}
	})
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", a.addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	}, 30*time.Second, 20*time.Millisecond, "Apache does not answer: %s", &output)
	return a
}

// openDir returns a directory that Apache's worker can access.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "apachetest-") // t.TempDir is below a directory that others cannot enter
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))
	return dir
}

// freeAddress returns a local address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// traffic is a summary of Apache's log.
type traffic struct {
	connections, requests int
	refusals              int            // 401 answers; each handshake has one
	byUser                map[string]int // requests by signed-in user
	used                  int            // connections that served a user
	shared                int            // connections that served more than one user
}

// traffic stops Apache, so its log is complete, and reads the log.
func (a *apache) traffic(t *testing.T) traffic {
	t.Helper()
	a.stop()
	text, err := os.ReadFile(filepath.Join(a.dir, "access.log"))
	require.NoError(t, err)
	got := traffic{byUser: map[string]int{}}
	users := map[string]string{} // by connection
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		require.Len(t, f, 4, line)
		port, number, status, user := f[0], f[1], f[2], strings.ReplaceAll(f[3], `\\`, `\`)
		got.requests++
		if number == "0" {
			got.connections++
			delete(users, port) // an earlier connection may have used the port
		}
		if code, err := strconv.Atoi(status); err == nil && code == 401 {
			got.refusals++
			continue
		}
		got.byUser[user]++
		before, ok := users[port]
		switch {
		case !ok:
			got.used++
		case before != user:
			got.shared++
		}
		users[port] = user
	}
	return got
}

// exchange builds examples/exchange.
var exchange = sync.OnceValues(func() (string, error) {
	file := filepath.Join(os.TempDir(), fmt.Sprintf("apachetest-exchange-%d", os.Getpid()))
	out, err := exec.Command("go", "build", "-o", file, "../../examples/exchange").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return file, nil
})

func TestMain(m *testing.M) {
	status := m.Run()
	if file, err := exchange(); err == nil {
		_ = os.Remove(file)
	}
	os.Exit(status)
}

// startExchange runs examples/exchange with one message in the Inbox of each account; its
// subject is the owner's address. It returns the server's URL without a path.
func startExchange(t *testing.T) string {
	t.Helper()
	file, err := exchange()
	require.NoError(t, err)
	args := []string{"-addr", "127.0.0.1:0", "-auth", "basic"}
	for _, a := range []account{alice, bob} {
		dir := t.TempDir()
		eml := "From: sender@example.org\r\nTo: " + a.mailbox + "\r\nSubject: " + a.mailbox + "\r\n\r\nText\r\n"
		require.NoError(t, os.WriteFile(filepath.Join(dir, "a.eml"), []byte(eml), 0o600))
		args = append(args, "-load", a.mailbox+"="+dir)
	}
	cmd := exec.Command(file, args...)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	require.NoError(t, err)
	var ready struct{ URL string }
	require.NoError(t, json.Unmarshal(line, &ready))
	return strings.TrimSuffix(ready.URL, "/EWS/Exchange.asmx")
}
