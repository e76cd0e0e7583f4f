package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/testdata"
)

const phishing = "<20261124.1@evil.example>"

// bundle is a server with the phishing mail in three mailboxes, and a
// configuration for it.
type bundle struct {
	srv    *ewstest.Server
	dir    string
	config string
	env    map[string]string
	stdin  string

	columns func() int
	screen  bool // standard output is a terminal
}

func newBundle(t *testing.T) *bundle {
	t.Helper()
	srv := ewstest.NewServer(nil)
	t.Cleanup(srv.Close)
	b := &bundle{srv: srv, dir: t.TempDir(), env: map[string]string{"EWSQ_PASSWORD": "svc-password"}}
	b.config = b.write(t, "ewsq.json", b.object("fullAccess"))
	for _, name := range []string{"alice", "bob", "carol"} {
		srv.Mailbox(name + "@example.test").Deliver(message(t, "phishing.eml"))
	}
	return b
}

// object returns a configuration as JSON.
func (b *bundle) object(access string) string {
	text, _ := json.Marshal(map[string]any{
		"name": "Lab", "ewsUrl": b.srv.URL(), "quarantineMailbox": "quarantine@example.test", "access": access,
		"searchLag":      "1ms", // searches of this server show everything at once
		"writeDoubt":     "5s",  // and an interrupted request takes effect immediately or never
		"authentication": map[string]any{"type": "basic", "username": "svc@example.test"},
	})
	return string(text)
}

func (b *bundle) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(b.dir, name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// place writes a file into a separate folder.
func (b *bundle) place(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(b.dir, name)), 0o700))
	b.write(t, name, text)
}

func (b *bundle) read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func message(t *testing.T, name string) []byte {
	t.Helper()
	eml, err := testdata.Mail.ReadFile("mail/" + name)
	require.NoError(t, err)
	return eml
}

// ran is the output of a run, and how it ended.
type ran struct {
	status         int
	stdout, stderr string
	lines          []map[string]any
}

// run runs ewsq -config with the bundle's configuration.
func (b *bundle) run(t *testing.T, args ...string) ran {
	t.Helper()
	return b.bare(t, append([]string{"-config", b.config}, args...)...)
}

func (b *bundle) bare(t *testing.T, args ...string) ran {
	t.Helper()
	return b.until(t, t.Context(), args...)
}

// runUntil is like run, until a context ends.
func (b *bundle) runUntil(t *testing.T, ctx context.Context, args ...string) ran {
	t.Helper()
	return b.until(t, ctx, append([]string{"-config", b.config}, args...)...)
}

func (b *bundle) until(t *testing.T, ctx context.Context, args ...string) ran {
	t.Helper()
	r := b.textUntil(t, ctx, args...)
	if strings.HasPrefix(r.stdout, "NAME\n") {
		return r // help
	}
	for line := range strings.Lines(r.stdout) {
		var m map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &m), "standard output is JSON lines: %q", line)
		r.lines = append(r.lines, m)
	}
	return r
}

// bareText is like bare, for a command that may print text.
func (b *bundle) bareText(t *testing.T, args ...string) ran {
	t.Helper()
	return b.textUntil(t, t.Context(), args...)
}

func (b *bundle) textUntil(t *testing.T, ctx context.Context, args ...string) ran {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p := &program{
		stdin: strings.NewReader(b.stdin), stdout: &stdout, stderr: &stderr,
		lookup: func(name string) (string, bool) { v, ok := b.env[name]; return v, ok }, columns: b.columns, both: b.screen,
	}
	r := ran{status: p.run(ctx, args)}
	r.stdout, r.stderr = stdout.String(), stderr.String()
	return r
}

// where returns the folders of a mailbox in which the phishing mail is visible, each
// followed by "unread" if it is.
func (b *bundle) where(address string) []string {
	var found []string
	for _, m := range b.srv.Mailbox(address).Messages() {
		if m.MessageID == phishing && !recoverable(m) {
			state := m.Folder
			if !m.Read {
				state += " unread"
			}
			found = append(found, state)
		}
	}
	return found
}

// recoverable reports whether a message is in Recoverable Items.
func recoverable(m *ewstest.Message) bool {
	return strings.HasPrefix(string(m.Distinguished), "recoverableitems")
}

