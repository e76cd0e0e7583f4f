package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// undecided restores a message whose stamp cannot be taken off until the restore has ended.
func undecided(t *testing.T, settle string) (*lab, *instance) {
	t.Helper()
	l := newLab(t)
	s := l.start(t, "-settle", settle)
	s.post(t, "a1", alice)
	s.done(t, "a1", actionQuarantine)
	l.Fail(ewstest.When{Operation: ews.OpUpdateItem, Skip: 1, Times: 1}, ewstest.MemberCode("ErrorAccessDenied"))
	s.call(t, http.MethodPost, "/alerts/a1/restore", "")
	s.log.await(t, `msg="alert is undecided, and is settled later" alert=a1`)
	require.Equal(t, 1, l.copies(alice))
	return l, s
}

// restored requires that the message is back, once.
func (l *lab) restored(t *testing.T, a alert) {
	t.Helper()
	require.Len(t, a.Restored, 1)
	assert.Contains(t, []quarantine.Outcome{quarantine.Restored, quarantine.AlreadyRestored}, a.Restored[0].Outcome, a.Restored[0].Error)
	assert.Empty(t, a.Restored[0].Error)
	assert.Equal(t, 1, l.copies(alice))
	assert.Zero(t, l.copies(vault))
}

// An alert whose outcome is not yet known is not retried immediately: the next start recovers
// first.
func TestUndecidedUntilTheNextStart(t *testing.T) {
	t.Parallel()
	l, s := undecided(t, "1h")
	seen := len(l.Requests())
	a := s.call(t, http.MethodGet, "/alerts/a1", "").Alert
	assert.Equal(t, stateUndecided, a.State)
	require.Len(t, a.Restored, 1)
	assert.Equal(t, quarantine.Undecided, a.Restored[0].Outcome)
	assert.NotEmpty(t, a.Restored[0].Error)
	assert.Len(t, l.Requests(), seen, "nothing is tried meanwhile")
	s.stop()
	s.end(t)

	s = l.start(t)
	l.restored(t, s.done(t, "a1", actionRestore))
	assert.Contains(t, s.log.String(), "msg=recovered")
}

// A service that keeps running recovers and runs the alert again after the configured time.
func TestUndecidedIsSettled(t *testing.T) {
	t.Parallel()
	l, s := undecided(t, "20ms")
	l.restored(t, s.done(t, "a1", actionRestore))
	assert.Contains(t, s.log.String(), "msg=recovered")
}
