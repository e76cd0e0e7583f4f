package quarantine_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// TestRestoreAllOfARun: all receipts of a run can be restored, even that of a target whose
// mailbox no server has, for which nothing was taken.
func TestRestoreAllOfARun(t *testing.T) {
	t.Parallel()
	r, a, _ := twoOrganisations(t, nil, "b.test")
	a.Mailbox("alice@a.test").Deliver(eml(evil, "Invoice"))
	var receipts []*quarantine.Receipt
	for receipt := range r.QuarantineAll(t.Context(), slices.Values([]quarantine.Target{
		{Mailbox: "alice@a.test", MessageID: evil}, {Mailbox: "nobody@elsewhere.test", MessageID: evil},
	})) {
		receipts = append(receipts, receipt)
	}
	require.Len(t, receipts, 2)
	outcomes := map[string]quarantine.Outcome{}
	for receipt, err := range r.RestoreAll(t.Context(), slices.Values(receipts)) {
		require.NoError(t, err)
		assert.Equal(t, "restore", receipt.Action)
		outcomes[receipt.Target.Mailbox] = receipt.Outcome()
	}
	assert.Equal(t, map[string]quarantine.Outcome{"alice@a.test": quarantine.Restored, "nobody@elsewhere.test": quarantine.NotFound}, outcomes)
	for _, receipt := range receipts {
		_, err := r.Restore(t.Context(), receipt)
		require.NoError(t, err)
	}
	_, err := r.Restore(t.Context(), &quarantine.Receipt{Action: "find", Target: receipts[0].Target})
	assert.ErrorIs(t, err, quarantine.ErrInvalid)
}
