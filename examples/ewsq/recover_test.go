package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// TestKilledRunIsRecovered kills a run of many targets with SIGKILL while the server is
// working for it, and then finishes the work it left open.
func TestKilledRunIsRecovered(t *testing.T) {
	t.Parallel()
	for _, access := range []string{"fullAccess", "impersonation"} {
		t.Run(access, func(t *testing.T) {
			t.Parallel()
			srv := ewstest.NewServer(nil)
			t.Cleanup(srv.Close)
			const messages = 12
			var targets bytes.Buffer
			for i := range messages {
				id := fmt.Sprintf("<%d@evil.example>", i)
				eml := bytes.ReplaceAll(message(t, "phishing.eml"), []byte(phishing), []byte(id))
				srv.Mailbox("alice@example.test").Deliver(eml)
				require.NoError(t, json.NewEncoder(&targets).Encode(map[string]string{"mailbox": "alice@example.test", "message_id": id}))
			}
			dir := t.TempDir()
			file := filepath.Join(dir, "targets.jsonl")
			require.NoError(t, os.WriteFile(file, targets.Bytes(), 0o600))
			config := filepath.Join(dir, "ewsq.json")
			text, err := json.Marshal(map[string]any{
				"ewsUrl": srv.URL(), "quarantineMailbox": "quarantine@example.test", "access": access,
				"journalFile": filepath.Join(dir, "ewsq.journal"),
				"searchLag":   "1ms", "writeDoubt": "6s", // a lease of 8 seconds
				"authentication": map[string]string{"type": "basic", "username": "svc@example.test", "password": "svc-password"},
			})
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(config, text, 0o600))

			ctx, kill := context.WithCancel(t.Context())
			defer kill()
			cmd := exec.CommandContext(ctx, itself(t), "-config", config, "quarantine", "-targets", file, "-workers", "4")
			dead := make(chan struct{})
			var carried atomic.Int32
			srv.OnRequest(func(_ int, r *ewstest.Request) {
				if r.Operation != ews.OpMoveItem && r.Operation != ews.OpUploadItems {
					return
				}
				if carried.Add(1) == 2 { // some messages go together
					kill()
					<-dead // the answer must not reach it
				}
			})
			err = cmd.Run()
			close(dead)
			require.Error(t, err)
			require.False(t, cmd.ProcessState.Exited(), "it was killed")
			require.Less(t, countVisible(t, srv, "quarantine@example.test"), messages, "in the middle")

			r := runner{t, itself(t), config}
			time.Sleep(8 * time.Second) // requests may still take effect for the length of writeDoubt
			recovered := r.run(exitDone, "recover")
			require.NotEmpty(t, recovered)
			for _, line := range recovered {
				assert.Contains(t, []any{"quarantined", "alreadyQuarantined"}, line["outcome"], line["error"])
			}
			assert.Empty(t, r.run(exitDone, "recover"), "nothing is left open")
			assert.Equal(t, messages, countVisible(t, srv, "quarantine@example.test")+countVisible(t, srv, "alice@example.test"))

			r.run(exitDone, "quarantine", "-targets", file)
			assert.Equal(t, messages, countVisible(t, srv, "quarantine@example.test"))
			assert.Zero(t, countVisible(t, srv, "alice@example.test"))
			r.run(exitDone, "restore", "-targets", file)
			assert.Equal(t, messages, countVisible(t, srv, "alice@example.test"))
			assert.Zero(t, countVisible(t, srv, "quarantine@example.test"))
			assert.Empty(t, srv.Notices())
		})
	}
}

// countVisible returns how many messages the owner of a mailbox sees. The test fails if one
// of them is there twice.
func countVisible(t *testing.T, srv *ewstest.Server, address string) int {
	t.Helper()
	ids := map[string]bool{}
	for _, m := range srv.Mailbox(address).Messages() {
		if recoverable(m) {
			continue
		}
		assert.False(t, ids[m.MessageID], "there are two copies of %s in %s", m.MessageID, address)
		ids[m.MessageID] = true
	}
	return len(ids)
}
