package main

import (
	"flag"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// targetsOf writes a file with n targets, each in a different mailbox.
func (b *bundle) targetsOf(t *testing.T, n int) string {
	t.Helper()
	var targets strings.Builder
	for i := range n {
		b.srv.AddMailbox(fmt.Sprintf("u%d@example.test", i), nil)
		fmt.Fprintf(&targets, `{"mailbox":"u%d@example.test","message_id":"<1@evil.example>"}`+"\n", i)
	}
	return b.write(t, "targets.jsonl", targets.String())
}

// A run against a server that does not answer ends after a few targets.
func TestMaxFailures(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	file := b.targetsOf(t, 30)
	b.srv.Fail(ewstest.When{}, ewstest.Gateway(403))
	for args, want := range map[string]int{"": 20, "-max-failures 3": 3, "-max-failures 0": 30} {
		args := append([]string{"find", "-targets", file, "-workers", "1"}, strings.Fields(args)...)
		r := b.run(t, args...)
		assert.Equal(t, exitSome, r.status, r.stderr)
		assert.Len(t, r.lines, 30, "each target has its line")
		tried := 0
		for _, line := range r.lines {
			assert.Equal(t, "notBegun", line["outcome"])
			if text := line["error"].(string); !strings.Contains(text, "no more are tried") {
				tried++
				assert.Contains(t, text, "403")
			}
		}
		assert.Equal(t, want, tried, "%v", args)
	}
}

// There are three targets in progress for each call that a server may be sent at a time,
// whether a flag says how many or the configuration.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ args, configured, want int }{{0, 0, 24}, {0, 40, 120}, {10, 40, 30}} {
		var p paceFlags
		flags := flag.NewFlagSet("", flag.ContinueOnError)
		p.add(flags)
		if tt.args > 0 {
			assert.NoError(t, flags.Parse([]string{"-concurrency", fmt.Sprint(tt.args)}))
		}
		configs := []exchange.Config{{}, {Throttling: exchange.Throttling{Concurrency: tt.configured}}}
		assert.Equal(t, tt.want, p.atOnce(configs), "%+v", tt)
	}
}

// -concurrency raises the calls in flight; -workers, its older name, does not.
func TestConcurrency(t *testing.T) {
	t.Parallel()
	for flag, want := range map[string]int{"-concurrency": 12, "-workers": 8} {
		t.Run(flag, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			file := b.targetsOf(t, 60)
			var mu sync.Mutex
			inFlight, most, reached := 0, 0, make(chan struct{})
			b.srv.OnRequest(func(_ int, r *ewstest.Request) {
				if r.Operation != ews.OpFindItem {
					return
				}
				mu.Lock()
				inFlight++
				if most = max(most, inFlight); inFlight == want {
					close(reached)
					want = -1 // the others do not wait
				}
				mu.Unlock()
				select {
				case <-reached:
				case <-time.After(20 * time.Second):
				}
				mu.Lock()
				inFlight--
				mu.Unlock()
			})
			bound := want
			r := b.run(t, "find", "-targets", file, flag, "12")
			assert.Equal(t, exitDone, r.status, r.stderr)
			assert.Equal(t, bound, most)
		})
	}
}
