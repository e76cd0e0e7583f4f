package quarantine_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Services that share a journal each settle their own intents. Intents of a server that no
// service has, and those that do not name a server, are left alone and reported.
func TestServersOfIntents(t *testing.T) {
	t.Parallel()
	_, a, b := twoOrganisations(t, nil)
	journal := &quarantine.MemoryJournal{}
	service := func(w *world, name string) *quarantine.Service {
		s, err := quarantine.New(w.newStrategy(t, worldOptions{}), "quarantine@"+w.Domain(), &quarantine.Options{Name: name, Journal: journal})
		require.NoError(t, err)
		return s
	}
	sa := service(a, "A")
	r, err := quarantine.NewRouter([]quarantine.Route{
		{Service: sa, Domains: []string{"a.test"}}, {Service: service(b, "B"), Domains: []string{"b.test"}},
	}, nil)
	require.NoError(t, err)
	begin := func(w *world, server string) {
		address := "alice@" + w.Domain()
		m := w.Mailbox(address).Deliver(eml(evil, "Invoice"))
		beginFor(t, journal, quarantine.Intent{
			Operation: driver.NewOperation(), Direction: driver.ToQuarantine, Server: server, At: time.Now(),
			Target: quarantine.Target{Mailbox: address, MessageID: evil}, From: quarantine.Place{Mailbox: address, ItemID: m.ID.ID},
		})
	}
	begin(a, "A")
	begin(b, "b") // names do not differ in case
	settled := map[string]quarantine.Outcome{}
	for receipt, err := range r.Recover(t.Context()) {
		require.NoError(t, err)
		settled[receipt.Server] = receipt.Outcome()
	}
	assert.Equal(t, map[string]quarantine.Outcome{"A": quarantine.Quarantined, "B": quarantine.Quarantined}, settled)

	begin(a, "C")
	begin(b, "")
	var errs []error
	for receipt, err := range r.Recover(t.Context()) {
		require.Nil(t, receipt)
		errs = append(errs, err)
	}
	require.Len(t, errs, 2, "each server tells")
	for _, err := range errs {
		assert.ErrorContains(t, err, `intents of the server "C" are left alone (1)`)
		assert.ErrorContains(t, err, "intents of an earlier version")
	}
	begin(b, "B")
	told := 0
	for receipt, err := range sa.Recover(t.Context()) {
		require.Nil(t, receipt)
		assert.ErrorContains(t, err, `intents of the server "B" are left alone (1)`)
		told++
	}
	assert.Equal(t, 1, told)
	open, err := openIntents(t.Context(), journal)
	require.NoError(t, err)
	assert.Len(t, open, 3)

	// A run on one server does not settle what was begun on the other.
	out, err := sa.Quarantine(t.Context(), quarantine.Target{Mailbox: "alice@a.test", MessageID: evil})
	require.NoError(t, err)
	require.NoError(t, out.Err())
	open, err = openIntents(t.Context(), journal)
	require.NoError(t, err)
	assert.Len(t, open, 3)
	assert.Equal(t, "C", open[0].Server)
}

// The intent of a run names its server.
func TestIntentNamesItsServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{settings: func(s *quarantine.Options) { s.Name = "onPremises" }})
	w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
	set := worldOptions{settings: func(s *quarantine.Options) { s.Name, s.Journal = "onPremises", keeping{w.journal} }}
	r, err := w.newService(t, set).Quarantine(t.Context(), theTarget)
	require.NoError(t, err)
	require.NoError(t, r.Err())
	open, err := openIntents(t.Context(), w.journal)
	require.NoError(t, err)
	require.Len(t, open, 1)
	assert.Equal(t, "onPremises", open[0].Server)
	assert.Equal(t, theTarget, open[0].Target)
}

func TestTargetKey(t *testing.T) {
	t.Parallel()
	x := quarantine.Target{Mailbox: alice, MessageID: "<20261124.1@evil.example>"}
	assert.Equal(t, "61e5e92af057d1d649e36349fa7df215", x.Key(), "stored in journals")
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	a := quarantine.Target{Mailbox: alice, Criteria: quarantine.Criteria{Subject: "Your invoice", ReceivedAfter: at}, Reason: "phishing"}
	b := a
	b.Reason, b.Criteria.ReceivedAfter = "", at.In(time.FixedZone("", 3600))
	assert.Equal(t, a.Key(), b.Key())
	b.Criteria.ReceivedBefore = at
	assert.NotEqual(t, a.Key(), b.Key())
	far, farther := a, a
	far.Criteria.ReceivedBefore, farther.Criteria.ReceivedBefore = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(10001, 1, 1, 0, 0, 0, 0, time.UTC)
	assert.NotEqual(t, a.Key(), far.Key())
	assert.NotEqual(t, farther.Key(), far.Key())
}

// valued is a journal that is not a pointer, as one over a database handle may be.
type valued struct{ *quarantine.MemoryJournal }

// Services share a journal whatever its type: an intent that does not name a server belongs
// to none of them.
func TestServersShareAJournalByValue(t *testing.T) {
	t.Parallel()
	journal := &quarantine.MemoryJournal{}
	var routes []quarantine.Route
	for _, name := range []string{"A", "B"} {
		s, err := quarantine.New(newLedger(name), "vault@"+name+".test", &quarantine.Options{Name: name, Journal: valued{journal}})
		require.NoError(t, err)
		routes = append(routes, quarantine.Route{Service: s})
	}
	r, err := quarantine.NewRouter(routes, nil)
	require.NoError(t, err)
	beginFor(t, journal, quarantine.Intent{
		Operation: driver.NewOperation(), Direction: driver.ToQuarantine, At: time.Now(), Target: theTarget, From: quarantine.Place{Mailbox: alice, ItemID: "1"},
	})
	told := 0
	for receipt, err := range r.Recover(t.Context()) {
		require.Nil(t, receipt)
		require.ErrorContains(t, err, "intents of an earlier version")
		told++
	}
	assert.Equal(t, 2, told)
	open, err := openIntents(t.Context(), journal)
	require.NoError(t, err)
	assert.Len(t, open, 1)
}
