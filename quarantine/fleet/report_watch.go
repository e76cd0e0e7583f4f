package fleet

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported/understood"
)

// ReportWatchOptions configures [NewReportWatch]. nil or the zero value means the defaults.
type ReportWatchOptions struct {
	// Reported configures how the mailbox is watched. Its Answer must not be set: when a
	// report is stored, nobody has decided about it yet.
	Reported reported.Options

	// KeysOf returns the keys that seal the notes in the mailbox if the router finds it at
	// a server of this name: see [reported.Options].Keys, which must then not be set. If it
	// is nil, the keys do not depend on the server.
	KeysOf func(server string) ([][]byte, error)

	// Lease is how long after the death of the worker that watches the mailbox another one
	// begins, and how long a worker may watch without the database. Default: 30 seconds; at
	// least 1 second.
	Lease time.Duration

	// Logger receives what hinders the watch, at Warn, and each report that was stored, at
	// Info: its key and the mailbox, nothing that its sender wrote. Default: records are
	// discarded.
	Logger *slog.Logger
}

// ReportWatch stores the reports that arrive in a mailbox: see package reported. Any number
// of processes may run one for the same mailbox; only one at a time watches it.
type ReportWatch struct {
	reports *Reports
	router  *quarantine.Router
	mailbox string
	opts    ReportWatchOptions
	owner   string

	mu      sync.Mutex
	problem string
	at      time.Time // of the problem
}

// NewReportWatch returns a watch of a mailbox. The router finds the server that has it; the
// caller keeps the router, and closes it. NewReportWatch does no I/O. The error is an
// [*quarantine.InvalidError].
func NewReportWatch(reports *Reports, router *quarantine.Router, mailbox string, opts *ReportWatchOptions) (*ReportWatch, error) {
	w := &ReportWatch{reports: reports, router: router, mailbox: mailbox, owner: rand.Text()}
	if opts != nil {
		w.opts = *opts
	}
	w.opts.Lease = cmp.Or(w.opts.Lease, 30*time.Second)
	w.opts.Logger = cmp.Or(w.opts.Logger, slog.New(slog.DiscardHandler))
	w.opts.Reported.Logger = cmp.Or(w.opts.Reported.Logger, w.opts.Logger)
	bad := func(field, problem string) error {
		return &quarantine.InvalidError{What: "options of a report watch", Field: field, Problem: problem}
	}
	switch {
	case (quarantine.Target{Mailbox: mailbox, MessageID: "<any@example.com>"}).Validate() != nil:
		return nil, bad("mailbox", "is not an address; give that of the mailbox that is reported to")
	case w.opts.Lease < time.Second:
		return nil, bad("Lease", "is shorter than 1s; give more, or leave it out")
	case w.opts.Reported.Answer != nil:
		return nil, bad("Reported.Answer", "is set, but reports are stored before anything is decided; leave it out")
	case w.opts.KeysOf != nil && len(w.opts.Reported.Keys) > 0:
		return nil, bad("Reported.Keys", "is set, and KeysOf as well; leave one of them out")
	}
	return w, nil
}

// Why a watch ends before its context does. After a panic it begins again.
var (
	errWatchedByOther = errors.New("another worker watches the mailbox now, or the database does not answer")
	errWatchPanicked  = errors.New("a driver or the reading of a report panicked: see the log of the workers")
)

// Run watches the mailbox, or waits for its turn, until ctx ends. A report is first stored
// and then acknowledged in the mailbox, so it is stored once, and not lost wherever the
// process dies. A report that cannot be read is stored with the reason, stays in the
// mailbox, and is tried again.
func (w *ReportWatch) Run(ctx context.Context) {
	defer w.giveUp(ctx)
	for ctx.Err() == nil {
		if mine, err := w.hold(ctx); mine {
			if survive(ctx, w.opts.Logger, func() { w.watch(ctx) }, "mailbox", w.mailbox) {
				w.trouble(ctx, "watching for reports", errWatchPanicked)
			}
		} else if err != nil {
			w.trouble(ctx, "asking whether to watch for reports", err)
		}
		select {
		case <-time.After(w.opts.Lease / 3):
		case <-ctx.Done():
		}
	}
}

// watch stores reports as long as it is this worker's turn.
func (w *ReportWatch) watch(ctx context.Context) {
	ctx, cancel := context.WithCancelCause(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() { w.renew(ctx, cancel) })
	defer renewing.Wait()
	defer cancel(nil)
	server, err := w.router.ServerOf(ctx, w.mailbox)
	if err != nil {
		w.trouble(ctx, "finding the mailbox for reports", err)
		return
	}
	opts := w.opts.Reported
	if w.opts.KeysOf != nil {
		if opts.Keys, err = w.opts.KeysOf(server); err != nil {
			w.trouble(ctx, "reading the keys that seal notes on reports", err)
			return
		}
	}
	watcher, err := reported.New(w.router.Service(server).Strategy().Mailbox(w.mailbox), &opts)
	if err != nil {
		w.trouble(ctx, "watching for reports", err)
		return
	}
	for report, err := range watcher.Watch(ctx) {
		if err != nil {
			w.trouble(ctx, "watching for reports", err)
			continue
		}
		if err := w.keep(ctx, report); err != nil {
			w.trouble(ctx, "storing report "+report.ID, err)
		}
	}
}

