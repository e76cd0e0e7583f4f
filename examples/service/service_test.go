package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

func TestQuarantineAndRestore(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	s := l.start(t)
	posted := s.call(t, http.MethodPost, "/alerts",
		`{"id":"a1","mailboxes":["alice@example.test","bob@example.test","nobody@example.test","ALICE@example.test"],
		  "messageId":"<20261124.1@evil.example>","reason":"phishing\nmsg=\"alert done\" \u001b[31m"}`)
	require.Equal(t, http.StatusAccepted, posted.Status, posted.Text)
	assert.Equal(t, "/alerts/a1", posted.Header.Get("Location"))
	assert.Equal(t, "a1", posted.Alert.ID)
	assert.Equal(t, []string{alice, bob, "nobody@example.test"}, posted.Alert.Mailboxes, "none twice")

	a := s.done(t, "a1", actionQuarantine)
	require.Len(t, a.Results, 3)
	assert.Equal(t, alice, a.Results[0].Mailbox)
	assert.Equal(t, quarantine.Quarantined, a.Results[0].Outcome)
	require.Len(t, a.Results[0].Receipt.Items, 1)
	assert.Equal(t, "/Inbox", a.Results[0].Receipt.Items[0].Folder)
	assert.Equal(t, "phishing\nmsg=\"alert done\" \u001b[31m", a.Results[0].Receipt.Target.Reason)
	assert.Equal(t, quarantine.NotFound, a.Results[1].Outcome)
	assert.Empty(t, a.Results[1].Error, "it is not an error if the message is not there")
	assert.Nil(t, a.Results[2].Receipt, "the mailbox could not be searched")
	assert.Contains(t, a.Results[2].Error, "nobody@example.test")
	assert.Equal(t, 0, l.copies(alice))
	assert.Equal(t, 1, l.copies(vault))

	again := s.call(t, http.MethodPost, "/alerts/a1/restore", "")
	require.Equal(t, http.StatusAccepted, again.Status, again.Text)
	assert.Equal(t, "/alerts/a1", again.Header.Get("Location"))
	a = s.done(t, "a1", actionRestore)
	assert.Len(t, a.Results, 3, "what was done before is still listed")
	require.Len(t, a.Restored, 1, "there is nothing to restore for the others")
	assert.Equal(t, alice, a.Restored[0].Mailbox)
	assert.Equal(t, quarantine.Restored, a.Restored[0].Outcome)
	assert.Equal(t, 1, l.copies(alice))
	assert.Equal(t, 0, l.copies(vault))
	assert.Empty(t, l.Notices(), "nobody was notified")

	s.stop()
	s.end(t)
	log := s.log.String()
	assert.NotContains(t, log, "svc-password")
	assert.NotContains(t, log, "Your mailbox is full")
	assert.NotContains(t, log, "phishing", "a caller's words may quote the message")
	assert.NotContains(t, log, "journalFile")
	assert.NotContains(t, log, "-data")
}

func TestCriteria(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	s := l.start(t)
	posted := s.call(t, http.MethodPost, "/alerts", `{"mailboxes":["alice@example.test"],"criteria":{"subject":"Your mailbox is full","subjectMatch":"prefix"}}`)
	require.Equal(t, http.StatusAccepted, posted.Status, posted.Text)
	a := s.done(t, posted.Alert.ID, actionQuarantine)
	require.Len(t, a.Results, 1)
	assert.Equal(t, quarantine.Quarantined, a.Results[0].Outcome)
	assert.Equal(t, 1, l.copies(vault))
	assert.NotContains(t, s.log.String(), "Your mailbox is full")
}

// Without -data and journalFile the service works, but logs what that means.
func TestNothingKept(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	s := l.startBare(t, "-config", l.write(t, "plain.json", map[string]any{"name": "Lab"}))
	s.post(t, "a1", alice)
	assert.Equal(t, quarantine.Quarantined, s.done(t, "a1", actionQuarantine).Results[0].Outcome)
	assert.Contains(t, s.log.String(), `msg="without -data, alerts are lost when the service ends"`)
	assert.Contains(t, s.log.String(), `msg="without journalFile, what a crash interrupts is finished only when its alert is run again" server=Lab`)
}

