package quarantine_test

import (
	"regexp"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// A server counts a match but lists none, on what it calls the last page: that does
// not show absence.
func TestLastPageWithoutWhatItCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		items := regexp.MustCompile(`<t:Items>.*?</t:Items>`)
		w := newWorld(t, patient(worldOptions{gate: &gate{change: func(op ews.Operation, _ int, _, answer string) string {
			if op == ews.OpFindItem {
				return items.ReplaceAllString(answer, "<t:Items/>")
			}
			return answer
		}}}))
		w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
		r, err := w.service.Find(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
		require.NoError(t, err)
		require.ErrorContains(t, r.Err(), "the server counts 1 matching items, but lists none")
		require.Len(t, r.Unsearched, 1)
		assert.Equal(t, "/Inbox", r.Unsearched[0].Folder.Path)
	})
}
