package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// front stands in front of an Exchange, and can leave requests unanswered.
type front struct {
	*lab
	mu      sync.Mutex
	matches func(*http.Request) bool
	gate    gate
	reach   func()
	opened  chan struct{}
}

// newFront returns a lab whose configuration points to the front.
func newFront(t *testing.T) *front {
	t.Helper()
	f := &front{lab: newLab(t)}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	t.Cleanup(func() { f.silence(nil).open() })
	f.config = f.write(t, "front.json", map[string]any{"ewsUrl": server.URL + "/EWS/Exchange.asmx", "journalFile": filepath.Join(f.dir, "ewsq.journal")})
	return f
}

// silence leaves matching requests unanswered, from the next one on, until the gate is opened.
func (f *front) silence(matches func(*http.Request) bool) gate {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gate.open != nil {
		f.gate.open()
	}
	reached, opened := make(chan struct{}), make(chan struct{})
	f.matches, f.opened = matches, opened
	f.reach = sync.OnceFunc(func() { close(reached) })
	f.gate = gate{reached, sync.OnceFunc(func() { close(opened) })}
	return f.gate
}

// ServeHTTP passes on requests that need not wait.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	matches, reach, opened := f.matches, f.reach, f.opened
	f.mu.Unlock()
	if matches != nil && matches(r) {
		body, err := io.ReadAll(r.Body) // otherwise the end of the connection goes unnoticed
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		reach()
		select {
		case <-opened:
		case <-r.Context().Done():
			return
		}
	}
	f.Server.ServeHTTP(w, r)
}

// about matches requests that are about a mailbox.
func about(mailbox string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Header.Get("X-AnchorMailbox") == mailbox }
}

// ready returns the answer of /readyz.
func (i *instance) ready(t *testing.T) answer {
	t.Helper()
	return i.call(t, http.MethodGet, "/readyz", "")
}

// A mailbox that does not answer holds one worker, however many alerts are about it; and an
// alert continues in its other mailboxes.
func TestStalledMailbox(t *testing.T) {
	t.Parallel()
	l := newFront(t)
	l.Mailbox(bob).Deliver(phishingMail(t))
	s := l.start(t, "-workers", "2")
	s.post(t, "first", "carol@example.test") // until one request has signed in, others wait
	s.done(t, "first", actionQuarantine)
	held := l.silence(about(alice))
	s.post(t, "a0", alice)
	<-held.reached
	for n := range 4 {
		s.post(t, "a"+strconv.Itoa(n+1), strings.ToUpper(alice[:1])+alice[1:])
	}
	s.post(t, "both", alice, bob)
	s.log.await(t, "alert=both action=quarantine mailbox=bob@example.test")
	s.post(t, "b1", bob)
	assert.Equal(t, quarantine.AlreadyQuarantined, s.done(t, "b1", actionQuarantine).Results[0].Outcome)
	require.Eventually(t, func() bool {
		return s.ready(t).Text == `{"status":"ready","queued":0,"waiting":5,"running":1}`+"\n"
	}, 10*time.Second, time.Millisecond, "the worker of b1 is free again")
	both := s.call(t, http.MethodGet, "/alerts/both", "").Alert
	assert.Equal(t, stateRunning, both.State)
	require.Len(t, both.Results, 1)
	assert.Equal(t, bob, both.Results[0].Mailbox)

	held.open()
	for n := range 5 {
		s.done(t, "a"+strconv.Itoa(n), actionQuarantine)
	}
	assert.Len(t, s.done(t, "both", actionQuarantine).Results, 2)
	assert.Equal(t, 2, l.copies(vault))
	assert.Zero(t, l.copies(alice))
}

