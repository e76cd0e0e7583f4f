package main

import (
	"fmt"
	"sync"
	"time"
)

const (
	// redraw is how often the status on a terminal is updated, and look how often
	// progress checks elsewhere whether there is something to report.
	redraw = 250 * time.Millisecond
	look   = time.Second

	// busyNotice is how long a run waits for a busy server before it says so, if
	// there is no terminal.
	busyNotice = 5 * time.Second

	// silent is how long a run writes nothing before it reports its progress, if
	// there is no terminal.
	silent = 30 * time.Second
)

// progress shows how far a run has got: on a terminal in a line that is updated in
// place, elsewhere in an occasional line. Its methods may be called concurrently.
type progress struct {
	s     *session
	what  string // what is being done; empty for the targets themselves
	total int    // negative if not known
	atOne int    // how many can be in progress at a time

	mu            sync.Mutex
	taken, done   int
	failed        int
	began, spoken time.Time
	busy          wait
	busySince     time.Time
	told          bool // busy was reported

	stop chan struct{}
	end  sync.WaitGroup
}

// follow shows the progress of total items until it is ended.
func (s *session) follow(what string, total, atOnce int) *progress {
	now := time.Now()
	p := &progress{s: s, what: what, total: total, atOne: atOnce, began: now, spoken: now, stop: make(chan struct{})}
	if s.json || total == 0 {
		return p
	}
	every := look
	if s.screen.IsTerminal() {
		every = redraw
	}
	s.screen.Status(p.status(now))
	p.end.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-p.stop:
				s.screen.Status("")
				return
			case now := <-tick.C:
				p.show(now)
			}
		}
	})
	return p
}

// ended removes the status.
func (p *progress) ended() {
	close(p.stop)
	p.end.Wait()
}

// begin counts an item that is started.
func (p *progress) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken++
}

// finish counts an item that is done and whose line was written.
func (p *progress) finish(ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	if !ok {
		p.failed++
	}
	p.spoken = time.Now()
}

func (p *progress) show(now time.Time) {
	var found wait
	if p.s.patience != nil {
		found = p.s.patience.waiting(now)
	}
	p.mu.Lock()
	p.wait(now, found)
	status, line := p.status(now), ""
	switch {
	case p.s.screen.IsTerminal():
	case !found.until.IsZero() && !p.told && now.Sub(p.busySince) >= busyNotice:
		p.told = true
		line = fmt.Sprintf("%s is busy and asked for a pause; the run continues at %s, in %v",
			serverName(found.server), found.until.Local().Format(time.TimeOnly), brief(found.until.Sub(now)))
	case now.Sub(p.spoken) >= silent:
		line = status
	}
	if line != "" {
		p.spoken = now
	}
	p.mu.Unlock()
	p.s.screen.Status(status)
	if line != "" {
		p.s.say("%s", line)
	}
}

// wait records what the run is waiting for. A pause that is only slightly prolonged
// is not worth another line.
func (p *progress) wait(now time.Time, found wait) {
	if found.until.IsZero() || p.busy.until.IsZero() {
		p.busySince, p.told = now, false
	}
	if found.server != p.busy.server || found.until.Sub(p.busy.until) > busyNotice {
		p.told = false
	}
	p.busy = found
}

// status reports how far the run has got.
func (p *progress) status(now time.Time) string {
	if p.total < 0 {
		so := p.what
		if p.done > 0 {
			so = fmt.Sprintf("%s: %d so far", p.what, p.done)
		}
		return fmt.Sprintf("%s, %v", so, brief(now.Sub(p.began))) + p.pause(now)
	}
	text := fmt.Sprintf("%d of %d done, %d in progress, %d failed, %v", p.done, p.total, min(p.taken-p.done, p.atOne), p.failed, brief(now.Sub(p.began)))
	if p.what != "" {
		text = p.what + ": " + text
	}
	return text + p.pause(now)
}

// pause reports what the run is waiting for, if anything.
func (p *progress) pause(now time.Time) string {
	if p.busy.until.IsZero() {
		return ""
	}
	return fmt.Sprintf("; waiting for %s, which is busy, for another %v", serverName(p.busy.server), brief(p.busy.until.Sub(now)))
}

func serverName(name string) string {
	if name == "" {
		return "the server"
	}
	return fmt.Sprintf("server %q", name)
}

// brief returns a duration in whole seconds.
func brief(d time.Duration) time.Duration { return max(d, 0).Round(time.Second) }
