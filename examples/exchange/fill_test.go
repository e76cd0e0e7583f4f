package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

func TestFills(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "1.eml"), []byte("Subject: one\r\nMessage-ID: <1@evil.example>\r\n\r\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "2.eml"), []byte("Subject: two\r\n\r\n"), 0o600))
	csv := filepath.Join(dir, "targets.csv")
	r := start(t, "-fill", "12x2", "-load", "all-staff@example.test="+dir, "-load", "ALICE@example.test="+dir, "-targets", csv)
	svc := r.client(t, "svc")
	assert.Equal(t, []string{"Invoice 1 for 12", "Invoice 2 for 12"}, inbox(t, svc, "user00012@example.test"))
	assert.Equal(t, []string{"Invoice 1 for 1", "Invoice 2 for 1"}, inbox(t, r.client(t, "user00001"), "user00001@example.test"))
	assert.Equal(t, []string{"one", "two", "one", "two"}, inbox(t, svc, "alice@example.test"))
	assert.Equal(t, []string{"one", "two"}, inbox(t, svc, "carol@example.test"))
	text, err := os.ReadFile(csv)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	assert.Equal(t, []string{"mailbox,message_id", "alice@example.test,<1@evil.example>", "bob@example.test,<1@evil.example>"}, lines[:3])
	assert.Equal(t, "user00012@example.test,<00012.2@evil.example>", lines[len(lines)-1])
	assert.Len(t, lines, 1+3+1+24)
	r.stop()
	assert.Contains(t, r.stderr.String(), "2 messages from "+dir+" are in each of the 3 Inboxes of the list all-staff@example.test\n")
	assert.Contains(t, r.stderr.String(), "2 messages from "+dir+" are in the Inbox of alice@example.test\n")
	assert.Contains(t, r.stderr.String(), "12 mailboxes from user00001@example.test to user00012@example.test have 2 messages in the Inbox of each\n")
	assert.Contains(t, r.stderr.String(), "28 targets are in "+csv+"; 4 messages have no Message-ID, and are not\n")
}

func TestThrottles(t *testing.T) {
	t.Parallel()
	r := start(t, "-throttling", "EwsMaxBurst=1,EwsRechargeRate=1000,EwsCutoffBalance=1,*=1ms+1ms,FindItem=10ms+10ms", "-latency", "0s,FindItem=30ms")
	began := time.Now()
	assert.Empty(t, inbox(t, r.client(t, "svc"), "alice@example.test"))
	assert.GreaterOrEqual(t, time.Since(began), 50*time.Millisecond)
	_, err := r.client(t, "svc").ForMailbox("alice@example.test").DeleteItem(t.Context(), ews.DeleteItemRequest{IDs: []ews.ItemID{{ID: "x"}}, Type: ews.HardDelete})
	assert.ErrorContains(t, err, "ErrorServerBusy", "a write, which the client does not repeat")
	assert.Empty(t, inbox(t, r.client(t, "alice"), "alice@example.test"), "another budget")
}
