package quarantine_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

func TestTargetValidate(t *testing.T) {
	t.Parallel()
	ok := quarantine.Target{Mailbox: "alice@example.test", MessageID: "<1@evil.example>"}
	for name, c := range map[string]struct {
		target quarantine.Target
		want   string // part of the error, empty: none
	}{
		"good":             {ok, ""},
		"no brackets":      {quarantine.Target{Mailbox: ok.Mailbox, MessageID: "1@evil.example"}, ""},
		"quotes, spaces":   {quarantine.Target{Mailbox: ok.Mailbox, MessageID: `<"a b" & 'c' <d>@x>`}, ""},
		"no mailbox":       {quarantine.Target{MessageID: ok.MessageID}, "mailbox"},
		"name only":        {quarantine.Target{Mailbox: "alice", MessageID: ok.MessageID}, "mailbox"},
		"display name":     {quarantine.Target{Mailbox: "Alice <alice@example.test>", MessageID: ok.MessageID}, "mailbox"},
		"two at signs":     {quarantine.Target{Mailbox: "a@b@c", MessageID: ok.MessageID}, "mailbox"},
		"long mailbox":     {quarantine.Target{Mailbox: strings.Repeat("a", 300) + "@b", MessageID: ok.MessageID}, "254"},
		"no id":            {quarantine.Target{Mailbox: ok.Mailbox}, "messageId"},
		"empty brackets":   {quarantine.Target{Mailbox: ok.Mailbox, MessageID: " <> "}, "messageId"},
		"control":          {quarantine.Target{Mailbox: ok.Mailbox, MessageID: "<a\x1fb@x>"}, "U+001F"},
		"not UTF-8":        {quarantine.Target{Mailbox: ok.Mailbox, MessageID: "<a\xffb@x>"}, "UTF-8"},
		"endless":          {quarantine.Target{Mailbox: ok.Mailbox, MessageID: strings.Repeat("x", 5000)}, "4096"},
		"control, address": {quarantine.Target{Mailbox: "a\x00@b", MessageID: ok.MessageID}, "U+0000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := c.target.Validate()
			if c.want == "" {
				assert.NoError(t, err)
				return
			}
			assert.ErrorIs(t, err, quarantine.ErrInvalid)
			assert.ErrorContains(t, err, c.want)
		})
	}
}
