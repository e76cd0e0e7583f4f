package quarantine_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/repository"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// outcomesDone says for each outcome whether it is one that was asked for.
var outcomesDone = map[quarantine.Outcome]bool{
	quarantine.Quarantined: true, quarantine.AlreadyQuarantined: true, quarantine.Restored: true, quarantine.AlreadyRestored: true,
	quarantine.Found: true, quarantine.NotFound: false, quarantine.Refused: false, quarantine.Failed: false, quarantine.Undecided: false,
	quarantine.NotBegun: false,
}

// TestOutcomesAreComplete: a receipt knows the rank of every outcome, and none is
// lost when it sums up.
func TestOutcomesAreComplete(t *testing.T) {
	t.Parallel()
	all, err := repository.Constants(".", "Outcome")
	require.NoError(t, err)
	assert.Len(t, outcomesDone, len(all))
	for name, value := range all {
		o := quarantine.Outcome(value)
		done, ok := outcomesDone[o]
		require.True(t, ok, "it is not said whether %s is done", name)
		assert.Equal(t, done, o.Done(), name)
		r := quarantine.Receipt{Items: []quarantine.ReceiptItem{{Outcome: quarantine.NotFound}, {Outcome: o}}}
		assert.Equal(t, o, r.Outcome(), "%s is lost where others are beside it", name)
		b, err := json.Marshal(r)
		require.NoError(t, err)
		var back quarantine.Receipt
		require.NoError(t, json.Unmarshal(b, &back))
		assert.Equal(t, o, back.Items[1].Outcome)
	}
}
