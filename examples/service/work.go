package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// restoresAtOnce is how many mailboxes of one alert are restored at a time.
const restoresAtOnce = 8

// work does what alerts ask for. What must survive the process is in the store; the
// queue contains only ids.
type work struct {
	stop   <-chan struct{} // closed when nothing new may be started
	router *quarantine.Router
	alerts *store
	log    *slog.Logger
	ready  atomic.Bool

	mu    sync.Mutex // held to put into the queue
	limit int
	queue chan string
}

// Reasons for not accepting something.
var (
	errFull    = errors.New("too many alerts are waiting; try again later")
	errNotDone = errors.New("the alert is not done yet; try again later")
	errAsked   = errors.New("already requested")
)

// newWork returns the work with the alerts that an earlier run left open in its queue.
func newWork(stop <-chan struct{}, router *quarantine.Router, alerts *store, log *slog.Logger, limit int) (*work, error) {
	open, err := alerts.open()
	if err != nil {
		return nil, err
	}
	w := &work{stop: stop, router: router, alerts: alerts, log: log, limit: limit, queue: make(chan string, max(limit, len(open)))}
	for _, id := range open {
		w.queue <- id
	}
	return w, nil
}

func (w *work) isStopping() bool {
	select {
	case <-w.stop:
		return true
	default:
		return false
	}
}

func (w *work) isReady() bool { return w.ready.Load() && !w.isStopping() }

// left returns how many alerts are in the queue.
func (w *work) left() int { return len(w.queue) }

// accept stores a new alert and puts it into the queue, or returns the one that
// already has the id.
func (w *work) accept(o order) (alert, error) {
	a := alert{order: o, Action: actionQuarantine, State: stateQueued, Received: time.Now().UTC()}
	return w.enqueue(func() (alert, bool, error) { return w.alerts.create(a) })
}

// restore turns an alert that is done into one that waits to be restored.
func (w *work) restore(id string) (alert, error) {
	return w.enqueue(func() (alert, bool, error) {
		a, err := w.alerts.update(id, func(a *alert) error {
			switch {
			case a.State == stateDone:
				a.Action, a.State = actionRestore, stateQueued
				return nil
			case a.Action == actionRestore:
				return errAsked
			}
			return errNotDone
		})
		if errors.Is(err, errAsked) {
			return a, false, nil
		}
		return a, err == nil, err
	})
}

// enqueue puts the alert that keep has stored into the queue, if it is fresh. Nothing
// is stored if the queue has no room. Other callers wait meanwhile, which costs
// little: the store writes one alert after the other anyway.
func (w *work) enqueue(keep func() (a alert, fresh bool, err error)) (alert, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.isStopping() {
		return alert{}, errStopped
	}
	if len(w.queue) >= w.limit {
		return alert{}, errFull
	}
	a, fresh, err := keep()
	if err != nil || !fresh {
		return a, err
	}
	w.log.Info("alert accepted", "alert", a.ID, "action", a.Action, "mailboxes", len(a.Mailboxes))
	w.queue <- a.ID // has room: it is filled only under the lock
	return a, nil
}

// run finishes what an earlier run left open, then does what is in the queue until
// the work is stopped. It ends soon after ctx.
func (w *work) run(ctx context.Context, workers int) {
	w.recover(ctx)
	w.ready.Store(true)
	w.log.Info("ready", "alertsOpen", w.left())
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for !w.isStopping() {
				select {
				case id := <-w.queue:
					w.do(ctx, id)
				case <-w.stop:
				}
			}
		})
	}
	wg.Wait()
}

// recover settles what the journals record as started. What it cannot settle, for
// example because a server cannot be reached, is not lost: it stays in the journal,
// and its alert, which is still open, is run again.
func (w *work) recover(ctx context.Context) {
	for receipt, err := range w.router.Recover(ctx) {
		if err != nil {
			w.log.Error("recovery", "error", err)
			continue
		}
		w.note(receipt.Err(), "recovered", "server", receipt.Server, "mailbox", receipt.Target.Mailbox, "outcome", receipt.Outcome())
	}
}

