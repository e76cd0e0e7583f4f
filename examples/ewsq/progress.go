package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/examples/internal/terminal"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
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

	// tick is how often a run reports its progress on request, and settled how long it runs
	// before it says how long it will take.
	tick    = 10 * time.Second
	settled = 5 * time.Second
)

// progress shows how far a run has got: on a terminal in a line that is updated in
// place, elsewhere in an occasional line. Its methods may be called concurrently.
type progress struct {
	s     *session
	what  string                     // what is being done; empty for the targets themselves
	total int                        // negative if not known
	atOne int                        // how many can be in progress at a time
	sdk   func() quarantine.Progress // nil: not known

	mu            sync.Mutex
	taken, done   int
	failed        int
	left          int // not begun, and never will be
	began, spoken time.Time
	ticked        time.Time // when progress was last reported on request
	busy          wait
	busySince     time.Time
	told          bool // busy was reported
	drawn         bool // there is a status on the terminal

	stop chan struct{}
	end  sync.WaitGroup
}

// follow shows the progress of total items until ended is called.
func (s *session) follow(what string, total, atOnce int) *progress {
	return s.start(&progress{s: s, what: what, total: total, atOne: atOnce})
}

// followRun shows the progress of total targets, with what the SDK knows about it.
func (s *session) followRun(total, atOnce int, sdk func() quarantine.Progress) *progress {
	return s.start(&progress{s: s, total: total, atOne: atOnce, sdk: sdk})
}

func (s *session) start(p *progress) *progress {
	now := time.Now()
	p.began, p.spoken, p.ticked, p.stop = now, now, now, make(chan struct{})
	if s.json && !(s.often && p.sdk != nil) || s.quiet && !s.json || p.total == 0 {
		return p
	}
	every := look
	if s.screen.IsTerminal() {
		every = redraw
	}
	if !s.json {
		p.drawn = true
		s.screen.Status(p.status(now))
	}
	p.end.Go(func() {
		next := time.NewTicker(every)
		defer next.Stop()
		for {
			select {
			case <-p.stop:
				s.screen.Status("")
				return
			case now := <-next.C:
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
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drawn = false
}

// begin counts an item that is started.
func (p *progress) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken++
	p.draw()
}

// finish counts an item that is done and whose line is about to be written, so that the
// status below that line already includes it.
func (p *progress) finish(ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	if !ok {
		p.failed++
	}
	p.spoken = time.Now()
	p.draw()
}

// leave counts an item that was not begun, and whose line is about to be written.
func (p *progress) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left++
	p.spoken = time.Now()
	p.draw()
}

// draw shows what has just been counted.
func (p *progress) draw() {
	if p.drawn {
		p.s.screen.Status(p.status(time.Now()))
	}
}

func (p *progress) show(now time.Time) {
	if p.s.json {
		p.report(now)
		return
	}
	var found wait
	if p.s.patience != nil {
		found = p.s.patience.waiting(now)
	}
	p.mu.Lock()
	p.wait(now, found)
	status, line := p.status(now), ""
	switch {
	case p.s.often && now.Sub(p.ticked) >= tick:
		p.ticked, line = now, status
	case p.s.screen.IsTerminal():
	case !found.until.IsZero() && !p.told && now.Sub(p.busySince) >= busyNotice:
		p.told = true
		line = fmt.Sprintf("%s is busy and asked for a pause; the run continues at %s, in %v",
			serverName(found.server), found.until.UTC().Format("15:04:05Z"), brief(found.until.Sub(now)))
	case now.Sub(p.spoken) >= silent:
		line = status
	}
	if line != "" {
		p.spoken = now
	}
	p.s.screen.Status(status) // in the same order as those of draw
	p.mu.Unlock()
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

// status returns how far the run has got.
func (p *progress) status(now time.Time) string {
	if p.total < 0 {
		so := p.what
		if p.done > 0 {
			so = fmt.Sprintf("%s: %d so far", p.what, p.done)
		}
		return fmt.Sprintf("%s, %v", so, brief(now.Sub(p.began))) + p.pause(now)
	}
	what := ""
	if p.what != "" {
		what = p.what + ": "
	}
	counts := fmt.Sprintf("%d of %d done, ", p.done, p.total)
	failed := fmt.Sprintf("%d failed", p.failed)
	if p.left > 0 {
		failed += fmt.Sprintf(", %d not begun", p.left)
	}
	inProgress := fmt.Sprintf("%d in progress, ", max(0, min(p.taken-p.done-p.left, p.atOne)))
	took := fmt.Sprintf(", %v", brief(now.Sub(p.began)))
	return p.fitting(
		what+counts+inProgress+failed+took+p.forecast(now)+p.pause(now),
		what+counts+inProgress+failed+took+p.pause(now),
		counts+failed+p.briefPause(now),
	)
}

// fitting returns the first text that fits the terminal, or else the last one, whose end
// matters least.
func (p *progress) fitting(texts ...string) string {
	for _, text := range texts[:len(texts)-1] {
		if p.s.columns == nil || len(text) < p.s.columns() {
			return text
		}
	}
	return texts[len(texts)-1]
}

// briefPause is like pause, with the time first.
func (p *progress) briefPause(now time.Time) string {
	if p.busy.until.IsZero() {
		if d := p.idle(now); d > 0 {
			return fmt.Sprintf("; no request for %v, perhaps searchLag", brief(d))
		}
		return ""
	}
	return fmt.Sprintf("; waiting %v for %s", brief(p.busy.until.Sub(now)), serverName(p.busy.server))
}

// forecast returns what the SDK knows about the speed of the run, once it can tell.
func (p *progress) forecast(now time.Time) string {
	if p.sdk == nil || now.Sub(p.began) < settled {
		return ""
	}
	so := p.sdk()
	text := ""
	if so.Rate > 0 && so.Left > 0 {
		text = fmt.Sprintf(", %.1f a second, about %v left", so.Rate, brief(so.Remaining))
	}
	if so.Throttled >= time.Second {
		text += fmt.Sprintf(", %v spent waiting for the server", brief(so.Throttled))
	}
	return text
}

// report writes the requested progress, if it is time.
func (p *progress) report(now time.Time) {
	if now.Sub(p.ticked) < tick {
		return
	}
	p.ticked = now
	line, err := terminal.JSONLine(struct {
		Progress quarantine.Progress `json:"progress"`
	}{p.sdk()})
	if err == nil {
		_, _ = p.s.stderr.Write(line)
	}
}

// pause returns what the run is waiting for, if anything.
func (p *progress) pause(now time.Time) string {
	if p.busy.until.IsZero() {
		if d := p.idle(now); d > 0 {
			return fmt.Sprintf("; no request for %v: it may be waiting for searchLag, or to try again", brief(d))
		}
		return ""
	}
	return fmt.Sprintf("; waiting for %s, which is busy, for another %v", serverName(p.busy.server), brief(p.busy.until.Sub(now)))
}

// idle returns how long a run that is in progress has made no request to a server, if that is
// worth mentioning.
func (p *progress) idle(now time.Time) time.Duration {
	if d := p.s.idle.since(now); d >= busyNotice && (p.total < 0 || p.taken > p.done+p.left) {
		return d
	}
	return 0
}

func serverName(name string) string {
	if name == "" {
		return "the server"
	}
	return fmt.Sprintf("server %q", name)
}

// brief returns a duration in whole seconds.
func brief(d time.Duration) time.Duration { return max(d, 0).Round(time.Second) }