func TestSameAlertOnce(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	s := l.start(t, "-workers", "2")
	held := l.hold(t, anything)
	text := `{"mailboxes":["alice@example.test"],"messageId":"<20261124.1@evil.example>"}`
	var wg sync.WaitGroup
	for _, key := range []string{"incident-17", `"incident-17"`} { // quoted, as in the draft, and not, as often sent
		wg.Go(func() {
			a := s.call(t, http.MethodPost, "/alerts", text, "Idempotency-Key", key)
			assert.Equal(t, http.StatusAccepted, a.Status)
			assert.Equal(t, "/alerts/incident-17", a.Header.Get("Location"))
		})
	}
	wg.Wait()
	<-held.reached
	running := s.post(t, "incident-17", alice)
	assert.Equal(t, stateRunning, running.Alert.State, "the id is the key")
	early := s.call(t, http.MethodPost, "/alerts/incident-17/restore", "")
	assert.Equal(t, http.StatusConflict, early.Status, "what is being taken cannot be put back yet")
	assert.Equal(t, "5", early.Header.Get("Retry-After"))
	other := s.call(t, http.MethodPost, "/alerts", body(t, "incident-17", bob))
	assert.Equal(t, http.StatusUnprocessableEntity, other.Status, "another alert under the same key")
	assert.Equal(t, "id", other.Problem.Field)

	held.open()
	first := s.done(t, "incident-17", actionQuarantine)
	seen := len(l.Requests())
	late := s.call(t, http.MethodPost, "/alerts", text, "Idempotency-Key", "incident-17")
	assert.Equal(t, http.StatusAccepted, late.Status)
	assert.Equal(t, stateDone, late.Alert.State)
	assert.Equal(t, first.Received, late.Alert.Received)
	s.stop()
	s.end(t)
	assert.Len(t, l.Requests(), seen, "nothing more was asked of Exchange")
	assert.Equal(t, 1, strings.Count(s.log.String(), `msg="alert accepted"`))
}

func TestQueueFull(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	s := l.start(t, "-workers", "1", "-queue", "1")
	held := l.hold(t, anything)
	s.post(t, "a1", alice)
	<-held.reached // so it is no longer in the queue
	s.post(t, "a2", bob)
	for range 2 {
		full := s.call(t, http.MethodPost, "/alerts", body(t, "a3", bob))
		assert.Equal(t, http.StatusServiceUnavailable, full.Status)
		assert.Equal(t, "10", full.Header.Get("Retry-After"))
	}
	assert.Equal(t, http.StatusNotFound, s.call(t, http.MethodGet, "/alerts/a3", "").Status, "it was not accepted")
	assert.Equal(t, stateQueued, s.post(t, "a2", bob).Alert.State, "one that was already accepted is returned")
	held.open()
	s.done(t, "a2", actionQuarantine)
	s.post(t, "a3", bob)
	s.done(t, "a3", actionQuarantine)
}

// Mailboxes that a restore could not reach are retried when the restore is requested again.
func TestRestoreAgain(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	s := l.start(t)
	s.post(t, "a1", alice, bob)
	s.done(t, "a1", actionQuarantine)
	l.RevokeFullAccess("svc", "*")
	s.call(t, http.MethodPost, "/alerts/a1/restore", "")
	failed := s.done(t, "a1", actionRestore)
	require.Len(t, failed.Restored, 1)
	assert.NotEmpty(t, failed.Restored[0].Error)

	l.GrantFullAccess("svc", "*")
	held := l.hold(t, anything)
	s.call(t, http.MethodPost, "/alerts/a1/restore", "")
	<-held.reached
	twice := s.call(t, http.MethodPost, "/alerts/a1/restore", "")
	assert.Equal(t, http.StatusAccepted, twice.Status)
	assert.Equal(t, stateRunning, twice.Alert.State, "it is in progress")
	held.open()
	s.stop()
	s.end(t)
	assert.Equal(t, 1, l.copies(alice))
	assert.Zero(t, l.copies(vault))
	s = l.start(t)
	a := s.call(t, http.MethodGet, "/alerts/a1", "").Alert
	assert.Equal(t, stateDone, a.State)
	require.Len(t, a.Restored, 1)
	assert.Empty(t, a.Restored[0].Error)
	assert.Equal(t, quarantine.Restored, a.Restored[0].Outcome)

	seen := len(l.Requests())
	s.call(t, http.MethodPost, "/alerts/a1/restore", "")
	s.done(t, "a1", actionRestore)
	assert.Len(t, l.Requests(), seen, "what is restored is not restored again")
}