// do does what one alert asks for. If it cannot complete, the alert stays open and
// the next start resumes it.
func (w *work) do(ctx context.Context, id string) {
	interrupted := false
	a, err := w.alerts.update(id, func(a *alert) error {
		interrupted = a.State == stateRunning // by an earlier process
		a.State = stateRunning
		return nil
	})
	if err == nil {
		a, err = w.alerts.get(id)
	}
	if err == nil && a.Action == actionRestore {
		err = w.putBack(ctx, &a)
	} else if err == nil {
		err = w.take(ctx, &a, interrupted)
	}
	if err == nil {
		_, err = w.alerts.update(id, func(a *alert) error { a.State = stateDone; return nil })
	}
	if err != nil {
		w.log.Warn("alert stays open until the next start", "alert", id, "action", a.Action, "error", err)
		return
	}
	w.log.Info("alert done", "alert", id, "action", a.Action)
}

// take quarantines the message in the mailboxes that have no good result yet.
func (w *work) take(ctx context.Context, a *alert, interrupted bool) error {
	var targets []quarantine.Target
	for _, m := range a.Mailboxes {
		if !a.settled(actionQuarantine, m) {
			targets = append(targets, a.target(m))
		}
	}
	for receipt, err := range w.router.QuarantineAll(ctx, slices.Values(targets)) {
		if receipt == nil {
			return err // the context has ended
		}
		if interrupted && err == nil {
			err = w.complete(ctx, receipt)
		}
		if err := w.keep(ctx, a.ID, actionQuarantine, receipt.Target.Mailbox, receipt, err); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// complete adds to a receipt what the previous process had already taken from the
// same mailbox. The SDK reports that only if it finds nothing to take, so it is asked
// once more.
func (w *work) complete(ctx context.Context, receipt *quarantine.Receipt) error {
	again, err := w.router.Quarantine(ctx, receipt.Target)
	if err != nil {
		return err
	}
	for _, it := range again.Items {
		known := func(k quarantine.ReceiptItem) bool { return k.Operation == it.Operation }
		if !slices.ContainsFunc(receipt.Items, known) {
			receipt.Items = append(receipt.Items, it)
		}
	}
	return nil
}

// putBack restores what the receipts of an alert say was taken.
func (w *work) putBack(ctx context.Context, a *alert) error {
	var group errgroup.Group
	group.SetLimit(restoresAtOnce)
	for _, r := range a.Results {
		if r.Receipt == nil || len(r.Receipt.Items) == 0 || a.settled(actionRestore, r.Mailbox) {
			continue
		}
		group.Go(func() error {
			receipt, err := w.router.Restore(ctx, r.Receipt)
			return w.keep(ctx, a.ID, actionRestore, r.Mailbox, receipt, err)
		})
	}
	return cmp.Or(group.Wait(), context.Cause(ctx))
}

// keep stores the result for one mailbox, unless it failed because the work was
// cancelled: then the next start tries again.
func (w *work) keep(ctx context.Context, id string, what action, mailbox string, receipt *quarantine.Receipt, err error) error {
	r := result{Mailbox: mailbox}
	if receipt != nil && (err == nil || len(receipt.Items) > 0) {
		r.Receipt, r.Outcome, err = receipt, receipt.Outcome(), errors.Join(err, receipt.Err())
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		r.Error = err.Error()
	}
	w.note(err, "mailbox done", "alert", id, "action", what, "mailbox", mailbox, "outcome", r.Outcome)
	return w.alerts.putResult(id, what, r)
}

// note logs what was done, as a warning if there is an error.
func (w *work) note(err error, what string, attrs ...any) {
	if err != nil {
		w.log.Warn(what, append(attrs, "error", err)...)
		return
	}
	w.log.Info(what, attrs...)
}
