package main

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// A run that waits without a request, as for searchLag, says so instead of looking dead.
func TestProgressWithoutRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := &slate{}
		s := sessionOn(out, func() int { return 200 })
		p := s.follow("", 2, 1)
		p.begin()
		time.Sleep(20 * time.Second)
		assert.NotContains(t, out.wipe(), "searchLag", "nothing has been asked yet: it may be signing in")
		ctx := s.idle.TraceCallStart(t.Context(), ews.CallStart{})
		time.Sleep(20 * time.Second)
		assert.NotContains(t, out.wipe(), "searchLag", "a request is under way")
		s.idle.TraceCallEnd(ctx, ews.CallEnd{})
		time.Sleep(12*time.Second + time.Millisecond)
		assert.Contains(t, out.wipe(), "1 in progress, 0 failed, 52s; no request for 12s: it may be waiting for searchLag, or to try again")
		p.mu.Lock()
		assert.Equal(t, "; no request for 12s, perhaps searchLag", p.briefPause(time.Now()), "at 80 columns")
		p.mu.Unlock()
		p.finish(true)
		assert.NotContains(t, out.wipe(), "searchLag", "nothing is in progress")
		p.ended()
	})
}

// An error in a configuration that the environment names says so.
func TestConfigOfTheEnvironment(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.env["EWSQ_CONFIG"] = b.dir + "/missing.json"
	r := b.bareText(t, "list")
	assert.Equal(t, exitUsage, r.status)
	assert.Contains(t, r.stderr, "ewsq: EWSQ_CONFIG: ")
}