func TestQuarantineAndRestore(t *testing.T) {
	t.Parallel()
	for _, access := range []string{"fullAccess", "impersonation"} {
		t.Run(access, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			b.config = b.write(t, "ewsq.json", b.object(access))
			target := []string{"-mailbox", "alice@example.test", "-message-id", phishing}

			found := b.run(t, append([]string{"find"}, target...)...)
			require.Equal(t, exitDone, found.status, found.stderr)
			require.Len(t, found.lines, 1)
			assert.Equal(t, "found", found.lines[0]["outcome"])
			assert.InDelta(t, 1, found.lines[0]["copies"], 0)
			assert.Contains(t, found.stderr, "/Inbox unread")

			dry := b.run(t, append([]string{"quarantine", "-dry-run"}, target...)...)
			require.Equal(t, exitDone, dry.status, dry.stderr)
			assert.Equal(t, "found", dry.lines[0]["outcome"])
			assert.Equal(t, true, dry.lines[0]["receipt"].(map[string]any)["dryRun"])
			assert.Equal(t, []string{"/Inbox unread"}, b.where("alice@example.test"))

			taken := b.run(t, append([]string{"quarantine", "-reason", "credential phishing"}, target...)...)
			require.Equal(t, exitDone, taken.status, taken.stderr)
			require.Len(t, taken.lines, 1)
			line := taken.lines[0]
			for member, want := range map[string]any{
				"server": "Lab", "mailbox": "alice@example.test", "messageId": phishing, "outcome": "quarantined", "strategy": access,
			} {
				assert.Equal(t, want, line[member], member)
			}
			assert.Contains(t, []any{"move", "transfer", "mime"}, line["way"])
			assert.NotContains(t, line, "error")
			assert.Contains(t, line, "receipt")
			assert.Empty(t, b.where("alice@example.test"))
			assert.Equal(t, []string{"/Quarantine unread"}, b.where("quarantine@example.test"))
			assert.Equal(t, []string{"/Inbox unread"}, b.where("bob@example.test"))

			again := b.run(t, append([]string{"quarantine"}, target...)...)
			assert.Equal(t, exitDone, again.status)
			assert.Equal(t, "alreadyQuarantined", again.lines[0]["outcome"])

			listed := b.run(t, "list", "-mailbox", "alice@example.test")
			require.Equal(t, exitDone, listed.status, listed.stderr)
			require.Len(t, listed.lines, 1)
			for member, want := range map[string]any{
				"mailbox": "alice@example.test", "messageId": phishing, "wasRead": false,
				"reason": "credential phishing", "subject": "Your mailbox is full: confirm your password today",
			} {
				assert.Equal(t, want, listed.lines[0][member], member)
			}
			assert.Equal(t, "/Inbox", listed.lines[0]["folder"])
			assert.Empty(t, b.run(t, "list", "-mailbox", "bob@example.test").lines)

			receipts := b.write(t, "receipts.jsonl", taken.stdout)
			back := b.run(t, "restore", "-receipt", receipts)
			require.Equal(t, exitDone, back.status, back.stderr)
			assert.Equal(t, "restored", back.lines[0]["outcome"])
			assert.Equal(t, []string{"/Inbox unread"}, b.where("alice@example.test"))
			assert.Empty(t, b.where("quarantine@example.test"))

			assert.Equal(t, exitDone, b.run(t, append([]string{"quarantine"}, target...)...).status)
			back = b.run(t, append([]string{"restore"}, target...)...)
			require.Equal(t, exitDone, back.status, back.stderr)
			assert.Equal(t, "restored", back.lines[0]["outcome"], "from nothing but the item")
			assert.Equal(t, []string{"/Inbox unread"}, b.where("alice@example.test"))
			assert.Empty(t, b.srv.Notices())
		})
	}
}

func TestTargetsFile(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	csv := b.write(t, "targets.csv", "\ufeffmailbox,message_id,reason\r\n"+
		"alice@example.test,"+phishing+",\"phishing, reported\"\r\nbob@example.test,"+phishing+"\r\n")
	r := b.run(t, "quarantine", "-targets", csv)
	assert.Equal(t, exitUsage, r.status, "a row of a different length")
	assert.Contains(t, r.stderr, "line 3")

	csv = b.write(t, "targets.csv", "\ufeffMailbox, message-id ,reason\r\n"+
		"alice@example.test,"+phishing+",\"phishing, reported\"\r\nbob@example.test,"+phishing+",\r\n"+
		"carol@example.test,<other@evil.example>,\r\n")
	r = b.run(t, "quarantine", "-targets", csv, "-reason", "bulk")
	require.Equal(t, exitDone, r.status, r.stderr)
	require.Len(t, r.lines, 3)
	assert.Contains(t, r.stderr, "3 targets: 2 quarantined, 1 not found")
	reasons := map[any]any{}
	for _, l := range b.run(t, "list").lines {
		reasons[l["mailbox"]] = l["reason"]
	}
	assert.Equal(t, map[any]any{"alice@example.test": "phishing, reported", "bob@example.test": "bulk"}, reasons)

	// Results can be used as targets and as receipts, also through a pipe.
	b.stdin = r.stdout
	r = b.run(t, "restore", "-receipt", "-", "-workers", "1")
	require.Equal(t, exitDone, r.status, r.stderr)
	assert.Equal(t, []string{"/Inbox unread"}, b.where("bob@example.test"))
	r = b.run(t, "find", "-targets", "-")
	require.Equal(t, exitDone, r.status, r.stderr)
	assert.Contains(t, r.stderr, "3 targets: 2 found, 1 not found")
}

