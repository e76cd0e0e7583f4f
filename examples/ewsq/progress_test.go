package main

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/examples/internal/terminal"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// slate keeps what is written to it, from any goroutine.
type slate struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *slate) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

// wipe returns what was written since the last call.
func (s *slate) wipe() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.text.Reset()
	return s.text.String()
}

func sessionOn(out *slate, columns func() int) *session {
	screen := terminal.NewScreen(out, columns)
	return &session{program: &program{stderr: screen, screen: screen}, patience: newPatience(0)}
}

// busy makes a server ask for a pause and a caller wait for it. The returned function waits
// until the pause has ended.
func busy(t *testing.T, s *session, pause time.Duration) (rested func()) {
	t.Helper()
	l := s.patience.limiter(&exchange.Config{Name: "Lab", EWSURL: "https://lab.example.test/EWS/Exchange.asmx"})
	release, err := l.Acquire(t.Context(), "svc")
	require.NoError(t, err)
	release(true, pause)
	var wg sync.WaitGroup
	wg.Go(func() {
		release, err := l.Acquire(t.Context(), "svc")
		if err == nil {
			release(false, 0)
		}
	})
	return wg.Wait
}

func TestProgressOnATerminal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := &slate{}
		s := sessionOn(out, func() int { return 200 })
		p := s.follow("", 3, 2)
		p.begin()
		p.begin()
		p.begin() // accepted, although only two are in progress
		time.Sleep(2*time.Second + time.Millisecond)
		assert.Contains(t, out.wipe(), "\r0 of 3 done, 2 in progress, 0 failed, 2s")
		p.finish(true)
		p.finish(false)
		rested := busy(t, s, time.Minute)
		time.Sleep(10 * time.Second)
		shown := out.wipe()
		assert.Contains(t, shown, `2 of 3 done, 1 in progress, 1 failed, 12s; waiting for server "Lab", which is busy, for another 50s`)
		assert.NotContains(t, shown, "\n", "no separate line is needed")
		rested()
		time.Sleep(time.Second)
		last := out.wipe()
		assert.NotContains(t, last[strings.LastIndex(last, "\r2 of 3"):], "busy")
		p.ended()
		assert.Regexp(t, `\r +\r$`, out.wipe(), "nothing is left behind")
	})
}

func TestProgressElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := &slate{}
		s := sessionOn(out, nil)
		p := s.follow("", 3, 8)
		p.begin()
		time.Sleep(3 * time.Second)
		rested := busy(t, s, 2*time.Minute)
		time.Sleep(busyNotice - time.Second)
		assert.Empty(t, out.wipe(), "a short pause is not worth a line")
		time.Sleep(3 * time.Second)
		assert.Regexp(t, `^server "Lab" is busy and asked for a pause; the run continues at \d\d:\d\d:\d\dZ, in 1m5[45]s\n$`, out.wipe())
		time.Sleep(20 * time.Second)
		assert.Empty(t, out.wipe(), "it is reported once")
		time.Sleep(silent)
		assert.Regexp(t, `^0 of 3 done, 1 in progress, 0 failed, .*; waiting for server "Lab"`, out.wipe(), "a long silence is broken")
		rested()
		p.finish(true)
		p.ended()
		assert.NotContains(t, out.wipe(), "\r")
	})
}

func TestProgressIsNotForPrograms(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := &slate{}
		s := sessionOn(out, func() int { return 80 })
		s.json = true
		p := s.follow("", 3, 8)
		rested := busy(t, s, time.Minute)
		time.Sleep(50 * time.Second)
		rested()
		p.ended()
		assert.Empty(t, out.wipe())
	})
}

// TestRunOnATerminal waits for a busy server, shows that, and removes it from the terminal
// again.
func TestRunOnATerminal(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.columns = func() int { return 160 }
	b.srv.FailNext(ews.OpFindItem, ewstest.Busy.BackOff(700*time.Millisecond))
	r := b.run(t, "quarantine", "-group", "all-staff@example.test", "-message-id", phishing)
	require.Equal(t, exitDone, r.status, r.stderr)
	assert.Contains(t, r.stderr, `waiting for server "Lab", which is busy`)
	assert.Contains(t, r.stderr, "\r0 of 3 done, ")
	assert.NotContains(t, r.stderr, "\x1b", "the terminal needs to understand nothing but a carriage return")
	assert.Len(t, r.lines, 3)
	end := r.stderr[strings.LastIndex(r.stderr, "\r")+1:]
	assert.True(t, strings.HasPrefix(end, "3 targets: 3 quarantined\n"), "%q", end)
}
