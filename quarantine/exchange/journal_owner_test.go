package exchange_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// claimant is a journal that remembers the last owner to claim.
type claimant struct {
	quarantine.MemoryJournal
	owner string
	lease time.Duration
}

func (j *claimant) Begin(ctx context.Context, in quarantine.Intent, owner string, lease time.Duration) (quarantine.Claim, error) {
	j.owner, j.lease = owner, lease
	return j.MemoryJournal.Begin(ctx, in, owner, lease)
}

func TestOwnerOfClaims(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	defer srv.Close()
	srv.Mailbox(alice).Deliver(eml(evil, "Invoice"))
	cfg := basicConfig("A", "mail.example.test", "example.test")
	j := &claimant{}
	q, err := exchange.Open(&cfg, &exchange.Options{Transport: srv.Direct(), Journal: j, Owner: "worker-7", ClaimFor: 3 * time.Minute})
	require.NoError(t, err)
	receipt, err := q.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: evil})
	require.NoError(t, err)
	require.NoError(t, receipt.Err())
	assert.Equal(t, "worker-7", j.owner)
	assert.Equal(t, 3*time.Minute, j.lease)
}
