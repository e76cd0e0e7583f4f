package quarantine_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

func (w *world) held(t *testing.T) []quarantine.Held {
	var all []quarantine.Held
	for h, err := range w.service.List(t.Context(), quarantine.ListRequest{}) {
		require.NoError(t, err)
		all = append(all, h)
	}
	return all
}

// The list tells people what they want to know, from the items alone, and each
// message in it can be restored.
func TestListForPeople(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		set := o.settings
		o.settings = func(q *quarantine.Options) {
			set(q)
			q.Name = "Head office"
		}
		w := newWorld(t, o)
		received := time.Date(1999, 12, 31, 8, 0, 0, 0, time.UTC)
		w.Mailbox(alice).DeliverWith(eml(theID, "Your <b>invoice</b>"), ewstest.Delivery{Read: true, Received: received})
		taken, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID, Reason: "phishing", Reference: "INC-1"})
		require.NoError(t, err)
		require.NoError(t, taken.Err())
		took := time.Now()

		all := w.held(t)
		require.Len(t, all, 1)
		h := all[0]
		assert.WithinDuration(t, took, h.Quarantined, 10*time.Second)
		want := quarantine.Held{
			Server: "Head office", Operation: taken.Items[0].Operation, Mailbox: alice, Folder: "/Inbox", MessageID: theID,
			Subject: "Your <b>invoice</b>", Sender: "mallory@evil.example", WasRead: true, Reason: "phishing", Reference: "INC-1",
			Quarantined: h.Quarantined, Received: received, Class: "IPM.Note", Size: h.Size, Place: taken.Items[0].To, Direction: driver.ToQuarantine,
		}
		assert.Positive(t, h.Size)
		text, err := json.Marshal(h)
		require.NoError(t, err)
		wanted, err := json.Marshal(want)
		require.NoError(t, err)
		assert.JSONEq(t, string(wanted), string(text))

		var read quarantine.Held
		require.NoError(t, json.Unmarshal(text, &read))
		for _, h := range []quarantine.Held{h, read} {
			require.NoError(t, h.Receipt().Target.Validate())
			back, err := w.service.Restore(t.Context(), h.Receipt())
			require.NoError(t, err)
			require.NoError(t, back.Err())
			assert.True(t, back.Outcome().Done())
			w.count(t, 1, 0, "restored")
		}
	})
}

// A message without a Message-ID can be restored from the list as well.
func TestListWithoutMessageID(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, patient(worldOptions{settings: func(q *quarantine.Options) { q.CriteriaSearch = true }}))
		w.Mailbox(alice).Deliver(eml("", "Invoice"))
		w.Mailbox(alice).Deliver(eml("", "Another"))
		taken, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, Criteria: quarantine.Criteria{Subject: "Invoice"}})
		require.NoError(t, err)
		require.NoError(t, taken.Err())
		all := w.held(t)
		require.Len(t, all, 1)
		require.Empty(t, all[0].MessageID)
		for _, want := range []quarantine.Outcome{quarantine.Restored, quarantine.AlreadyRestored} {
			back, err := w.service.Restore(t.Context(), all[0].Receipt())
			require.NoError(t, err)
			require.NoError(t, back.Err())
			assert.Equal(t, want, back.Outcome())
			assert.Len(t, w.in(alice, ""), 2)
		}
	})
}

// What was taken over another mail system is listed and restored by a service
// over this one.
func TestListOfAnotherSystem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMigration(t, driver.WayTransfer)
		m.deliver()
		_, err := m.ews.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
		require.NoError(t, err)
		time.Sleep(time.Hour)
		n := 0
		for h, err := range m.graph.List(t.Context(), quarantine.ListRequest{Mailbox: alice}) {
			require.NoError(t, err)
			assert.Equal(t, "graph", h.Place.IDs)
			back, err := m.graph.Restore(t.Context(), h.Receipt())
			require.NoError(t, err)
			require.NoError(t, back.Err())
			n++
		}
		assert.Equal(t, 2, n)
		assert.Equal(t, []string{"Inbox", "Zebra"}, m.homes())
		assert.Empty(t, m.overGo.misled)
	})
}
