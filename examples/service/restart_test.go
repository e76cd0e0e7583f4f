package main

import (
	"net/http"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// A service that is stopped while Exchange is working for it leaves the alert open;
// the next one settles the journal, is ready, and finishes the alert.
func TestRestartInTheMiddle(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name          string
		what          action
		before, after int // copies in quarantine
		outcome       quarantine.Outcome
	}{
		{"quarantine", actionQuarantine, 0, 1, quarantine.Quarantined},
		{"restore", actionRestore, 1, 0, quarantine.AlreadyRestored},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			acted := make(chan struct{}, 8)
			l.OnResponse(func(_ int, r *ewstest.Request) {
				if r.Operation == ews.OpMoveItem {
					acted <- struct{}{}
				}
			})
			s := l.start(t, "-grace", "0s")
			if tc.what == actionRestore {
				s.post(t, "a1", bob, alice)
				s.done(t, "a1", actionQuarantine)
				<-acted
			}
			require.Equal(t, tc.before, l.copies(vault))
			held := l.hold(t, operation(ews.OpMoveItem))
			if tc.what == actionRestore {
				s.call(t, http.MethodPost, "/alerts/a1/restore", "")
			} else {
				s.post(t, "a1", bob, alice)
			}
			<-held.reached
			s.log.await(t, "action=quarantine mailbox=bob@example.test")
			s.stop()
			s.end(t)
			require.Equal(t, tc.before, l.copies(vault), "Exchange has not acted yet")
			held.open()
			<-acted // when nobody is listening
			require.Equal(t, tc.after, l.copies(vault))

			held = l.hold(t, anything)
			s = l.start(t)
			<-held.reached // by the recovery
			assert.Equal(t, http.StatusOK, s.call(t, http.MethodGet, "/healthz", "").Status)
			assert.Equal(t, http.StatusServiceUnavailable, s.call(t, http.MethodGet, "/readyz", "").Status)
			s.post(t, "a2", "carol@example.test") // waits
			left := s.call(t, http.MethodGet, "/alerts/a1", "").Alert
			assert.Equal(t, stateRunning, left.State)
			for _, r := range *left.resultsOf(tc.what) {
				assert.Empty(t, r.Error, "stopping the service does not produce a result")
			}
			held.open()
			a := s.done(t, "a1", tc.what)
			assert.Equal(t, http.StatusOK, s.call(t, http.MethodGet, "/readyz", "").Status)
			s.done(t, "a2", actionQuarantine)

			results := *a.resultsOf(tc.what)
			require.NotEmpty(t, results)
			assert.NotContains(t, s.log.String(), "mailbox=bob@example.test", "a mailbox that has its result is not processed again")
			assert.Equal(t, alice, results[0].Mailbox)
			assert.Equal(t, tc.outcome, results[0].Outcome)
			assert.Len(t, results[0].Receipt.Items, 1)
			assert.Equal(t, tc.after, l.copies(vault))
			assert.Equal(t, 1-tc.after, l.copies(alice))
			assert.Empty(t, l.Notices())
			assert.Contains(t, s.log.String(), "msg=recovered")
		})
	}
}

// interruptedBetweenCopies stops a service without a journal between two copies
// of the message in one mailbox.
func interruptedBetweenCopies(t *testing.T) *lab {
	t.Helper()
	l := newLab(t)
	l.config = l.write(t, "plain.json", nil)
	l.Mailbox(alice).Deliver(phishingMail(t))
	moved := make(chan struct{})
	first := sync.OnceFunc(func() { close(moved) })
	l.OnResponse(func(_ int, r *ewstest.Request) {
		if r.Operation == ews.OpMoveItem {
			first()
		}
	})
	held := l.hold(t, func(*ewstest.Request) bool {
		select {
		case <-moved:
			return true
		default:
			return false
		}
	})
	s := l.start(t, "-grace", "0s")
	s.post(t, "a1", alice)
	<-held.reached
	s.stop()
	s.end(t)
	held.open()
	require.Equal(t, 1, l.copies(alice))
	require.Equal(t, 1, l.copies(vault))
	return l
}

// The receipt of an alert that was interrupted between two copies lists both, so that both are
// restored.
func TestRestartBetweenCopies(t *testing.T) {
	t.Parallel()
	l := interruptedBetweenCopies(t)
	s := l.start(t)
	a := s.done(t, "a1", actionQuarantine)
	require.Len(t, a.Results, 1)
	require.Len(t, a.Results[0].Receipt.Items, 2)
	assert.Equal(t, quarantine.Quarantined, a.Results[0].Outcome)
	assert.Equal(t, 2, l.copies(vault))
	s.call(t, http.MethodPost, "/alerts/a1/restore", "")
	s.done(t, "a1", actionRestore)
	assert.Equal(t, 2, l.copies(alice))
	assert.Zero(t, l.copies(vault))
}

// If it is not possible to find out what was taken before, the receipt for what was taken since
// is still kept, with the error.
func TestReceiptOutlivesError(t *testing.T) {
	t.Parallel()
	l := interruptedBetweenCopies(t)
	l.OnResponse(func(_ int, r *ewstest.Request) {
		if r.Operation == ews.OpDeleteItem && l.copies(vault) == 2 { // the last request for the second
			l.RevokeFullAccess("svc", "*")
		}
	})
	s := l.start(t)
	a := s.done(t, "a1", actionQuarantine)
	require.Len(t, a.Results, 1)
	assert.NotEmpty(t, a.Results[0].Error)
	require.NotNil(t, a.Results[0].Receipt)
	assert.Len(t, a.Results[0].Receipt.Items, 1)
	l.GrantFullAccess("svc", "*")
	s.call(t, http.MethodPost, "/alerts/a1/restore", "")
	s.done(t, "a1", actionRestore)
	assert.Equal(t, 1, l.copies(alice))
}

// After a signal, work in progress is finished, and waiting alerts are kept for the next start.
func TestGracefulShutdown(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	s := l.start(t, "-workers", "1")
	held := l.hold(t, operation(ews.OpMoveItem))
	s.post(t, "a1", alice)
	<-held.reached
	s.post(t, "a2", bob)
	s.stop()
	s.log.await(t, "msg=stopping")
	select {
	case <-s.ended:
		require.Fail(t, "the service did not wait for work in progress")
	default:
	}
	held.open()
	s.end(t)
	assert.Contains(t, s.log.String(), "msg=stopped alertsLeft=1")
	assert.Equal(t, 1, l.copies(vault))
	_, err := http.Get(s.url + "/healthz")
	require.Error(t, err, "nobody is listening")

	s = l.start(t)
	assert.Equal(t, quarantine.Quarantined, s.call(t, http.MethodGet, "/alerts/a1", "").Alert.Results[0].Outcome)
	assert.Equal(t, quarantine.NotFound, s.done(t, "a2", actionQuarantine).Results[0].Outcome)
	assert.NotContains(t, s.log.String(), `alert=a1`, "it is not run again")
}

func TestDataInUse(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.start(t)
	log := newWatched()
	args := []string{"-addr", "127.0.0.1:0", "-config", l.write(t, "other.json", nil), "-data", filepath.Join(l.dir, "data")}
	assert.Equal(t, 1, run(t.Context(), args, nil, log, func(name string) (string, bool) { return "svc-password", name == exchange.EnvPassword }))
	assert.Contains(t, log.String(), "is in use by another process")
}
