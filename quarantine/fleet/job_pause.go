package fleet

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Why a job stops before its targets are done. None of these is a failure.
var (
	errSlice  = errors.New("the time of the job is over; another goes on")
	errParked = errors.New("the server asks for a pause")
)

// pause ends a job early when a server asks to be left alone.
type pause struct {
	workers *Workers
	stop    context.CancelCauseFunc
	end     func()

	began time.Time

	mu sync.Mutex
	to time.Time
}

// patient returns the context for the work of a job: it ends with the job's slice of time,
// or soon after a server has asked for a longer pause than the job should wait.
func (w *Workers) patient(ctx context.Context) (context.Context, *pause) {
	sliced, cancelSlice := context.WithTimeoutCause(ctx, w.slice(), errSlice)
	run, stop := context.WithCancelCause(sliced)
	p := &pause{workers: w, began: time.Now(), stop: stop, end: func() { stop(nil); cancelSlice() }}
	return driver.Watched(run, p.spent), p
}

// spent is called for each request. After a server has asked for a long pause, work in
// progress has a moment to end; given longer, it would only wait.
func (p *pause) spent(s driver.Spending) {
	if s.BackOff <= p.workers.opts.MaxPause {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	first := p.to.IsZero()
	if to := time.Now().Add(s.BackOff); to.After(p.to) {
		p.to = to
	}
	if first {
		time.AfterFunc(p.workers.opts.MaxPause, func() { p.stop(fmt.Errorf("%w: %v", errParked, s.BackOff)) })
	}
}

// left returns how long the pause lasts from now, 0 if nothing is paused.
func (p *pause) left() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(0, time.Until(p.to))
}

// until yields values as long as no pause was asked for and the job has time.
func until[T any](p *pause, all []T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, one := range all {
			if p.left() > 0 || time.Since(p.began) > p.workers.opts.TakeOverAfter/3 || !yield(one) {
				return
			}
		}
	}
}
