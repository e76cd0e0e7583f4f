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
	later []string // alerts that are undecided
}

// Reasons for not accepting something.
var (
	errFull    = errors.New("too many alerts are waiting; try again later")
	errNotDone = errors.New("the alert is not done yet; try again later")
	errAsked   = errors.New("already requested")
	// errUndecided: it is not known yet where a message is. Trying at once would not
	// help, since a request may still take effect.
	errUndecided = errors.New("the outcome is not known yet")
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
// the work is stopped, and every so often what is undecided. It ends soon after ctx.
func (w *work) run(ctx context.Context, workers int, settle time.Duration) {
	w.recover(ctx)
	w.ready.Store(true)
	w.log.Info("ready", "alertsOpen", w.left())
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(settle)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				w.settle(ctx)
			case <-w.stop:
				return
			}
		}
	})
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

// settle recovers what the journals have open, and then runs the alerts that are
// undecided again. One that finds no room in the queue waits for the next time.
func (w *work) settle(ctx context.Context) {
	w.mu.Lock()
	ids := w.later
	w.later = nil
	w.mu.Unlock()
	if len(ids) == 0 {
		return
	}
	w.recover(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		if len(w.queue) < cap(w.queue) {
			w.queue <- id
		} else {
			w.later = append(w.later, id)
		}
	}
}

// postpone leaves an alert for later, when it can be settled.
func (w *work) postpone(id string) error {
	_, err := w.alerts.update(id, func(a *alert) error { a.State = stateUndecided; return nil })
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.later = append(w.later, id)
	return nil
}

// do does what one alert asks for. If it cannot complete, the alert stays open: what
// is undecided is settled later, and the next start resumes everything else.
func (w *work) do(ctx context.Context, id string) {
	interrupted := false
	a, err := w.alerts.update(id, func(a *alert) error {
		interrupted = a.State == stateRunning || a.State == stateUndecided // by an earlier process, or left
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
	if errors.Is(err, errUndecided) {
		if err = w.postpone(id); err == nil {
			w.log.Warn("alert is undecided, and is settled later", "alert", id, "action", a.Action)
			return
		}
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
	undecided := false
	for receipt, err := range w.router.QuarantineAll(ctx, slices.Values(targets)) {
		if receipt == nil {
			return err // the context has ended
		}
		if err == nil && isUndecided(receipt) {
			undecided = true
		} else if interrupted && err == nil {
			err = w.complete(ctx, receipt)
		}
		if err := w.keep(ctx, a.ID, actionQuarantine, receipt.Target.Mailbox, receipt, err); err != nil {
			return err
		}
	}
	return ended(ctx, undecided)
}

// isUndecided reports whether it is not known yet where some copy is.
func isUndecided(r *quarantine.Receipt) bool {
	return slices.ContainsFunc(r.Items, func(it quarantine.ReceiptItem) bool { return it.Outcome == quarantine.Undecided })
}

// ended returns why an action is not done, nil if it is.
func ended(ctx context.Context, undecided bool) error {
	if err := context.Cause(ctx); err != nil || !undecided {
		return err
	}
	return errUndecided
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
	var undecided atomic.Bool
	var group errgroup.Group
	group.SetLimit(restoresAtOnce)
	for _, r := range a.Results {
		if r.Receipt == nil || len(r.Receipt.Items) == 0 || a.settled(actionRestore, r.Mailbox) {
			continue
		}
		group.Go(func() error {
			receipt, err := w.router.Restore(ctx, r.Receipt)
			if err == nil && isUndecided(receipt) {
				undecided.Store(true)
			}
			return w.keep(ctx, a.ID, actionRestore, r.Mailbox, receipt, err)
		})
	}
	return cmp.Or(group.Wait(), ended(ctx, undecided.Load()))
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