func TestSomeTargetsFail(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.srv.RevokeFullAccess("svc", "*")
	for _, name := range []string{"alice", "quarantine"} {
		b.srv.GrantFullAccess("svc", name+"@example.test")
	}
	file := b.write(t, "targets.jsonl", `{"mailbox":"alice@example.test","message_id":"`+phishing+`"}

{"mailbox":"bob@example.test","messageId":"`+phishing+`","outcome":"quarantined"}
{"mailbox":"nobody@example.test","message_id":"`+phishing+`"}
`)
	r := b.run(t, "quarantine", "-targets", file, "-log")
	assert.Equal(t, exitSome, r.status)
	require.Len(t, r.lines, 3)
	outcomes := map[any]any{}
	for _, l := range r.lines {
		outcomes[l["mailbox"]] = l["outcome"]
		if l["outcome"] != "quarantined" {
			assert.NotEmpty(t, l["error"])
			assert.Equal(t, "fullAccess", l["strategy"])
		}
	}
	assert.Equal(t, map[any]any{"alice@example.test": "quarantined", "bob@example.test": "refused", "nobody@example.test": "refused"}, outcomes)
	assert.Equal(t, []string{"/Inbox unread"}, b.where("bob@example.test"))
	assert.NotContains(t, r.stderr+r.stdout, "svc-password")
	assert.Contains(t, r.stderr, string(ews.OpFindItem), "-log shows the calls")

	b.stdin = r.stdout
	r = b.run(t, "restore", "-receipt", "-")
	assert.Equal(t, exitDone, r.status, r.stderr)
	assert.Contains(t, r.stderr, "skipped 2 lines without a receipt")
	assert.Len(t, r.lines, 1)
}

func TestAttackersTextIsEscaped(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.srv.Mailbox("alice@example.test").Deliver(message(t, "control-character.eml"))
	const id = `<parcel&fee"1"@evil.example>`
	r := b.run(t, "quarantine", "-mailbox", "alice@example.test", "-message-id", id)
	require.Equal(t, exitDone, r.status, r.stderr)
	require.Equal(t, "quarantined", r.lines[0]["outcome"])
	r = b.run(t, "list")
	require.Len(t, r.lines, 1)
	assert.Contains(t, r.lines[0]["subject"], "\x1b[2J", "complete in JSON")
	assert.Contains(t, r.stderr, `\x1b[2J`)
	for _, c := range r.stdout + r.stderr {
		assert.False(t, c != '\n' && c < ' ' || c == 0x7F, "%q", c)
	}
	assert.Equal(t, exitDone, b.run(t, "restore", "-mailbox", "alice@example.test", "-message-id", id).status)
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	file := b.write(t, "targets.csv", "mailbox,message_id\nalice@example.test,"+phishing+"\nbob@example.test,"+phishing+"\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{
		{"find", "-targets", file}, {"quarantine", "-targets", file}, {"restore", "-targets", file},
	} {
		r := b.runUntil(t, ctx, args...)
		assert.Equal(t, exitInterrupted, r.status)
		require.Len(t, r.lines, 2, "each target has its line")
		for _, line := range r.lines {
			assert.Equal(t, "notBegun", line["outcome"])
			assert.Contains(t, line["error"], "not started")
			assert.Equal(t, "Lab", line["server"])
		}
	}
	assert.Empty(t, b.srv.Requests())
}

// TestInterruptedInTheMiddle interrupts a run while the server is working for it.
func TestInterruptedInTheMiddle(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	var targets strings.Builder
	for i := range 12 {
		fmt.Fprintf(&targets, `{"mailbox":"alice@example.test","message_id":"<%d@evil.example>"}`+"\n", i)
		b.srv.Mailbox("alice@example.test").Deliver(bytes.ReplaceAll(message(t, "phishing.eml"), []byte(phishing), fmt.Appendf(nil, "<%d@evil.example>", i)))
	}
	file := b.write(t, "targets.jsonl", targets.String())
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	b.srv.OnRequest(func(n int, _ *ewstest.Request) {
		if n == 40 {
			interrupt()
		}
	})
	r := b.runUntil(t, ctx, "quarantine", "-targets", file, "-workers", "2")
	assert.Equal(t, exitInterrupted, r.status)
	require.Len(t, r.lines, 12, "each target has its line")
	assert.Contains(t, r.stderr, "interrupted: nothing new is started")
	assert.Contains(t, r.stderr, "not started")
	r = b.run(t, "quarantine", "-targets", file)
	assert.Equal(t, exitDone, r.status, r.stderr)
	assert.Len(t, b.srv.Mailbox("quarantine@example.test").Messages(), 12)
}
