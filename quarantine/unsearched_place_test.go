package quarantine_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// A receipt says which mailbox has a folder that was not searched, and reports a server
// as not answering only if it did not answer.
func TestUnsearchedSaysWhere(t *testing.T) {
	t.Parallel()
	for _, mailbox := range []string{alice, vault} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, worldOptions{})
			w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
			target := quarantine.Target{Mailbox: alice, MessageID: theID}
			_, err := w.service.Quarantine(t.Context(), target)
			require.NoError(t, err)
			w.Fail(ewstest.When{Operation: ews.OpFindItem, Request: func(r *ewstest.Request) bool { return r.Anchor == mailbox }},
				ewstest.MemberCode("ErrorInvalidOperation"))
			r, err := w.service.Quarantine(t.Context(), target)
			require.NoError(t, err)
			require.NotEmpty(t, r.Unsearched)
			for _, u := range r.Unsearched {
				assert.Equal(t, quarantine.CauseRefused, u.Cause, u.Reason)
				assert.Contains(t, u.Reason, "ErrorInvalidOperation")
				if mailbox == vault {
					assert.Equal(t, vault, u.Mailbox)
				} else {
					assert.Empty(t, u.Mailbox)
				}
			}
			if mailbox == vault {
				assert.ErrorContains(t, r.Err(), " of "+vault)
			}
		})
	}
}
