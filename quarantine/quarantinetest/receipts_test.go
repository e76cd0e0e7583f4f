package quarantinetest_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/quarantinetest"
)

var outcomes = []quarantine.Outcome{
	quarantine.Quarantined, quarantine.AlreadyQuarantined, quarantine.Restored, quarantine.AlreadyRestored, quarantine.Found,
	quarantine.NotFound, quarantine.Refused, quarantine.Failed, quarantine.Undecided, "notBegun",
}

// A built receipt has the values that it was built for, before and after JSON, and a
// service accepts it like one of its own.
func TestReceipt(t *testing.T) {
	t.Parallel()
	s, err := quarantine.New(sampleStrategy{newSample("")}, vault, &quarantine.Options{
		Wait: time.Millisecond, SearchLag: time.Millisecond, WriteDoubt: 30 * time.Millisecond,
	})
	require.NoError(t, err)
	for _, outcome := range outcomes {
		for _, target := range []quarantine.Target{
			{Mailbox: alice, MessageID: "<1@evil.example>", Reason: "phishing"},
			{Mailbox: alice, Criteria: quarantine.Criteria{Sender: "mallory@evil.example", ReceivedAfter: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)}},
		} {
			r := quarantinetest.Receipt(outcome, target)
			if outcome != "notBegun" {
				assert.Equal(t, outcome, r.Outcome())
			}
			assert.Equal(t, target, r.Target)
			assert.Equal(t, outcome.Done() || outcome == quarantine.NotFound, r.Err() == nil, outcome)
			for _, it := range r.Items {
				assert.True(t, it.Operation == "" || driver.ValidOperation(it.Operation), it.Operation)
			}
			assert.Equal(t, r, quarantinetest.Receipt(outcome, target), "the same each time")

			text, err := json.Marshal(r)
			require.NoError(t, err)
			read := new(quarantine.Receipt)
			require.NoError(t, json.Unmarshal(text, read))
			assert.Equal(t, r, read)
			if target.MessageID == "" {
				continue // the service does not search by criteria
			}
			back, err := s.Restore(t.Context(), read)
			if r.Action == "find" {
				assert.ErrorIs(t, err, quarantine.ErrInvalid)
				continue
			}
			require.NoError(t, err, outcome)
			assert.Equal(t, quarantine.NotFound, back.Outcome(), outcome)
		}
	}
}

func TestAlert(t *testing.T) {
	t.Parallel()
	mailboxes, operations := map[string]bool{}, map[string]bool{}
	for n := -5; n < 95; n++ {
		alert := quarantinetest.Alert(n)
		require.NoError(t, alert.Validate())
		mailboxes[alert.Mailbox] = true
		operations[quarantinetest.Receipt(quarantine.Quarantined, alert).Items[0].Operation] = true
	}
	assert.Len(t, mailboxes, 10)
	assert.Len(t, operations, 100)
}

func TestFailed(t *testing.T) {
	t.Parallel()
	r, err := quarantinetest.Failed(quarantinetest.Alert(1), nil)
	require.ErrorIs(t, err, quarantine.ErrUnreachable)
	assert.Equal(t, quarantinetest.Alert(1), r.Target)
	full := errors.New("the disk is full")
	r, err = quarantinetest.Failed(quarantinetest.Alert(2), full)
	require.ErrorIs(t, err, full)
	server, ok := errors.AsType[*quarantine.ServerError](err)
	require.True(t, ok)
	assert.Equal(t, r.Server, server.Server)
	r, err = quarantinetest.Failed(quarantine.Target{}, quarantine.Target{}.Validate())
	require.ErrorIs(t, err, quarantine.ErrInvalid)
	assert.Empty(t, r.Server, "it was refused before a server was sought")
}
