package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A whole campaign is put back by its Message-ID, its case or a group: without -yes there is
// only the count.
func TestRestoreCampaign(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	const other = "<other@evil.example>"
	b.srv.Mailbox("bob@example.test").Deliver([]byte("Message-ID: " + other + "\r\nFrom: x@evil.example\r\nSubject: Other\r\n\r\nHi\r\n"))
	take := func() {
		t.Helper()
		for _, args := range [][]string{
			{"-group", "all-staff@example.test", "-message-id", phishing, "-reference", "T-1"},
			{"-mailbox", "bob@example.test", "-message-id", other, "-reference", "T-2"},
		} {
			r := b.run(t, append([]string{"quarantine"}, args...)...)
			require.Equal(t, exitDone, r.status, r.stderr)
		}
	}
	take()
	for i, tt := range []struct {
		args []string
		n    int
	}{
		{[]string{"-message-id", phishing}, 3},
		{[]string{"-reference", "T-1"}, 3},
		{[]string{"-reference", "T-2"}, 1},
		{[]string{"-group", "all-staff@example.test"}, 4},
		{[]string{"-group", "all-staff@example.test", "-reference", "T-2"}, 1},
		{[]string{"-mailbox", "bob@example.test", "-reference", "T-1"}, 1},
	} {
		asked := b.run(t, append([]string{"restore"}, tt.args...)...)
		assert.Equal(t, exitUsage, asked.status, "nothing is done unasked")
		assert.Contains(t, asked.stderr, "-yes")
		assert.Regexp(t, `: `+count(tt.n, "message")+` `, asked.stderr, tt.args)
		assert.Len(t, b.run(t, "list").lines, 4)
		if i%2 == 0 {
			continue // only the count is checked here; other tests show that they are put back
		}
		back := b.run(t, append([]string{"restore", "-yes"}, tt.args...)...)
		require.Equal(t, exitDone, back.status, back.stderr)
		assert.Len(t, back.lines, tt.n, tt.args)
		for _, line := range back.lines {
			assert.Equal(t, "restored", line["outcome"])
		}
		assert.True(t, strings.HasPrefix(back.stderr, count(tt.n, "message")), "the count comes first: %s", back.stderr)
		assert.Len(t, b.run(t, "list").lines, 4-tt.n)
		take()
	}
	assert.Equal(t, exitDone, b.run(t, "restore", "-yes", "-message-id", "<nobody@evil.example>").status)
	nothing := b.run(t, "restore", "-message-id", "<nobody@evil.example>")
	assert.Equal(t, exitDone, nothing.status, "there is nothing to say yes to")
	assert.Contains(t, nothing.stderr, "none of that is in quarantine")
	assert.Equal(t, exitSome, b.run(t, "restore", "-yes", "-fail-not-found", "-reference", "T-99").status)
	for _, args := range [][]string{
		{"-message-id", phishing, "-sender", "x@evil.example"}, {"-group", "all-staff@example.test", "-mailbox", "bob@example.test"},
		{"-receipt", "-", "-reference", "T-1"}, {"-yes", "-mailbox", "bob@example.test", "-message-id", phishing}, {"-targets", "-", "-group", "all-staff@example.test"},
	} {
		assert.Equal(t, exitUsage, b.run(t, append([]string{"restore"}, args...)...).status, args)
	}
}

// One command puts a message back in both organisations.
func TestRestoreCampaignOfSeveralServers(t *testing.T) {
	t.Parallel()
	x := setupPair(t)
	csv := x.write(t, "targets.csv", "mailbox,message_id\nalice@a.test,"+phishing+"\nalice@b.test,"+phishing+"\n")
	require.Equal(t, exitDone, x.run(t, "quarantine", "-targets", csv).status)
	r := x.run(t, "restore", "-message-id", phishing)
	assert.Equal(t, exitUsage, r.status)
	assert.Contains(t, r.stderr, "2 messages of 2 mailboxes on 2 servers")
	r = x.run(t, "restore", "-message-id", phishing, "-yes")
	require.Equal(t, exitDone, r.status, r.stderr)
	assert.Equal(t, map[any]any{"alice@a.test": "A", "alice@b.test": "B"}, r.by("server"))
}
