package graphmail_test

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// A forward is recognised by In-Reply-To, by References, or by its place in the
// conversation, which Outlook assigns; an older message with the same topic is not a
// forward.
func TestForwardsAreRecognised(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	box := w.Mailbox(alice)
	index := make([]byte, 22)
	place := func(more ...byte) []ews.ExtendedProperty {
		return []ews.ExtendedProperty{
			{Field: ews.ExtendedField{Tag: 0x0070, Type: ews.TypeString}, Value: "It's an invoice"},
			{Field: ews.ExtendedField{Tag: 0x0071, Type: ews.TypeBinary}, Value: base64.StdEncoding.EncodeToString(append(index[:22:22], more...))},
		}
	}
	box.DeliverWith(eml(theID, "It's an invoice"), ewstest.Delivery{Received: time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC), Extended: place()})
	sent := func(id string, extended []ews.ExtendedProperty, headers ...string) {
		below := box.AddFolder(box.Folder(ews.FolderSentItems), "2026")
		box.DeliverWith(eml(id, "Fwd", headers...), ewstest.Delivery{Folder: below, Read: true, Extended: extended})
	}
	sent("<reply@good.example>", nil, "In-Reply-To: "+theID)
	sent("<thread@good.example>", nil, "References: <x@good.example> "+theID)
	sent("<outlook@good.example>", place(1, 2, 3, 4, 5))
	sent("<beside@good.example>", []ews.ExtendedProperty{place()[0], {Field: ews.ExtendedField{Tag: 0x0071, Type: ews.TypeBinary}, Value: base64.StdEncoding.EncodeToString(make([]byte, 21))}})
	sent("<other@good.example>", nil, "In-Reply-To: <x"+theID[1:])

	f, ok := driver.As[driver.Forwarder](w.strategy(t).Mailbox(alice))
	require.True(t, ok)
	found, err := f.Forwarded(t.Context(), theID, 10)
	require.NoError(t, err)
	by := make(map[string]driver.ForwardTrace)
	for _, m := range found {
		by[m.MessageID] = m.By
		require.Len(t, m.Recipients, 1)
		assert.Equal(t, alice, m.Recipients[0].Address)
	}
	assert.Equal(t, map[string]driver.ForwardTrace{
		"<reply@good.example>": driver.ByInReplyTo, "<thread@good.example>": driver.ByReferences, "<outlook@good.example>": driver.ByConversation,
	}, by)
}

// Leftovers are found in Deletions, and those that Graph does not remove there are
// reported.
func TestLeftovers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	c := carriage(t, w, w.strategy(t))
	box := w.Mailbox(alice)
	for _, m := range w.in(alice, theID) {
		box.MoveMessage(m.ID, box.Folder(ews.FolderRecoverableItemsDeletions))
	}
	s, ok := driver.As[driver.Sweeper](c.From)
	require.True(t, ok)
	left, err := s.Leftovers(t.Context(), c.Item.Stamp.Operation)
	require.NoError(t, err)
	require.Len(t, left, 1)
	assert.True(t, left[0].Folder.Recoverable)
	assert.Equal(t, theID, left[0].MessageID)
	require.Error(t, c.From.Remove(t.Context(), left[0]))
}
