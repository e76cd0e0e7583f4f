package quarantine_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// However many messages have nearly the Message-ID that was asked for, a receipt names
// ten, and reports how many more there are.
func TestNearIsBounded(t *testing.T) {
	t.Parallel()
	for _, taken := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, patient(worldOptions{}))
			box := w.Mailbox(alice)
			for i := range 13 {
				// Each has its own mix of upper and lower case.
				name := []byte("sameid")
				for bit := range name {
					if (i+1)>>bit&1 == 1 {
						name[bit] -= 'a' - 'A'
					}
				}
				box.Deliver(eml(fmt.Sprintf("<%s@evil.example>", name), "Invoice"))
			}
			if taken {
				box.Deliver(eml("<sameid@evil.example>", "Invoice"))
			}
			target := quarantine.Target{Mailbox: alice, MessageID: "<sameid@evil.example>"}
			r, err := w.service.Find(t.Context(), target)
			if taken {
				r, err = w.service.Quarantine(t.Context(), target)
			}
			require.NoError(t, err)
			require.Len(t, r.Notes, 11)
			assert.Equal(t, "and 3 more have nearly this Message-ID; they were left alone", r.Notes[10])
			for _, n := range r.Notes[:10] {
				assert.True(t, strings.HasPrefix(n, "a message in /Inbox has the Message-ID <"), n)
			}
			if taken {
				require.NoError(t, r.Err())
				assert.Len(t, r.Items, 1)
				return
			}
			require.Len(t, r.Unsearched, 11)
			assert.Equal(t, "3 more messages may be the one that was asked for", r.Unsearched[10].Reason)
		})
	}
}
