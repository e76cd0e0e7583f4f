package quarantine_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// A rule of Alice's redirected the message to Bob: his copy has another
// Message-ID, and hers only in a header field. By her Message-ID it is not found,
// which is correct, and nothing else of his is mistaken for it; by criteria that
// describe it, and by its own Message-ID, it is found, taken and put back.
func TestRedirectedByARule(t *testing.T) {
	t.Parallel()
	for _, header := range []string{
		"X-MS-Exchange-Parent-Message-Id", "X-MS-Exchange-Inbox-Rules-Loop", "X-Original-Message-ID", "Resent-Message-ID", "In-Reply-To", "References",
	} {
		t.Run(header, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, worldOptions{settings: func(s *quarantine.Options) { s.CriteriaSearch = true }})
			const second = "<second@exchange.example.test>"
			w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
			w.Mailbox(bob).DeliverWith(eml(second, "Invoice", "Resent-From: alice@example.test", header+": "+theID,
				"X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent"), ewstest.Delivery{Received: noon})
			w.Mailbox(bob).Deliver(eml("<3@good.example>", "Invoices"))

			r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: bob, MessageID: theID})
			require.NoError(t, err)
			require.NoError(t, r.Err())
			assert.Equal(t, quarantine.NotFound, r.Outcome())
			assert.NotEmpty(t, r.Searched)

			r, err = w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: bob, Criteria: quarantine.Criteria{
				Sender: "mallory@evil.example", Subject: "Invoice", ReceivedAfter: noon.AddDate(0, 0, -1), ReceivedBefore: noon.AddDate(0, 0, 1),
			}})
			require.NoError(t, err)
			require.NoError(t, r.Err())
			require.Len(t, r.Items, 1)
			assert.Equal(t, second, r.Items[0].MessageID)
			assert.Empty(t, w.in(bob, second))
			back, err := w.service.Restore(t.Context(), r)
			require.NoError(t, err)
			require.NoError(t, back.Err())
			r, err = w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: bob, MessageID: second})
			require.NoError(t, err)
			assert.Equal(t, quarantine.Quarantined, r.Outcome())
			assert.Len(t, w.in(alice, theID), 1, "hers is another message")
			assert.Len(t, w.in(bob, "<3@good.example>"), 1)
		})
	}
}
