package quarantine_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// TestReceiptAlone: a receipt that only names its target, because it came with an error,
// does not claim that there is nothing in a mailbox that nobody has searched.
func TestReceiptAlone(t *testing.T) {
	t.Parallel()
	outside := quarantine.Target{Mailbox: "user@outside.test", MessageID: "<1@evil.example>"}
	inside := targetsIn("a.test", 1)
	r := claimed(t, nil, inside, map[string]*ledger{"a.test": newLedger("A")})
	outcomes := map[string]quarantine.Outcome{}
	for receipt, err := range r.QuarantineAll(t.Context(), slices.Values(append(inside, outside))) {
		assert.Equal(t, receipt.Target.Mailbox == outside.Mailbox, err != nil)
		b, err := json.Marshal(receipt)
		require.NoError(t, err)
		var back quarantine.Receipt
		require.NoError(t, json.Unmarshal(b, &back))
		assert.Equal(t, receipt.Outcome(), back.Outcome())
		outcomes[receipt.Target.Mailbox] = receipt.Outcome()
	}
	assert.Equal(t, map[string]quarantine.Outcome{inside[0].Mailbox: quarantine.NotFound, outside.Mailbox: quarantine.NotBegun}, outcomes)
}
