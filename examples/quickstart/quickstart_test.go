package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	text := out.String()
	assert.Contains(t, text, "Everything was as told.")
	for _, m := range modes {
		assert.Contains(t, text, m.title)
	}
	assert.Equal(t, 4*len(modes), strings.Count(text, " quarantined by "), "two copies of alice, one of bob, one of carol")
	assert.Equal(t, len(modes), strings.Count(text, " restored by "))
	assert.False(t, strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }),
		"what an attacker wrote does not reach the terminal")
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
