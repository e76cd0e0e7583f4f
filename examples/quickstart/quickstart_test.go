package main

import (
	"bytes"
	"io"
	"maps"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/testdata"
)

func TestRun(t *testing.T) {
	t.Parallel()
	for api, modes := range modes {
		var out bytes.Buffer
		require.NoError(t, run(t.Context(), api, &out))
		text := out.String()
		assert.Contains(t, text, "Everything went as described.")
		for _, m := range modes {
			assert.Contains(t, text, m.title)
		}
		assert.Equal(t, 4*len(modes), strings.Count(text, " quarantined by "), "two copies of alice, one of bob, one of carol")
		assert.Equal(t, len(modes), strings.Count(text, " restored by "))
		assert.False(t, strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }),
			"what an attacker wrote does not reach the terminal")
	}
}

func TestCheckNotices(t *testing.T) {
	t.Parallel()
	a := sighting{mailbox: alice, folder: "/Inbox", messageID: phishing}
	b := sighting{mailbox: bob, folder: "/Inbox", messageID: "<other>"}
	before := state{a: 2, b: 1}
	after := before.quarantined(alice)
	moved := sighting{mailbox: quarantineBox, folder: "/Quarantine", messageID: phishing}
	assert.Equal(t, state{moved: 2, b: 1}, after)
	assert.Equal(t, before, before.quarantined(bob), "another message of bob stays")
	assert.Equal(t, state{a: 2, b: 1}, before, "the original is left alone")
}

// TestCheckIsNotBlind breaks everything that the program promises to notice.
func TestCheckIsNotBlind(t *testing.T) {
	t.Parallel()
	eml, err := testdata.Mail.ReadFile("mail/phishing.eml")
	require.NoError(t, err)
	for name, spoil := range map[string]func(*ewstest.Server, *story, state) error{
		"a copy too many": func(srv *ewstest.Server, s *story, before state) error {
			srv.Mailbox(quarantineBox).Deliver(eml)
			return s.check(before)
		},
		"a copy lost": func(_ *ewstest.Server, s *story, before state) error {
			return s.check(before.quarantined(bob))
		},
		"another read state": func(srv *ewstest.Server, s *story, before state) error {
			srv.Mailbox(carol).DeliverWith(eml, ewstest.Delivery{Read: true})
			want := maps.Clone(before)
			want[sighting{mailbox: carol, folder: "/Inbox", messageID: phishing}]++
			return s.check(want)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := ewstest.NewServer(nil)
			t.Cleanup(srv.Close)
			require.NoError(t, deliver(srv))
			s := &story{out: io.Discard, srv: srv}
			before := s.see()
			require.NoError(t, s.check(before))
			require.Error(t, spoil(srv, s, before))
		})
	}
}