// renew keeps the turn, or ends the watch.
func (w *ReportWatch) renew(ctx context.Context, cancel context.CancelCauseFunc) {
	for last := time.Now(); ; {
		select {
		case <-time.After(w.opts.Lease / 3):
		case <-ctx.Done():
			return
		}
		timed, stop := context.WithTimeout(ctx, w.opts.Lease/3)
		mine, err := w.hold(timed)
		stop()
		switch {
		case mine:
			last = time.Now()
		case err == nil, time.Since(last) > w.opts.Lease*2/3:
			cancel(errWatchedByOther)
			return
		}
	}
}

// hold takes the turn or keeps it, and stores what hinders the watch. It reports whether it
// is this worker's turn.
func (w *ReportWatch) hold(ctx context.Context) (bool, error) {
	tag, err := w.reports.campaigns.pool.Exec(ctx, `INSERT INTO fleet_watches AS w (mailbox, owner, until, problem) VALUES ($1, $2, clock_timestamp() + $3, $4)
		ON CONFLICT (mailbox) DO UPDATE SET (owner, until, problem) = (excluded.owner, excluded.until, excluded.problem)
		WHERE w.owner = excluded.owner OR w.until <= clock_timestamp()`, strings.ToLower(w.mailbox), w.owner, w.opts.Lease, w.lately())
	return err == nil && tag.RowsAffected() > 0, explain(err)
}

// giveUp lets another worker begin immediately.
func (w *ReportWatch) giveUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	// If it fails, the lease ends by itself.
	_, _ = w.reports.campaigns.pool.Exec(ctx, `UPDATE fleet_watches SET until = clock_timestamp() WHERE mailbox = $1 AND owner = $2`, strings.ToLower(w.mailbox), w.owner)
}

// keep stores a report, and then acknowledges it. A report for which this fails comes
// again.
func (w *ReportWatch) keep(ctx context.Context, r reported.Report) error {
	meant, unread := w.read(ctx, r)
	if ctx.Err() != nil {
		return nil // the lease of the report will end
	}
	state, err := w.reports.keep(ctx, w.mailbox, r, meant, textOf(unread))
	if err != nil {
		return errors.Join(err, r.Release(ctx))
	}
	w.opts.Logger.InfoContext(ctx, "report stored", "report", keyOfReport(w.mailbox, r.ID), "mailbox", w.mailbox, "read", unread == nil)
	if unread != nil && state == ReportWaiting {
		return errors.Join(unread, r.Release(ctx))
	}
	return r.Acknowledge(ctx)
}

func (w *ReportWatch) read(ctx context.Context, r reported.Report) (*understood.Report, error) {
	content, err := r.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	meant, err := understood.Parse(content)
	if err != nil {
		return nil, err
	}
	return &meant, nil
}

// trouble logs what hinders the watch, and has it stored for [Reports.Watches].
func (w *ReportWatch) trouble(ctx context.Context, what string, err error) {
	if ctx.Err() != nil {
		return
	}
	w.opts.Logger.WarnContext(ctx, what, "mailbox", w.mailbox, "error", textOf(err))
	w.mu.Lock()
	defer w.mu.Unlock()
	w.problem, w.at = what+": "+textOf(err), time.Now()
}

// lately returns what hinders the watch, as long as it may still do so: tries come at
// shorter intervals than that.
func (w *ReportWatch) lately() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Since(w.at) > max(2*cmp.Or(w.opts.Reported.Interval, time.Minute), w.opts.Lease) {
		w.problem = ""
	}
	return w.problem
}

// WatchStatus is whether a mailbox is being watched, and what hinders that. It is plain
// data, and its JSON names are stable.
type WatchStatus struct {
	Mailbox string `json:"mailbox"`
	Watched bool   `json:"watched"` // by a worker, now
	// Problem is what hinders the watch: reports come late, or not until it is fixed.
	Problem string `json:"problem,omitempty"`
}

// Watches returns the mailboxes that are or were watched.
func (s *Reports) Watches(ctx context.Context) ([]WatchStatus, error) {
	rows, err := s.campaigns.pool.Query(ctx, `SELECT mailbox, until > clock_timestamp(), problem FROM fleet_watches ORDER BY mailbox`)
	if err != nil {
		return nil, explain(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[WatchStatus])
	return all, explain(err)
}
