package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Receipts of a configuration that had no name remain valid once it has one, alone and
// alongside others.
func TestReceiptsFromBeforeTheName(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	other := newBundle(t)
	object := b.object("fullAccess")
	unnamed := strings.Replace(object, `"name":"Lab",`, "", 1)
	require.NotEqual(t, object, unnamed)
	elsewhere := strings.NewReplacer(`"name":"Lab"`, `"name":"Other"`, "quarantine@example.test", "held@example.test").Replace(other.object("fullAccess"))
	for what, later := range map[string]string{"alone": object, "beside another": fmt.Sprintf("[%s, %s]", elsewhere, object)} {
		b.config = b.write(t, "ewsq.json", unnamed)
		taken := b.run(t, "quarantine", "-mailbox", "alice@example.test", "-message-id", phishing)
		require.Equal(t, exitDone, taken.status, taken.stderr)
		receipts := b.write(t, "receipts.jsonl", taken.stdout)
		b.config = b.write(t, "ewsq.json", later)
		r := b.run(t, "restore", "-receipt", receipts)
		assert.Equal(t, exitDone, r.status, "%s: %s", what, r.stderr)
		require.Len(t, r.lines, 1)
		assert.Equal(t, "restored", r.lines[0]["outcome"], what)
		assert.Equal(t, []string{"/Inbox unread"}, b.where("alice@example.test"), what)
	}
}
