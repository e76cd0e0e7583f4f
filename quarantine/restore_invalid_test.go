package quarantine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// A receipt that cannot be restored as a whole is refused before anything is
// restored: otherwise nobody would learn what became of its first items.
func TestRestoreChecksTheWholeReceiptFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
	r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
	require.NoError(t, err)
	require.NoError(t, r.Err())
	spoilt := *r
	spoilt.Items = append(spoilt.Items[:1:1], quarantine.ReceiptItem{Outcome: quarantine.Quarantined, Operation: "../../etc/passwd.........."})
	out, err := w.service.Restore(t.Context(), &spoilt)
	require.ErrorIs(t, err, quarantine.ErrInvalid)
	assert.Equal(t, "items[1].operation", quarantine.Problems(err)[0].Field)
	assert.Nil(t, out)
	assert.Empty(t, w.in(alice, theID))
	assert.Len(t, w.in(vault, theID), 1)
}

// A search took nothing. Silently restoring its receipt would tell its owner
// that the mail is back.
func TestRestoreRefusesReceiptsOfSearches(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
	target := quarantine.Target{Mailbox: alice, MessageID: theID}
	found, err := w.service.Find(t.Context(), target)
	require.NoError(t, err)
	taken, err := w.service.Quarantine(t.Context(), target)
	require.NoError(t, err)
	rehearsed := *taken
	rehearsed.DryRun = true
	for _, r := range []*quarantine.Receipt{found, &rehearsed} {
		out, err := w.service.Restore(t.Context(), r)
		require.ErrorIs(t, err, quarantine.ErrInvalid)
		assert.Equal(t, "action", quarantine.Problems(err)[0].Field)
		assert.Nil(t, out)
	}
	assert.Len(t, w.in(vault, theID), 1)
}
