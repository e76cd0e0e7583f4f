package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/testdata"
)

const (
	phishing = "<20261124.1@evil.example>"
	alice    = "alice@example.test"
	bob      = "bob@example.test"
	vault    = "quarantine@example.test"
)

// lab is an Exchange with the phishing mail in Alice's mailbox, and everything that a
// service needs to work with it.
type lab struct {
	*ewstest.Server
	dir, config string
	env         map[string]string
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{Server: ewstest.NewServer(nil), dir: t.TempDir(), env: map[string]string{"EWSQ_PASSWORD": "svc-password"}}
	t.Cleanup(l.Close)
	l.Mailbox(alice).Deliver(phishingMail(t))
	l.config = l.write(t, "ewsq.json", map[string]any{"journalFile": filepath.Join(l.dir, "ewsq.journal")})
	return l
}

func phishingMail(t *testing.T) []byte {
	t.Helper()
	eml, err := testdata.Mail.ReadFile("mail/phishing.eml")
	require.NoError(t, err)
	return eml
}

// write writes a configuration with some additional settings.
func (l *lab) write(t *testing.T, name string, settings map[string]any) string {
	t.Helper()
	config := map[string]any{
		"ewsUrl": l.URL(), "quarantineMailbox": vault, "messageIdSearch": true, "searchLag": "1ms",
		"authentication": map[string]string{"type": "basic", "username": "svc@example.test"},
	}
	maps.Copy(config, settings)
	text, err := json.Marshal(config)
	require.NoError(t, err)
	path := filepath.Join(l.dir, name)
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}

// copies returns how many copies of the phishing mail the owner of a mailbox
// sees.
func (l *lab) copies(address string) int {
	n := 0
	for _, m := range l.Mailbox(address).Messages() {
		if m.MessageID == phishing && !strings.HasPrefix(string(m.Distinguished), "recoverableitems") {
			n++
		}
	}
	return n
}

// gate blocks requests before the server acts on them.
type gate struct {
	reached chan struct{} // closed when the requested number are blocked
	open    func()
}

// hold makes matching requests wait, from the next one on.
func (l *lab) hold(t *testing.T, matches func(*ewstest.Request) bool) gate {
	return l.holdSeveral(t, 1, matches)
}

// holdSeveral is like hold, for a test that continues only once n requests are waiting.
func (l *lab) holdSeveral(t *testing.T, n int32, matches func(*ewstest.Request) bool) gate {
	reached, opened := make(chan struct{}), make(chan struct{})
	open := sync.OnceFunc(func() { close(opened) })
	t.Cleanup(open)
	var waiting atomic.Int32
	l.OnRequest(func(_ int, r *ewstest.Request) {
		select {
		case <-opened:
		default:
			if matches(r) {
				if waiting.Add(1) == n {
					close(reached)
				}
				<-opened
			}
		}
	})
	return gate{reached, open}
}

func operation(op ews.Operation) func(*ewstest.Request) bool {
	return func(r *ewstest.Request) bool { return r.Operation == op }
}

func anything(*ewstest.Request) bool { return true }

// instance is a running service.
type instance struct {
	url   string
	token string
	log   *watched
	stop  context.CancelFunc // acts like a signal
	ended chan struct{}
	code  int // once it has ended
}

// start starts a service that keeps its alerts in the lab's directory.
func (l *lab) start(t *testing.T, args ...string) *instance {
	t.Helper()
	return l.startBare(t, append([]string{"-config", l.config, "-data", filepath.Join(l.dir, "data")}, args...)...)
}

func (l *lab) startBare(t *testing.T, args ...string) *instance {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	i := &instance{token: l.env[envToken], log: newWatched(), stop: stop, ended: make(chan struct{})}
	stdout, w := io.Pipe()
	go func() {
		defer close(i.ended)
		i.code = run(ctx, append(args, "-addr", "127.0.0.1:0"), w, i.log, func(name string) (string, bool) { v, ok := l.env[name]; return v, ok })
		_ = w.Close()
	}()
	t.Cleanup(func() { stop(); <-i.ended })
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	require.NoError(t, err, "%s", i.log)
	var first struct{ URL string }
	require.NoError(t, json.Unmarshal(line, &first))
	i.url = first.URL
	return i
}

// end waits until the service has ended on its own.
func (i *instance) end(t *testing.T) {
	t.Helper()
	<-i.ended
	require.Zero(t, i.code, "%s", i.log)
}

// answer is a response of the service.
type answer struct {
	Status int
	Header http.Header
	Text   string
	Alert  alert
	// Problem is the content of an error.
	Problem struct {
		Title, Detail, Field string
		Status               int
	}
}

// call sends a request; headers are pairs of name and value.
func (i *instance) call(t *testing.T, method, path, body string, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, i.url+path, strings.NewReader(body))
	require.NoError(t, err)
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
	if i.token != "" {
		req.Header.Set("Authorization", "Bearer "+i.token)
	}
	for n := 0; n < len(headers); n += 2 {
		if req.Header.Set(headers[n], headers[n+1]); headers[n] == "Host" {
			req.Host = headers[n+1]
		}
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	a := answer{Status: resp.StatusCode, Header: resp.Header, Text: string(text)}
	if resp.StatusCode < 400 {
		assert.Equal(t, "application/json", resp.Header.Get("Content-Type"))
		require.NoError(t, json.Unmarshal(text, &a.Alert), "%s", text)
		return a
	}
	assert.Equal(t, "application/problem+json", resp.Header.Get("Content-Type"))
	require.NoError(t, json.Unmarshal(text, &a.Problem), "%s", text)
	assert.Equal(t, resp.StatusCode, a.Problem.Status)
	assert.NotEmpty(t, a.Problem.Title)
	return a
}

// post posts an alert about the phishing mail and expects it to be accepted.
func (i *instance) post(t *testing.T, id string, mailboxes ...string) answer {
	t.Helper()
	a := i.call(t, http.MethodPost, "/alerts", body(t, id, mailboxes...))
	require.Equal(t, http.StatusAccepted, a.Status, a.Text)
	return a
}

func body(t *testing.T, id string, mailboxes ...string) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{"id": id, "mailboxes": mailboxes, "messageId": phishing})
	require.NoError(t, err)
	return string(text)
}

// done waits until an alert is done and returns it.
func (i *instance) done(t *testing.T, id string, what action) alert {
	t.Helper()
	i.log.await(t, `msg="alert done" alert=`+id+` action=`+string(what)+"\n")
	a := i.call(t, http.MethodGet, "/alerts/"+id, "")
	require.Equal(t, http.StatusOK, a.Status)
	require.Equal(t, stateDone, a.Alert.State)
	return a.Alert
}

// watched is a log that can be waited for.
type watched struct {
	mu      sync.Mutex
	text    bytes.Buffer
	written chan struct{} // closed with the next write
}

func newWatched() *watched { return &watched{written: make(chan struct{})} }

func (w *watched) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.written)
	w.written = make(chan struct{})
	return w.text.Write(b)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// await waits until the log contains a text.
func (w *watched) await(t *testing.T, text string) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		w.mu.Lock()
		has, written := strings.Contains(w.text.String(), text), w.written
		w.mu.Unlock()
		if has {
			return
		}
		select {
		case <-written:
		case <-deadline:
			require.FailNow(t, "the log never had the text", "%q\n%s", text, w)
		}
	}
}