// Work that a mailbox does not finish in time ends with an error, also for a restore.
func TestMailboxTakesTooLong(t *testing.T) {
	t.Parallel()
	l := newFront(t)
	s := l.start(t, "-workers", "1")
	s.post(t, "taken", alice)
	s.done(t, "taken", actionQuarantine)
	s.stop()
	s.end(t)
	l.Mailbox(alice).Deliver(phishingMail(t))

	s = l.start(t, "-workers", "1", "-timeout", "200ms")
	l.silence(about(alice))
	s.post(t, "a1", alice)
	s.post(t, "a2", alice)
	s.call(t, http.MethodPost, "/alerts/taken/restore", "")
	for _, id := range []string{"a1", "a2"} {
		a := s.done(t, id, actionQuarantine)
		require.Len(t, a.Results, 1)
		assert.Contains(t, a.Results[0].Error, "took longer than 200ms")
	}
	a := s.done(t, "taken", actionRestore)
	require.Len(t, a.Restored, 1)
	assert.Contains(t, a.Restored[0].Error, "took longer than 200ms")
	s.post(t, "b1", bob)
	s.done(t, "b1", actionQuarantine)
}

// An alert by criteria counts matches before it takes any, so it waits until all its mailboxes
// are free, and holds none meanwhile.
func TestCriteriaWaitForAll(t *testing.T) {
	t.Parallel()
	l := newFront(t)
	l.Mailbox(bob).Deliver(phishingMail(t))
	s := l.start(t, "-workers", "1")
	held := l.silence(about(alice))
	s.post(t, "a1", alice)
	<-held.reached
	text := `{"id":"c1","mailboxes":["alice@example.test","bob@example.test"],"criteria":{"subject":"Your mailbox is full","subjectMatch":"prefix"}}`
	require.Equal(t, http.StatusAccepted, s.call(t, http.MethodPost, "/alerts", text).Status)
	s.post(t, "b1", bob)
	held.open()
	s.done(t, "a1", actionQuarantine)
	s.done(t, "b1", actionQuarantine)
	c := s.done(t, "c1", actionQuarantine)
	require.Len(t, c.Results, 2)
	assert.Empty(t, c.Results[0].Error+c.Results[1].Error)
	assert.Equal(t, 2, l.copies(vault))
}

// /readyz reports when alerts are waiting for workers, and when there is no room for more.
func TestReadyTellsTheTruth(t *testing.T) {
	t.Parallel()
	l := newFront(t)
	s := l.start(t, "-workers", "1", "-late", "50ms", "-queue", "2")
	s.log.await(t, "msg=ready")
	require.Equal(t, http.StatusOK, s.ready(t).Status)
	held := l.silence(about(alice))
	s.post(t, "a1", alice)
	<-held.reached
	assert.Equal(t, http.StatusOK, s.ready(t).Status, "nothing waits")
	s.post(t, "b1", bob)
	var a answer
	require.Eventually(t, func() bool { a = s.ready(t); return a.Status == http.StatusServiceUnavailable }, 10*time.Second, 10*time.Millisecond)
	assert.Contains(t, a.Problem.Detail, "waited for a worker for more than 50ms")
	s.post(t, "b2", bob)
	assert.Contains(t, s.ready(t).Problem.Detail, "too many alerts are waiting")
	held.open()
	s.done(t, "b2", actionQuarantine)
	assert.Equal(t, http.StatusOK, s.ready(t).Status)
}

// Neither startup nor shutdown waits for a mailbox that does not answer.
func TestStalledAtStartAndEnd(t *testing.T) {
	t.Parallel()
	l := newFront(t)
	held := l.silence(func(r *http.Request) bool {
		text, err := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(text))
		return err == nil && bytes.Contains(text, []byte("<m:MoveItem"))
	})
	s := l.start(t, "-grace", "50ms")
	s.post(t, "a1", alice)
	<-held.reached
	s.stop()
	s.end(t)

	l.silence(func(*http.Request) bool { return true })
	s = l.start(t, "-timeout", "200ms", "-grace", "50ms")
	s.log.await(t, "msg=ready")
	s.post(t, "a2", alice)
	s.done(t, "a2", actionQuarantine)
	s.stop()
	s.end(t)
}
