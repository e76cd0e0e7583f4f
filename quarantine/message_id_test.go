package quarantine_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// A message is taken and put back by its Message-ID, however that is written in
// the message, and however it was asked for.
func TestMessageIDSpelled(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("l", 300) + "@evil.example"
	for _, c := range []struct{ stored, asked string }{
		{"<plain@evil.example>", "plain@evil.example"},
		{"plain@evil.example", "<plain@evil.example>"},
		{"\r\n <plain@evil.example>", "<plain@evil.example>"},
		{"< plain@evil.example >", "<plain@evil.example>"},
		{"<plain@evil.example >", "plain@evil.example"},
		{"<plain@evil.example>", "< plain@evil.example >"},
		{"<plain@evil.example", "<plain@evil.example>"},
		{"<<plain@evil.example>>", "plain@evil.example"},
		{"<<plain@evil.example>>", "<<plain@evil.example>>"},
		{"<plain@evil.example> (added by postmaster@relay.example)", "<plain@evil.example>"},
		{"<plain@evil.example> (added by postmaster@relay.example)", "<plain@evil.example> (added by postmaster@relay.example)"},
		{"<a@b.example> <c@d.example>", "<a@b.example> <c@d.example>"},
		{"<plain@evil.example>", "<plain@evil.example"},
		{"<plain@evil.example>", "Message-ID: <plain@evil.example>"},
		{"<plain@evil.example>", `"<plain@evil.example>";`},
		{"<plain@evil.example>", "MessageID = <plain@evil[.]example>."},
		{"<plain@\r\n evil.example>", "<plain@evil.example>"},
		{"(relay) <plain@evil.example>", "<plain@evil.example>"},
		{"<plain@evil.example>", "&lt;plain@evil.example&gt;"},
		{"<plain@evil.example>", "%3Cplain%40evil.example%3E"},
		{"<plain@evil.example>", "<plain\u200b@evil.example>"},
		{`<"a b"@evil.example>`, `<"a b"@evil.example>`},
		{"<[abc]-uuid-|{x}%25&amp;@evil.example>", "<[abc]-uuid-|{x}%25&amp;@evil.example>"},
		{"<!&!AAAAAAAAAAAYAAAA==@evil.example>", "!&!AAAAAAAAAAAYAAAA==@evil.example"},
		{"<no-at-sign>", "no-at-sign"},
		{"<" + long + ">", long},
		{"< " + long + " >", "<" + long + ">"},
	} {
		for _, a := range accesses {
			if a.name != "FullAccess/move" && a.name != "Impersonation/mime" {
				continue
			}
			t.Run(a.name+" "+c.stored[:min(40, len(c.stored))]+" "+c.asked[:min(40, len(c.asked))], func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, patient(a.worldOptions))
					w.Mailbox(alice).Deliver(eml(c.stored, "Invoice"))
					neighbour := w.Mailbox(alice).Deliver(eml("<x"+strings.Trim(c.stored, "< ")+">", "Neighbour"))
					target := quarantine.Target{Mailbox: alice, MessageID: c.asked}
					r, err := w.service.Quarantine(t.Context(), target)
					require.NoError(t, err)
					require.NoError(t, r.Err())
					assert.Equal(t, quarantine.Quarantined, r.Outcome())
					assert.Len(t, r.Items, 1)

					r, err = w.service.Quarantine(t.Context(), target)
					require.NoError(t, err)
					assert.Equal(t, quarantine.AlreadyQuarantined, r.Outcome())
					assert.Equal(t, neighbour.ID.ID, w.Mailbox(alice).Messages()[0].ID.ID)

					r, err = w.service.RestoreMessage(t.Context(), target)
					require.NoError(t, err)
					require.NoError(t, r.Err())
					assert.Equal(t, quarantine.Restored, r.Outcome())
				})
			})
		}
	}
}

// An id that was pasted with more text is noted, and so is a message whose id differs in
// the case of letters. That message is left alone: whether it is meant is undecided.
func TestMessageIDNotes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldOptions{})
	w.Mailbox(alice).Deliver(eml("<Plain@evil.example>", "Invoice"))
	r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: "Message-ID: <plain@evil.example>"})
	require.NoError(t, err)
	assert.Equal(t, quarantine.NotFound, r.Outcome())
	assert.Equal(t, []string{
		`the Message-ID was given as "Message-ID: <plain@evil.example>"; it was looked for as it stands, and as <plain@evil.example>`,
		"a message in /Inbox has the Message-ID <Plain@evil.example>, which differs only in the case of letters; it was left alone",
	}, r.Notes)
	require.ErrorContains(t, r.Err(), "its Message-ID <Plain@evil.example> differs only in the case of letters; ask for that if it is meant")
	assert.Len(t, w.in(alice, "<Plain@evil.example>"), 1)

	for asked, says := range map[string]string{
		"<other@evil.example> <plain@evil.example>": "not one id: ask for each id alone",
		"In-Reply-To: <Plain@evil.example>":         "names another message",
	} {
		r, err := w.service.Find(t.Context(), quarantine.Target{Mailbox: alice, MessageID: asked})
		if err == nil {
			err = r.Err()
		}
		require.ErrorContains(t, err, says)
	}

	r, err = w.service.Find(t.Context(), quarantine.Target{Mailbox: alice, MessageID: "<Plain@evil.example>"})
	require.NoError(t, err)
	assert.Empty(t, r.Notes)
	assert.Len(t, r.Items, 1)
}

// Kinds of items without a field for the Message-ID still have the property, and
// a sender can choose the class.
func TestMessageIDOfOtherKinds(t *testing.T) {
	for _, class := range []string{"IPM.Contact", "IPM.Task", "IPM.Appointment", "IPM.DistList", "IPM.Post", "IPM.StickyNote", "IPM.Activity", "IPM.Schedule.Meeting.Request", "IPM.Note.Evil"} {
		t.Run(class, func(t *testing.T) {
			everyAccess(t, func(t *testing.T, o worldOptions) {
				w := newWorld(t, o)
				w.Mailbox(alice).DeliverWith(eml(theID, "Invoice"), ewstest.Delivery{Class: class})
				r := w.taken(t)
				require.Len(t, r.Items, 1)
				if len(o.ways) == 1 && o.ways[0] == quarantine.WayMIME {
					return // not every kind has MIME, which is reported
				}
				require.NoError(t, r.Err())
				w.count(t, 0, 1, class)
				back, err := w.service.Restore(t.Context(), r)
				require.NoError(t, err)
				require.NoError(t, back.Err())
				w.count(t, 1, 0, class)
			})
		})
	}
}
