package main

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// plan is what is to be done: targets, and what there is to say of those that
// are none.
type plan struct {
	targets []quarantine.Target
	origins map[quarantine.Target]origin // of those that were not named
	asides  []result
	// complete says that a report tells what was searched.
	complete bool
}

// how does something to each of some targets, as [quarantine.Router.FindAll]
// does.
type how func(context.Context, iter.Seq[quarantine.Target]) iter.Seq2[*quarantine.Receipt, error]

// runAll runs a plan, writes each result when it is there, and sums up at the
// end. The error is errSome if one was not ok.
func (s *session) runAll(ctx context.Context, p plan, atOnce int, do how) error {
	run := &run{session: s, plan: p, report: newReport(), open: make(map[quarantine.Target]int)}
	for _, t := range p.targets {
		run.open[t]++
	}
	for _, r := range p.asides {
		run.put(r)
	}
	defer s.tellInterrupt(ctx)()
	run.progress = s.follow("", len(p.targets), atOnce)
	for receipt, err := range do(ctx, run.feed()) {
		if receipt != nil {
			run.take(receipt, err)
		} // else it says that not all were begun, which shows below
	}
	for _, t := range p.targets {
		if run.open[t] > 0 {
			run.take(&quarantine.Receipt{Target: t}, errNotBegun)
		}
	}
	run.progress.ended()
	return run.end()
}

// tellInterrupt says what goes on when the context ends, until the function that
// it returns is called.
func (s *session) tellInterrupt(ctx context.Context) (done func()) {
	told := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(told)
		s.say("interrupted: nothing new is begun, and what is in work breaks off; once more to end at once")
	})
	return func() {
		if !stop() {
			<-told
		}
	}
}

// run is a plan that is being run. Its results come one at a time.
type run struct {
	*session
	plan
	report   *report
	progress *progress
	open     map[quarantine.Target]int // how often each has no result yet

	broken atomic.Bool // results cannot be written, so that nothing more is begun
	err    error       // because of which
}

// feed yields the targets as they are begun.
func (r *run) feed() iter.Seq[quarantine.Target] {
	return func(yield func(quarantine.Target) bool) {
		for _, t := range r.targets {
			if r.broken.Load() {
				return
			}
			r.progress.begin()
			if !yield(t) {
				return
			}
		}
	}
}

// take writes what became of a target.
func (r *run) take(receipt *quarantine.Receipt, err error) {
	r.open[receipt.Target]--
	line := resultOf(receipt, err)
	line.origin = r.origins[receipt.Target]
	if !r.several() {
		line.Server = r.selected[0].Name
		if line.Strategy == "" {
			line.Strategy = string(r.selected[0].WithDefaults().Access)
		}
	}
	r.progress.finish(line.ok())
	r.put(line)
}

func (r *run) put(line result) {
	line.single = !r.several()
	r.report.add(line)
	if err := r.write(line, line.lines()...); err != nil && r.err == nil {
		r.err = err
		r.broken.Store(true)
	}
}

// end sums up.
func (r *run) end() error {
	if r.report.targets > 1 {
		r.say("%s", r.report.sum())
	}
	if r.complete {
		for _, line := range r.report.completeness() {
			r.say("%s", line)
		}
	}
	switch {
	case r.err != nil:
		return r.err
	case r.report.failed > 0:
		return errSome
	}
	return nil
}

// pool does something to each of some targets, several at once, as the methods
// of a router do that have All in their name.
func pool(workers int, do func(context.Context, quarantine.Target) (*quarantine.Receipt, error)) how {
	return func(ctx context.Context, targets iter.Seq[quarantine.Target]) iter.Seq2[*quarantine.Receipt, error] {
		return func(yield func(*quarantine.Receipt, error) bool) {
			type done struct {
				receipt *quarantine.Receipt
				err     error
			}
			for r := range inParallel(ctx, workers, targets, func(t quarantine.Target) done {
				receipt, err := do(ctx, t)
				if err != nil {
					receipt = &quarantine.Receipt{Target: t}
				}
				return done{receipt, err}
			}) {
				if !yield(r.receipt, r.err) {
					return
				}
			}
		}
	}
}

// inParallel yields what do returns for each input, in the order in which they
// are done. When the context ends, or the loop is left, no further one is begun.
func inParallel[T, R any](ctx context.Context, workers int, inputs iter.Seq[T], do func(T) R) iter.Seq[R] {
	return func(yield func(R) bool) {
		ctx, cancel := context.WithCancel(ctx)
		results := make(chan R)
		defer func() {
			cancel()
			for range results { // those in work come to their end
			}
		}()
		go func() {
			defer close(results)
			places := make(chan struct{}, workers)
			var wg sync.WaitGroup
			defer wg.Wait()
			for in := range inputs {
				select {
				case places <- struct{}{}:
				case <-ctx.Done():
				}
				if ctx.Err() != nil {
					return
				}
				wg.Go(func() {
					defer func() { <-places }()
					results <- do(in)
				})
			}
		}()
		for r := range results {
			if !yield(r) {
				return
			}
		}
	}
}
