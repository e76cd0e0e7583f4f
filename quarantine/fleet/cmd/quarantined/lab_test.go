package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet"
	"github.com/ewsquarantine/ewsquarantine/quarantine/fleet/internal/pgtest"
)

const (
	alice    = "alice@example.test"
	bob      = "bob@example.test"
	vault    = "quarantine@example.test"
	phishing = "<1@evil.example>"

	password = "svc-password"
	dbSecret = "a-secret-of-the-database" // PostgreSQL trusts everybody on its socket
)

// lab is an Exchange server, a database with tables, and a configuration for both.
type lab struct {
	*ewstest.Server
	dir, config string
	pool        *pgxpool.Pool
	env         map[string]string
}

func newLab(t *testing.T, settings map[string]any) *lab {
	t.Helper()
	l := &lab{Server: ewstest.NewServer(nil), dir: t.TempDir(), env: map[string]string{"EWSQ_PASSWORD": password}}
	t.Cleanup(l.Close)
	database := pgtest.Config(t)
	l.pool = pgtest.Open(t, database)
	c := database.ConnConfig
	all := map[string]any{
		"databaseUrl": fmt.Sprintf("postgres:///%s?user=%s&password=%s&host=%s&port=%d&pool_max_conns=8", c.Database, c.User, dbSecret, url.QueryEscape(c.Host), c.Port),
		"listen":      "127.0.0.1:0",
		"exchange": map[string]any{
			"ewsUrl": l.URL(), "quarantineMailbox": vault, "messageIdSearch": true, "searchLag": "1ms",
			"authentication": map[string]string{"type": "basic", "username": "svc@example.test"},
		},
	}
	maps.Copy(all, settings)
	text, err := json.Marshal(all)
	require.NoError(t, err)
	l.config = l.file(t, "quarantined.json", string(text))
	out, status := l.run(t, "migrate", "-config", l.config)
	require.Zero(t, status, out)
	return l
}

func (l *lab) file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(l.dir, name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func (l *lab) deliver(address, subject string) {
	l.Mailbox(address).Deliver([]byte("Message-ID: " + phishing + "\r\nFrom: mallory@evil.example\r\nSubject: " + subject + "\r\n\r\nClick here.\r\n"))
}

// copies returns how many copies of the message the owner of a mailbox can see.
func (l *lab) copies(address string) (n int) {
	for _, m := range l.Mailbox(address).Messages() {
		if m.MessageID == phishing && !strings.HasPrefix(string(m.Distinguished), "recoverableitems") {
			n++
		}
	}
	return n
}

// output is what a program writes; tests read it meanwhile.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write keeps what is written.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

// String returns what was written.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

func (l *lab) lookup(name string) (string, bool) {
	v, ok := l.env[name]
	return v, ok
}

// run runs a command to its end, and returns what it wrote to both outputs.
func (l *lab) run(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out output
	p := &program{stdin: strings.NewReader(""), stdout: &out, stderr: &out, lookup: l.lookup}
	status := p.run(t.Context(), args)
	return out.String(), status
}

// worker is a process at work.
type worker struct {
	url  string
	log  *output
	stop func() int // as a signal does; returns the exit status
}

func (l *lab) work(t *testing.T) *worker {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	urls, ended := make(chan string, 1), make(chan int, 1)
	w := &worker{log: new(output)}
	p := &program{stdin: strings.NewReader(""), stdout: io.Discard, stderr: w.log, lookup: l.lookup, ready: func(url string) { urls <- url }}
	go func() { ended <- p.run(ctx, []string{"work", "-config", l.config}) }()
	w.stop = sync.OnceValue(func() int {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { w.stop() })
	select {
	case w.url = <-urls:
	case status := <-ended:
		t.Fatalf("ended with %d: %s", status, w.log)
	}
	return w
}

// done waits until nothing of a campaign is left to do.
func (l *lab) done(t *testing.T, campaign string, is func(fleet.CampaignStatus) bool) fleet.CampaignStatus {
	t.Helper()
	campaigns, err := fleet.NewCampaigns(l.pool, nil)
	require.NoError(t, err)
	var s fleet.CampaignStatus
	require.Eventually(t, func() bool {
		s, err = campaigns.Status(t.Context(), campaign)
		return err == nil && s.Done() && (is == nil || is(s))
	}, time.Minute, 20*time.Millisecond)
	return s
}

// call sends a request, and returns the status, the header and the body.
func call(t *testing.T, method, url, body string, header ...string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
			continue
		}
		r.Header.Add(header[i], header[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, resp.Header, string(text)
}
