package quarantine_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// Searches by Message-ID that other products have failed at, by number: in each, the
// receipt reports what was taken, and that there may be more if there may. The
// neighbouring tests cover the rest of each kind.
func TestCasesMessageID(t *testing.T) {
	t.Parallel()
	const id = "<Lure.1@evil.example>"
	laterPages := ewstest.When{Operation: ews.OpFindItem, Request: func(r *ewstest.Request) bool {
		return strings.Contains(string(r.Body), "Lure.1@evil") && !strings.Contains(string(r.Body), `Offset="0"`)
	}}
	for _, c := range []struct {
		name, stored, asked string
		class               string
		copies              int
		fault               func(w *world, first *ewstest.Message)
		outcome             quarantine.Outcome
		taken               int
		says                string // about what is not known
	}{
		{name: "04 no brackets in the message", stored: "Lure.1@evil.example"},
		{name: "04 blanks in the brackets", stored: "< Lure.1@evil.example >"},
		{name: "04 half a bracket in the message", stored: "<Lure.1@evil.example"},
		{name: "04 a comment behind it", stored: id + " (added by relay.example)"},
		{name: "04 folded amid the id", stored: "<Lure.1@\r\n evil.example>"},
		{name: "09 contact", class: "IPM.Contact"},
		{name: "09 task", class: "IPM.Task"},
		{name: "09 appointment", class: "IPM.Appointment"},
		{name: "09 distribution list", class: "IPM.DistList"},
		{name: "13 later page never", copies: 3, taken: 2, says: "folder \"/Inbox\" was not searched", fault: func(w *world, _ *ewstest.Message) {
			w.LimitPages(2)
			w.Fail(laterPages, ewstest.FaultCode("ErrorInternalServerError"))
		}},
		{name: "13 later page never, as a member", copies: 3, taken: 2, says: "folder \"/Inbox\" was not searched", fault: func(w *world, _ *ewstest.Message) {
			w.LimitPages(2)
			w.Fail(laterPages, ewstest.MemberCode("ErrorItemCorrupt"))
		}},
		{name: "29 half a bracket asked for", asked: "<Lure.1@evil.example"},
		{name: "29 name of the header", asked: "Message-ID: " + id},
		{name: "29 escaped", asked: "%3CLure.1%40evil.example%3E"},
		{name: "29 a mark that is not seen", asked: "\ufeff" + id},
		{name: "29 lower case", asked: strings.ToLower(id), outcome: quarantine.NotFound, says: "differs only in the case of letters"},
		{name: "40 listed, but not there", outcome: quarantine.NotBegun, says: "a search lists it", fault: func(w *world, first *ewstest.Message) {
			w.Fail(ewstest.When{Item: func(m *ewstest.Message) bool { return m.ID.ID == first.ID.ID }}, ewstest.Ghost)
		}},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, worldOptions{})
			if c.stored == "" {
				c.stored = id
			}
			if c.asked == "" {
				c.asked = id
			}
			if c.outcome == "" {
				c.outcome, c.taken = quarantine.Quarantined, max(c.taken, 1)
			}
			first := w.Mailbox(alice).DeliverWith(eml(c.stored, "Invoice"), ewstest.Delivery{Class: c.class})
			for range c.copies - 1 {
				w.Mailbox(alice).Deliver(eml(c.stored, "Invoice"))
			}
			w.Mailbox(alice).Deliver(eml("<Pure.1@evil.example>", "Neighbour"))
			if c.fault != nil {
				c.fault(w, first)
			}
			r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: c.asked})
			require.NoError(t, err, c.name)
			assert.Equal(t, c.outcome, r.Outcome(), c.name)
			assert.Len(t, w.Mailbox(vault).Messages(), c.taken, c.name)
			if c.says == "" {
				require.NoError(t, r.Err(), c.name)
			} else {
				require.ErrorContains(t, r.Err(), c.says, c.name)
			}
			said := "complete"
			if r.Err() != nil {
				said = "and says so: " + c.says
			}
			t.Logf("%-34s %-11s %d taken, %s", c.name, r.Outcome(), c.taken, said)
		})
	}
}
