package quarantine_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// A strategy that cannot keep messages in place is refused, and so are settings that
// cannot be combined with InPlace.
func TestInPlaceOptions(t *testing.T) {
	t.Parallel()
	s := graphtest.New(nil, nil)
	defer s.Close()
	opts := &graphmail.Options{Root: s.DirectURL()}
	elsewhere, err := graphmail.New(s.As(s.Direct(), "app"), opts)
	require.NoError(t, err)
	keeper, err := graphmail.NewInPlace(s.As(s.Direct(), "app"), opts)
	require.NoError(t, err)
	for _, bad := range []struct {
		strategy driver.Strategy
		mailbox  string
		opts     quarantine.Options
		field    string
	}{
		{elsewhere, "", quarantine.Options{InPlace: true}, "InPlace"},
		{keeper, "quarantine@example.test", quarantine.Options{InPlace: true}, "quarantineMailbox"},
		{keeper, "", quarantine.Options{InPlace: true, FolderPerMailbox: true}, "FolderPerMailbox"},
		{keeper, "", quarantine.Options{}, "quarantineMailbox"},
	} {
		_, err := quarantine.New(bad.strategy, bad.mailbox, &bad.opts)
		require.ErrorIs(t, err, quarantine.ErrInvalid)
		assert.ErrorContains(t, err, bad.field)
	}
	_, err = quarantine.New(keeper, "", &quarantine.Options{InPlace: true, CriteriaSearch: true})
	require.NoError(t, err)
}

// Intents of a run that keeps messages elsewhere are left alone, with the reason.
func TestInPlaceIntentsOfOthers(t *testing.T) {
	t.Parallel()
	const vault, alice = "quarantine@example.test", "alice@example.test"
	s := graphtest.New(ewstest.NewServer(&ewstest.Options{Version: ewstest.ExchangeOnline}), nil)
	defer s.Close()
	opts := &graphmail.Options{Root: s.DirectURL(), ImportTransport: s.Direct()}
	elsewhere, err := graphmail.New(s.As(s.Direct(), "app"), opts)
	require.NoError(t, err)
	keeper, err := graphmail.NewInPlace(s.As(s.Direct(), "app"), opts)
	require.NoError(t, err)
	for _, c := range []struct{ begunIn, says string }{{vault, "keeps messages in place"}, {alice, "kept messages in place"}} {
		journal := new(quarantine.MemoryJournal)
		at := time.Now().Add(-24 * time.Hour)
		_, err := journal.Begin(t.Context(), quarantine.Intent{
			Operation: driver.NewOperation(), Direction: driver.ToQuarantine, Quarantine: c.begunIn,
			Target: quarantine.Target{Mailbox: alice, MessageID: "<1@evil.example>"}, From: quarantine.Place{Mailbox: alice, IDs: graphmail.System},
			At: at, Attempt: driver.NewOperation(), Lease: at,
		}, "a", time.Minute)
		require.NoError(t, err)
		var q *quarantine.Service
		if c.begunIn == vault {
			q, err = quarantine.New(keeper, "", &quarantine.Options{InPlace: true, Journal: journal, Owner: "a"})
		} else {
			q, err = quarantine.New(elsewhere, vault, &quarantine.Options{Journal: journal, Owner: "a"})
		}
		require.NoError(t, err)
		n := 0
		for r, err := range q.Recover(t.Context()) {
			require.NoError(t, err)
			require.ErrorContains(t, r.Err(), c.says)
			n++
		}
		assert.Equal(t, 1, n)
	}
}
