package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// fullDisk accepts a number of lines, and then part of one.
type fullDisk struct {
	room int
	text bytes.Buffer
}

func (d *fullDisk) Write(b []byte) (int, error) {
	if d.room--; d.room >= 0 {
		return d.text.Write(b)
	}
	n := 0
	if d.room == -1 {
		n, _ = d.text.Write(b[:len(b)/2])
	}
	return n, &errNoSpace{}
}

type errNoSpace struct{}

func (*errNoSpace) Error() string { return "write /dev/stdout: " + syscall.ENOSPC.Error() }

// A run whose lines can no longer be written takes nothing else, and says how many messages
// have no line and where they are.
func TestFullDiskEndsTheRun(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	var targets strings.Builder
	const messages = 30
	for i := range messages {
		id := fmt.Sprintf("<%d@evil.example>", i)
		fmt.Fprintf(&targets, `{"mailbox":"alice@example.test","message_id":%q}`+"\n", id)
		b.srv.Mailbox("alice@example.test").Deliver(bytes.ReplaceAll(message(t, "phishing.eml"), []byte(phishing), []byte(id)))
	}
	file := b.write(t, "targets.jsonl", targets.String())
	for _, own := range [][]string{nil, {"-json"}} {
		disk := &fullDisk{room: 2}
		var stderr strings.Builder
		p := &program{stdin: strings.NewReader(""), stdout: disk, stderr: &stderr,
			lookup: func(name string) (string, bool) { return "svc-password", name == exchange.EnvPassword }}
		status := p.run(t.Context(), append(own, "-config", b.config, "quarantine", "-targets", file, "-concurrency", "2"))
		assert.Equal(t, exitSome, status)
		assert.Contains(t, stderr.String(), "no space left")

		// Messages in quarantine without a line are counted.
		inVault := 0
		for _, m := range b.srv.Mailbox("quarantine@example.test").Messages() {
			if !recoverable(m) {
				inVault++
			}
		}
		assert.Less(t, inVault, 10, "nothing new is begun")
		assert.Regexp(t, `ewsq: \d+ of 30 targets have no line: \d+ (already )?quarantined`, stderr.String())
		assert.Contains(t, stderr.String(), "ewsq list")
		assert.Contains(t, stderr.String(), "run the same command again")

		// Nothing is lost, and the receipts on the disk can be put back.
		for id, n := range b.places(messages) {
			assert.GreaterOrEqual(t, n, 1, id)
		}
		b.stdin = disk.text.String()
		r := b.run(t, "restore", "-receipt", "-")
		assert.Equal(t, exitSome, r.status, "a line was cut off: %s", r.stderr)
		assert.Len(t, r.lines, 2, r.stderr)
		stderr.Reset()
	}
}

// A run that only searches has nothing to follow up if its lines cannot be written.
func TestFullDiskOfASearch(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	file := b.write(t, "targets.csv", "mailbox,message_id\nalice@example.test,"+phishing+"\nbob@example.test,"+phishing+"\ncarol@example.test,"+phishing+"\n")
	for _, command := range [][]string{{"find"}, {"quarantine", "-dry-run"}} {
		var stderr strings.Builder
		p := &program{stdin: strings.NewReader(""), stdout: &fullDisk{room: 1}, stderr: &stderr,
			lookup: func(name string) (string, bool) { return "svc-password", name == exchange.EnvPassword }}
		status := p.run(t.Context(), append(append([]string{"-config", b.config}, command...), "-targets", file))
		assert.Equal(t, exitSome, status)
		assert.Regexp(t, `2 of 3 targets have no line: .*; nothing was changed: make room, or write elsewhere, and run the same command again`, stderr.String())
		assert.NotContains(t, stderr.String(), "ewsq list")
		assert.NotContains(t, stderr.String(), "recover")
	}
}

// A reader that ends early, such as head, is not a full disk.
func TestClosedPipeOfASearch(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	var stderr strings.Builder
	p := &program{stdin: strings.NewReader(""), stdout: gone{}, stderr: &stderr,
		lookup: func(name string) (string, bool) { return "svc-password", name == exchange.EnvPassword }}
	status := p.run(t.Context(), []string{"-config", b.config, "find", "-mailbox", "alice@example.test", "-message-id", phishing})
	assert.Equal(t, exitSome, status)
	assert.Contains(t, stderr.String(), "1 of 1 target has no line: 1 found; nothing was changed: run the same command again with a reader that takes all lines")
}

// gone is a pipe whose reader has gone.
type gone struct{}

func (gone) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.EPIPE}
}

// places returns in how many places each of a number of messages can be seen.
func (b *bundle) places(messages int) map[string]int {
	seen := map[string]int{}
	for i := range messages {
		seen[fmt.Sprintf("<%d@evil.example>", i)] = 0
	}
	for _, address := range []string{"alice@example.test", "quarantine@example.test"} {
		for _, m := range b.srv.Mailbox(address).Messages() {
			if _, ours := seen[m.MessageID]; ours && !recoverable(m) {
				seen[m.MessageID]++
			}
		}
	}
	return seen
}
