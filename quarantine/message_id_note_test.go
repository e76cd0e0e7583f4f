package quarantine_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// An unlikely Message-ID is looked for, and if nothing has it, the receipt asks whether
// it is whole: "not found" alone would sound like good news.
func TestUnlikelyMessageID(t *testing.T) {
	t.Parallel()
	w := newWorld(t, searching(false, quarantine.Limits{}))
	for id, unlikely := range map[string]bool{
		"nonsense thing": true, "4711": true, "<@evil.example>": true, "a b@evil.example": true,
		"<1@evil.example>": false, "1@evil.example": false,
	} {
		r, err := w.service.Find(t.Context(), quarantine.Target{Mailbox: alice, MessageID: id})
		require.NoError(t, err)
		assert.Equal(t, quarantine.NotFound, r.Outcome(), id)
		assert.Equal(t, unlikely, strings.Contains(strings.Join(r.Notes, "\n"), "does not look like a Message-ID"), id)
	}
}
