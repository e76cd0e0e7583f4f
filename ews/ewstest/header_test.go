package ewstest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// Of several people in From and Sender, properties keep the first only ([MS-OXCMAIL],
// section 2.2.3.1.3); the received header keeps all of them.
func TestFirstOfSeveralSenders(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]struct{ name, address string }{
		"One <a@b.example>, m@evil.example":        {"One", "a@b.example"},
		"Bank, Ltd <m@evil.example>":               {"Bank", ""},
		"Bank,<m@evil.example>":                    {"Bank", ""},
		`"Bank"<><m@evil.example>`:                 {"Bank", ""},
		"Board: a@b.example, m@evil.example;":      {"a@b.example", "a@b.example"},
		"=?utf-8?Q?Bank=2C_Ltd?= <m@evil.example>": {"Bank, Ltd", "m@evil.example"},
		"=?utf-8?B?QmFuaw==?=<m@evil.example>, x":  {"Bank", "m@evil.example"},
	} {
		c := newCaller(t, ewstest.Options{})
		m := c.srv.Mailbox(alice).Deliver([]byte("From: " + from + "\r\nSubject: x\r\n\r\nx"))
		assert.Equal(t, want.name, property(m, ews.ExtendedField{Tag: 0x0042, Type: ews.TypeString}), from)
		assert.Equal(t, want.address, property(m, ews.ExtendedField{Tag: 0x5D02, Type: ews.TypeString}), from)
		assert.Contains(t, property(m, ews.PidTagTransportMessageHeaders), from)
	}
}

// What a client composes was not received, so it has no received header.
func TestComposedHasNoReceivedHeader(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	answer := codes(c.do(`<m:CreateItem SendMeetingInvitations="SendToNone"><m:SavedItemFolderId>` + folderOf("calendar", alice) +
		`</m:SavedItemFolderId><m:Items><t:CalendarItem><t:Subject>Weekly planning</t:Subject></t:CalendarItem></m:Items></m:CreateItem>`))
	require.Equal(t, []string{"NoError"}, answer)
	made := c.srv.Mailbox(alice).Messages()
	require.Len(t, made, 1)
	assert.Equal(t, "Weekly planning", made[0].Subject)
	assert.Empty(t, property(made[0], ews.PidTagTransportMessageHeaders))
	assert.Empty(t, made[0].MessageID)
}

func property(m *ewstest.Message, f ews.ExtendedField) string { return m.Properties[f].Value }
