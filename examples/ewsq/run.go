package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// plan is what a run has to do: its targets, and results for addresses that cannot
// be targets.
type plan struct {
	targets *targets
	origins map[targetKey]origin // of targets that were not named
	asides  []result
	// failNotFound makes it a failure if a message was not found.
	failNotFound bool
	// readOnly means that nothing is changed, so nothing needs to be followed up.
	readOnly bool
	// complete asks for a report of what was searched.
	complete bool
	// progress returns how far the SDK has got; nil: not known.
	progress func() quarantine.Progress
}

// how processes targets, as [quarantine.Router.FindAll] does.
type how func(context.Context, iter.Seq[quarantine.Target]) iter.Seq2[*quarantine.Receipt, error]

// runAll runs a plan, writes each result as soon as it is known, and sums up at the end. The
// error is errSome if a result was not ok.
func (s *session) runAll(ctx context.Context, p plan, atOnce int, do how) error {
	run := &run{session: s, plan: p, report: newReport(), open: make(map[targetKey]int32, p.targets.len())}
	for t := range p.targets.all() {
		run.open[keyOf(t)]++
	}
	for _, r := range p.asides {
		run.put(r)
	}
	defer s.tellInterrupt(ctx)()
	ctx, run.stop = context.WithCancel(ctx)
	defer run.stop()
	run.shown = s.followRun(p.targets.len(), atOnce, p.progress)
	for receipt, err := range do(ctx, run.feed()) {
		if receipt != nil {
			run.take(receipt, err)
		} // otherwise not all were started, which is handled below
	}
	for t := range p.targets.all() {
		if run.open[keyOf(t)] > 0 {
			run.take(&quarantine.Receipt{Target: t}, errNotBegun)
		}
	}
	run.shown.ended()
	return run.end()
}

// tellInterrupt tells the user what happens if the context ends before the returned function
// is called.
func (s *session) tellInterrupt(ctx context.Context) (done func()) {
	told := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(told)
		s.say("interrupted: nothing new is started, and work in progress is being stopped; interrupt again to end immediately")
	})
	return func() {
		if !stop() {
			<-told
		}
	}
}

// run is a plan in progress. Its results come one at a time.
type run struct {
	*session
	plan
	report *report
	shown  *progress
	open   map[targetKey]int32 // how many results are still missing for each

	broken atomic.Bool        // results cannot be written, so nothing more is started
	err    error              // why
	stop   context.CancelFunc // abandons targets that have been read ahead
	same   repeats
	unsaid map[quarantine.Outcome]int // results without a line, by outcome
}

// feed yields the targets as they are started.
func (r *run) feed() iter.Seq[quarantine.Target] {
	return func(yield func(quarantine.Target) bool) {
		for t := range r.targets.all() {
			if r.broken.Load() {
				return
			}
			r.shown.begin()
			if !yield(t) {
				return
			}
		}
	}
}

// take writes the result for a target.
func (r *run) take(receipt *quarantine.Receipt, err error) {
	key := keyOf(receipt.Target)
	r.open[key]--
	line := resultOf(receipt, err)
	line.origin = r.origins[key]
	if !r.several() {
		line.Server = r.selected[0].Name
		if line.Strategy == "" {
			line.Strategy = string(r.selected[0].WithDefaults().Access)
		}
	}
	if line.Outcome == quarantine.NotBegun {
		r.shown.leave()
	} else {
		r.shown.finish(line.ok())
	}
	r.put(line)
}

func (r *run) put(line result) {
	line.single = !r.several()
	r.report.add(line)
	if r.err == nil {
		var text []string
		if !r.same.again(line) {
			text = line.lines()
		}
		if r.err = r.write(line, text...); r.err == nil {
			return
		}
		// The SDK has read ahead: messages that it has not begun must stay where they are.
		r.broken.Store(true)
		r.stop()
	}
	if r.unsaid == nil {
		r.unsaid = make(map[quarantine.Outcome]int)
	}
	r.unsaid[line.Outcome]++
}

// lost returns an error that says what became of the targets whose lines could not be
// written.
func (r *run) lost() error {
	n := 0
	for _, some := range r.unsaid {
		n += some
	}
	next := "run the same command again for what was not begun"
	switch {
	case r.readOnly && errors.Is(r.err, syscall.EPIPE):
		next = "nothing was changed: run the same command again with a reader that takes all lines"
	case r.readOnly:
		next = "nothing was changed: make room, or write elsewhere, and run the same command again"
	case r.unsaid[quarantine.NotBegun] < n:
		next = "ewsq list shows what is in quarantine, ewsq recover (or the same command again) settles what was in progress; " + next
	}
	return fmt.Errorf("%w\n%d of %s no line: %s; %s", r.err, n, count2(r.report.targets, "target has", "targets have"), outcomes(r.unsaid), next)
}

// end sums up.
func (r *run) end() error {
	for _, line := range r.same.lines() {
		r.tell(line)
	}
	if r.report.targets > 1 {
		r.say("%s", r.report.sum())
	}
	if r.complete {
		for _, line := range r.report.completeness() {
			r.say("%s", line)
		}
	}
	if r.progress != nil {
		if n := r.progress().Kept; n > 0 {
			r.say("%d of the targets %s finished by earlier runs of this campaign: what they report was true then, and is not looked at again; to take what has come since or was restored, give another name to -campaign",
				n, map[bool]string{true: "was", false: "were"}[n == 1])
		}
	}
	switch {
	case r.err != nil:
		return r.lost()
	case r.report.failed > 0, r.failNotFound && r.report.outcomes[quarantine.NotFound] > 0:
		return errSome
	}
	return nil
}

// pool processes several targets concurrently, like the methods of a router whose names end
// in All.
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

// inParallel yields the results of do for the inputs, in the order in which they complete.
// Once the context ends, or the loop is left, no more are started.
func inParallel[T, R any](ctx context.Context, workers int, inputs iter.Seq[T], do func(T) R) iter.Seq[R] {
	return func(yield func(R) bool) {
		ctx, cancel := context.WithCancel(ctx)
		results := make(chan R)
		defer func() {
			cancel()
			for range results { // let those in progress finish
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
