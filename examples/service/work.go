package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/sealedfile"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/boltjournal"
)

// work carries out alerts. State that must survive the process is in the store; the queue and
// the lanes contain the open alerts.
type work struct {
	stop    <-chan struct{} // closed when nothing new may be started
	router  *quarantine.Router
	alerts  *store
	log     *slog.Logger
	timeout time.Duration // for one mailbox
	late    time.Duration // how long alerts may wait for a worker
	ready   atomic.Bool
	running atomic.Int64          // workers that are busy
	disks   []string              // directories that must have room
	broken  atomic.Pointer[error] // why a journal is no longer used

	queue *queue
	lanes *lanes

	mu    sync.Mutex // held to accept
	limit int
	later []string // alerts that are undecided, or could not be recorded
}

// Reasons for not accepting something.
var (
	errFull    = errors.New("too many alerts are waiting; try again later")
	errNotDone = errors.New("the alert is not done yet; try again later")
	errAsked   = errors.New("already requested")
	// errUndecided: it is not yet known where a message is. Retrying immediately would not
	// help, since a request may still take effect.
	errUndecided = errors.New("the outcome is not known yet")
	// errParked: others are working on all the remaining mailboxes.
	errParked = errors.New("others are working on the mailboxes")
)

// newWork returns the work with the alerts that an earlier run left open in its queue.
func newWork(stop <-chan struct{}, router *quarantine.Router, alerts *store, log *slog.Logger, s settings) (*work, error) {
	open, err := alerts.open()
	if err != nil {
		return nil, err
	}
	w := &work{stop: stop, router: router, alerts: alerts, log: log, timeout: s.timeout, late: s.late, limit: s.queue, disks: s.disks, queue: newQueue(), lanes: newLanes()}
	for _, id := range open {
		w.queue.put(newJob(id))
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

// readiness is the body of /readyz.
type readiness struct {
	Status  string `json:"status"`
	Queued  int    `json:"queued"`  // alerts waiting for a worker
	Waiting int    `json:"waiting"` // alerts waiting for a mailbox that is being worked on for others
	Running int64  `json:"running"` // workers that are busy
}

// health returns the state of the work; unready is why no alerts should be sent now, or "".
func (w *work) health() (r readiness, unready string) {
	queued, oldest := w.queue.state()
	r = readiness{Status: "ready", Queued: queued, Waiting: w.lanes.count(), Running: w.running.Load()}
	storage := w.storage()
	switch {
	case w.isStopping():
		unready = "the service is stopping"
	case storage != "":
		unready = storage
	case !w.ready.Load():
		unready = "the service is finishing what an earlier run left open"
	case r.Queued+r.Waiting >= w.limit:
		unready = errFull.Error()
	case oldest > w.late:
		unready = fmt.Sprintf("an alert has waited for a worker for more than %v; %d of them are busy", w.late, r.Running)
	}
	return r, unready
}

// sick returns why the process has to be restarted, or nil if it does not: a file could not be
// written, and is no longer used.
func (w *work) sick() error {
	if err := w.broken.Load(); err != nil {
		return *err
	}
	return w.alerts.file.Broken()
}

// storage returns why work could not be recorded now, or "" if it could. Errors name paths, so
// they are for the log.
func (w *work) storage() string {
	if w.sick() != nil {
		return "a file of the service could not be written and is not used any more: see its log, and start it again, which checks the file"
	}
	for _, dir := range w.disks {
		if short := shortOf(dir, leastRoom); short != "" {
			w.log.Warn("not ready", "error", short)
			return "the disk of the alerts or of a journal is full or can only be read: see the log of the service"
		}
	}
	if err := w.alerts.ready(); err != nil {
		w.log.Warn("not ready", "error", err)
		return "an alert cannot be stored: see the log of the service"
	}
	return ""
}

// left returns how many alerts are waiting.
func (w *work) left() int {
	queued, _ := w.queue.state()
	return queued + w.lanes.count()
}

// accept stores a new alert and puts it into the queue, or returns the one that already has
// the id. from is the report it comes from, or nil if it was posted.
func (w *work) accept(o order, from *reportRef) (alert, error) {
	a := alert{order: o, Action: actionQuarantine, State: stateQueued, Received: time.Now().UTC(), Report: from}
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

// enqueue puts the alert that keep has stored into the queue, if it is fresh. Nothing is
// stored if the queue has no room. Other callers wait meanwhile, which costs little: the store
// writes one alert at a time anyway.
func (w *work) enqueue(keep func() (a alert, fresh bool, err error)) (alert, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.isStopping() {
		return alert{}, errStopped
	}
	if w.left() >= w.limit {
		return alert{}, errFull
	}
	a, fresh, err := keep()
	if err != nil || !fresh {
		return a, err
	}
	w.log.Info("alert accepted", "alert", a.ID, "action", a.Action, "mailboxes", len(a.Mailboxes))
	w.queue.put(newJob(a.ID))
	return a, nil
}

// run finishes what an earlier run left open, then works on the queue, and from time to time
// on undecided alerts, until the work is stopped. It ends soon after ctx.
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
			for j := w.queue.take(w.stop); j != nil; j = w.queue.take(w.stop) {
				w.running.Add(1)
				w.do(ctx, j)
				w.running.Add(-1)
			}
		})
	}
	wg.Wait()
}

