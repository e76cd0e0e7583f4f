package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// campaigning is a bundle with a journal and a list of a few messages, some of them twice.
func campaigning(t *testing.T, n int) (b *bundle, file string) {
	t.Helper()
	b = newBundle(t)
	b.config = b.write(t, "journal.json", strings.Replace(b.read(t, b.config), "{", `{"journalFile":"`+b.dir+`/journal",`, 1))
	var list strings.Builder
	for i := range n {
		id := fmt.Sprintf("<%d@evil.example>", i)
		for _, box := range []string{"alice", "bob"} {
			b.srv.Mailbox(box + "@example.test").Deliver(bytes.ReplaceAll(message(t, "phishing.eml"), []byte(phishing), []byte(id)))
			fmt.Fprintf(&list, `{"mailbox":"%s@example.test","message_id":"%s"}`+"\n", box, id)
		}
		fmt.Fprintf(&list, `{"mailbox":"ALICE@example.test","message_id":"%s"}`+"\n", strings.Trim(id, "<>"))
	}
	return b, b.write(t, "targets.jsonl", list.String())
}

// A campaign that is cut off and started again searches the rest. In the end, every target has
// exactly one line.
func TestCampaign(t *testing.T) {
	t.Parallel()
	b, file := campaigning(t, 6)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	b.srv.OnRequest(func(n int, _ *ewstest.Request) {
		if n == 60 {
			interrupt()
		}
	})
	args := []string{"quarantine", "-targets", file, "-campaign", "case 17", "-workers", "2"}
	r := b.runUntil(t, ctx, args...)
	assert.Equal(t, exitInterrupted, r.status)
	require.Len(t, r.lines, 12)
	assert.Contains(t, r.stderr, "skipped 6 lines that repeat an earlier one")
	done := 0
	for _, line := range r.lines {
		switch line["outcome"] {
		case "quarantined":
			done++
		case "notBegun":
		default: // in progress
			assert.Contains(t, line["error"], "context canceled")
		}
	}
	require.Positive(t, done)
	assert.NotContains(t, r.stderr, "finished by earlier runs")

	b.srv.OnRequest(nil)
	r = b.run(t, append(args, "-reason", "another")...)
	require.Equal(t, exitDone, r.status, r.stderr)
	require.Len(t, r.lines, 12)
	for _, line := range r.lines {
		assert.Contains(t, []any{"quarantined", "alreadyQuarantined"}, line["outcome"]) // work in progress may have finished
	}
	assert.Len(t, b.srv.Mailbox("quarantine@example.test").Messages(), 12)

	b.srv.ResetRequests()
	r = b.run(t, args...)
	require.Equal(t, exitDone, r.status, r.stderr)
	assert.Len(t, r.lines, 12)
	assert.Empty(t, b.srv.Requests(), "nothing is left to do")
	assert.Contains(t, r.stderr, "12 of the targets were finished by earlier runs of this campaign: what they report was true then, and is not looked at again; to take what has come since or was restored, give another name to -campaign")

	require.Equal(t, exitDone, b.run(t, "recover", "-forget", "case 17").status)
	r = b.run(t, args...)
	require.Equal(t, exitDone, r.status, r.stderr)
	assert.NotEmpty(t, b.srv.Requests())
	assert.Equal(t, "alreadyQuarantined", r.lines[0]["outcome"])
}

func TestCampaignUsage(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	named := []string{"quarantine", "-mailbox", "alice@example.test", "-message-id", phishing, "-campaign"}
	for _, args := range [][]string{append(named, "case 17"), {"recover", "-forget", "case 17"}} {
		r := b.run(t, args...)
		assert.Equal(t, exitUsage, r.status)
		assert.Contains(t, r.stderr, "journalFile")
	}
	r := b.run(t, append(named, strings.Repeat("x", quarantine.MaxCampaign+1))...)
	assert.Equal(t, exitUsage, r.status)
	assert.Contains(t, r.stderr, "256 bytes")
	assert.Empty(t, b.srv.Requests())
}

// After an interrupt, targets that were never begun say so, and only those in progress say
// that they were interrupted: nothing has failed.
func TestInterruptLeavesTheRestNotBegun(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	file := b.targetsOf(t, 300)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	b.srv.OnRequest(func(n int, r *ewstest.Request) {
		if r.Operation == ews.OpFindItem {
			interrupt()
		}
	})
	r := b.runUntil(t, ctx, "quarantine", "-targets", file, "-concurrency", "4")
	require.Len(t, r.lines, 300)
	notStarted, told := 0, map[any]bool{}
	for _, line := range r.lines {
		assert.False(t, told[line["mailbox"]], "told once")
		told[line["mailbox"]] = true
		assert.Contains(t, []any{"notBegun", "notFound"}, line["outcome"])
		if text, _ := line["error"].(string); strings.Contains(text, "not started") {
			notStarted++
		}
	}
	assert.GreaterOrEqual(t, notStarted, 300-3*4)
}

func TestProgressThatIsAskedFor(t *testing.T) {
	t.Parallel()
	sdk := func() quarantine.Progress {
		return quarantine.Progress{Total: 30, Done: 10, Left: 20, Rate: 0.5, Remaining: 40 * time.Second, Throttled: 3 * time.Second}
	}
	for _, asJSON := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			out := &slate{}
			s := sessionOn(out, nil)
			s.often, s.json = true, asJSON
			p := s.followRun(30, 8, sdk)
			time.Sleep(35*time.Second + time.Millisecond)
			p.ended()
			lines := strings.Split(strings.TrimSpace(out.wipe()), "\n")
			require.Len(t, lines, 3)
			if !asJSON {
				assert.Equal(t, "0 of 30 done, 0 in progress, 0 failed, 10s, 0.5 a second, about 40s left, 3s spent waiting for the server", lines[0])
				return
			}
			var got struct{ Progress quarantine.Progress }
			require.NoError(t, json.Unmarshal([]byte(lines[2]), &got))
			assert.Equal(t, sdk(), got.Progress)
		})
	}
}
