package fleet

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// errPanicked is the error of a target at which a driver or a hook panicked: whatever it
// had begun may have been done.
var errPanicked = errors.New("fleet: a driver or a hook panicked, so it is not known what was done: see the log of the workers; when the fault is mended, run the target again in another campaign, or restore it")

// survive calls do, and reports whether it panicked, which it logs. The value of the panic
// may contain anything, so only its type is logged.
func survive(ctx context.Context, log *slog.Logger, do func(), about ...any) (panicked bool) {
	defer func() {
		if v := recover(); v != nil {
			panicked = true
			p := driver.NewPanic(v)
			log.ErrorContext(ctx, "panic in a job", append(about, "type", fmt.Sprintf("%T", p.Value), "stack", string(p.Stack))...)
		}
	}()
	do()
	return false
}

// someOf is a method of a router for many targets: QuarantineAll or RestoreAll.
type someOf[T any] func(context.Context, iter.Seq[T]) iter.Seq2[*quarantine.Receipt, error]

// surviving reports what a router does for each of many. A panic at one of them ends the
// call for all; the rest are then done one by one, so a further panic ends only the one
// that caused it, which is reported.
func surviving[T any](ctx context.Context, w *Workers, p *pause, all []T, targetOf func(T) quarantine.Target, do someOf[T], tell func(*quarantine.Receipt, error)) {
	told := make(map[string]bool, len(all))
	telling := func(some iter.Seq[T]) func() {
		return func() {
			for r, err := range do(ctx, some) {
				if r != nil {
					told[r.Target.Key()] = true
				}
				tell(r, err)
			}
		}
	}
	if !survive(ctx, w.opts.Logger, telling(until(p, all)), "targets", len(all)) {
		return
	}
	for one := range until(p, all) {
		t := targetOf(one)
		if told[t.Key()] || ctx.Err() != nil {
			continue
		}
		if survive(ctx, w.opts.Logger, telling(slices.Values([]T{one})), "reference", t.Reference, "mailbox", t.Mailbox) {
			tell(&quarantine.Receipt{Target: t}, errPanicked)
		}
	}
}