// recover settles the work that the journals record as started. Work that it cannot settle,
// for example because a server cannot be reached, is not lost: it stays in the journal, and
// its alert, which is still open, is run again. A mailbox that stalls does not keep the alerts
// waiting forever.
func (w *work) recover(ctx context.Context) {
	ctx, cancel := w.timed(ctx)
	defer cancel()
	for receipt, err := range w.router.Recover(ctx) {
		w.notice(err)
		if err != nil {
			w.log.Error("recovery", "error", err)
			continue
		}
		w.note(receipt.Err(), "recovered", "server", receipt.Server, "mailbox", receipt.Target.Mailbox, "outcome", receipt.Outcome())
	}
}

// notice remembers that a journal is no longer used.
func (w *work) notice(err error) {
	if errors.Is(err, boltjournal.ErrBroken) {
		w.broken.CompareAndSwap(nil, &err)
	}
}

// timed bounds the work on one mailbox.
func (w *work) timed(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, w.timeout, fmt.Errorf("it took longer than %v: %w", w.timeout, context.DeadlineExceeded))
}

// settle recovers the open work in the journals, and then reruns the alerts that were left for
// later.
func (w *work) settle(ctx context.Context) {
	w.mu.Lock()
	ids := w.later
	w.later = nil
	w.mu.Unlock()
	if len(ids) == 0 {
		return
	}
	w.recover(ctx)
	for _, id := range ids {
		w.queue.put(newJob(id))
	}
}

// postpone leaves an alert for later, when it can be settled.
func (w *work) postpone(id string) error {
	_, err := w.alerts.update(id, func(a *alert) error { a.State = stateUndecided; return nil })
	if err != nil {
		return err
	}
	w.leave(id)
	return nil
}

// leave makes settle rerun an alert.
func (w *work) leave(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.later = append(w.later, id)
}

// do carries out one alert, except in mailboxes in which others are at work. If it cannot
// complete, the alert stays open: undecided outcomes are settled later, and the next start
// resumes everything else.
func (w *work) do(ctx context.Context, j *job) {
	a, err := w.begin(j)
	if err == nil {
		err = w.advance(ctx, j, &a)
	}
	if errors.Is(err, errParked) {
		return
	}
	w.queue.put(w.lanes.end(j, j.mailboxes...)...)
	if errors.Is(err, errUndecided) {
		if err = w.postpone(j.id); err == nil {
			w.log.Warn("alert is undecided, and is settled later", "alert", j.id, "action", a.Action)
			return
		}
	}
	if err == nil {
		_, err = w.alerts.update(j.id, func(a *alert) error { a.State = stateDone; return nil })
	}
	if errors.Is(err, sealedfile.ErrFull) {
		w.log.Warn("alert is run again later, when there may be room", "alert", j.id, "action", a.Action, "error", err)
		w.leave(j.id)
		return
	}
	if err != nil {
		w.log.Warn("alert stays open until the next start", "alert", j.id, "action", a.Action, "error", err)
		return
	}
	w.log.Info("alert done", "alert", j.id, "action", a.Action)
}

// begin returns the alert of a job, and records that it is being worked on.
func (w *work) begin(j *job) (alert, error) {
	if !j.begun {
		kept, err := w.alerts.update(j.id, func(a *alert) error {
			a.State = stateRunning
			return nil
		})
		if err != nil {
			return kept, err
		}
		j.begun, j.mailboxes = true, kept.Mailboxes
	}
	return w.alerts.get(j.id)
}

// advance works on the mailboxes of an alert in which no other alert is at work, until none is
// left, or it has to wait for others.
func (w *work) advance(ctx context.Context, j *job, a *alert) error {
	act := w.take
	if a.Action == actionRestore {
		act = w.putBack
	}
	// Nothing may be taken by criteria before all matches have been counted.
	together := a.Action == actionQuarantine && !a.Criteria.IsZero()
	for {
		left := j.left(a)
		if len(left) == 0 {
			return ended(ctx, j.undecided)
		}
		mine, freed := w.lanes.claim(j, left, together)
		w.queue.put(freed...)
		if len(mine) == 0 {
			return errParked
		}
		if err := act(ctx, j, a, mine); err != nil {
			return err
		}
		for _, m := range mine {
			w.finish(j, m)
		}
	}
}

// finish ends a job's work in a mailbox. Others may be waiting for the mailbox.
func (w *work) finish(j *job, mailbox string) {
	j.tried[mailbox] = true
	w.queue.put(w.lanes.release(j, mailbox)...)
}

// left returns the mailboxes in which a job still has work to do. Those with a good result
// have it from an earlier run.
func (j *job) left(a *alert) (mailboxes []string) {
	for _, m := range a.Mailboxes {
		taken := func(r result) bool { return r.Mailbox == m && r.Receipt != nil && len(r.Receipt.Items) > 0 }
		if j.tried[m] || a.settled(a.Action, m) || a.Action == actionRestore && !slices.ContainsFunc(a.Results, taken) {
			continue
		}
		mailboxes = append(mailboxes, m)
	}
	return mailboxes
}

// note logs what was done, as a warning if there is an error.
func (w *work) note(err error, what string, attrs ...any) {
	if err != nil {
		w.log.Warn(what, append(attrs, "error", err)...)
		return
	}
	w.log.Info(what, attrs...)
}
