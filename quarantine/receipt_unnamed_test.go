package quarantine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// A service gets a name once it is no longer the only one. Receipts from before that are
// restored where their items lie, not refused.
func TestReceiptsOfAServiceWithoutAName(t *testing.T) {
	t.Parallel()
	_, a, b := twoOrganisations(t, nil)
	service := func(w *world, name string) *quarantine.Service {
		s, err := quarantine.New(w.newStrategy(t, worldOptions{}), "quarantine@"+w.Domain(), &quarantine.Options{Name: name})
		require.NoError(t, err)
		return s
	}
	address := "alice@" + b.Domain()
	target := quarantine.Target{Mailbox: address, MessageID: evil}
	b.Mailbox(address).Deliver(eml(evil, "Invoice"))
	taken, err := service(b, "").Quarantine(t.Context(), target)
	require.NoError(t, err)
	require.Equal(t, quarantine.Quarantined, taken.Outcome())
	require.Empty(t, taken.Server)

	router := func(domains ...string) *quarantine.Router {
		r, err := quarantine.NewRouter([]quarantine.Route{{Service: service(a, "A")}, {Service: service(b, "B"), Domains: domains}}, nil)
		require.NoError(t, err)
		return r
	}
	back, err := router().Restore(t.Context(), taken)
	require.NoError(t, err)
	require.NoError(t, back.Err())
	assert.Equal(t, quarantine.Restored, back.Outcome())
	assert.Equal(t, "B", back.Server)
	assert.Len(t, b.in(address, evil), 1)

	nothing := &quarantine.Receipt{Action: "quarantine", Target: target, Items: []quarantine.ReceiptItem{{Outcome: quarantine.Refused}}}
	back, err = router(b.Domain()).Restore(t.Context(), nothing)
	require.NoError(t, err)
	assert.Equal(t, "B", back.Server, "it has the mailbox")
	_, err = router().Restore(t.Context(), nothing)
	require.ErrorIs(t, err, quarantine.ErrInvalid)
	assert.ErrorContains(t, err, `of ["A" "B"]`)
}

// The same for the receipts in testdata, whatever their outcome.
func TestReceiptsOfEarlierVersionsOnSeveralServers(t *testing.T) {
	t.Parallel()
	_, a, _ := twoOrganisations(t, nil)
	w := newWorld(t, worldOptions{})
	service := func(w *world, name string) *quarantine.Service {
		s, err := quarantine.New(w.newStrategy(t, worldOptions{}), "quarantine@"+w.Domain(), &quarantine.Options{Name: name})
		require.NoError(t, err)
		return s
	}
	r, err := quarantine.NewRouter([]quarantine.Route{{Service: service(a, "A")}, {Service: service(w, "B"), Domains: []string{w.Domain()}}}, nil)
	require.NoError(t, err)
	n := 0
	for _, f := range receiptFixtures(t) {
		was := f.receipt(t)
		if was.Action != "quarantine" || was.DryRun || was.Target.MessageID == "" {
			continue
		}
		was.Server = ""
		back, err := r.Restore(t.Context(), was)
		require.NoError(t, err, f.Name)
		assert.Equal(t, "B", back.Server, f.Name)
		n++
	}
	assert.Positive(t, n)
}
