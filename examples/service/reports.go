package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported/understood"
)

// reports processes the reports of users. A report that matches a rule becomes an alert, and
// the reporter is answered once that is done, if answers are configured. Other reports are kept
// for people. A report is acknowledged when all of that is on disk; until then, the mailbox
// delivers it again after a crash, under the same id.
type reports struct {
	router *quarantine.Router
	alerts *store
	work   *work
	log    *slog.Logger
	rules  []rule
	opts   reported.Options
	keys   map[string][][]byte // for the notes, by server
	slots  chan struct{}       // one for each report that is being read
}

// Bounds.
const (
	reportsAtOnce = 4
	searchAgain   = 30 * time.Second // after a server could not be reached
	answerAgain   = time.Minute
	answerTries   = 5
)

// run watches the mailboxes until ctx ends.
func (rs *reports) run(ctx context.Context, mailboxes []string) {
	var group sync.WaitGroup
	for _, m := range mailboxes {
		group.Go(func() { rs.watch(ctx, m) })
	}
	group.Wait()
}

// watch watches a mailbox. Watches over one server share their connection.
func (rs *reports) watch(ctx context.Context, mailbox string) {
	w, err := rs.watcher(ctx, mailbox)
	for ; err != nil; w, err = rs.watcher(ctx, mailbox) {
		if ctx.Err() != nil {
			return
		}
		rs.log.Warn("reports cannot be watched yet", "mailbox", mailbox, "error", err)
		select {
		case <-time.After(searchAgain):
		case <-ctx.Done():
			return
		}
	}
	rs.log.Info("watching reports", "mailbox", mailbox)
	var group sync.WaitGroup
	defer group.Wait() // before the watch ends, which ends the leases
	for report, err := range w.Watch(ctx) {
		if err != nil {
			rs.log.Warn("reports", "mailbox", mailbox, "error", err)
			continue
		}
		group.Go(func() { rs.handle(ctx, report) })
	}
}

func (rs *reports) watcher(ctx context.Context, mailbox string) (*reported.Watcher, error) {
	server, err := rs.router.ServerOf(ctx, mailbox)
	if err != nil {
		return nil, err
	}
	opts := rs.opts
	for name, keys := range rs.keys {
		if strings.EqualFold(name, server) {
			opts.Keys = keys
		}
	}
	return reported.New(rs.router.Service(server).Strategy().Mailbox(mailbox), &opts)
}

// handle deals with a report, or gives it back.
func (rs *reports) handle(ctx context.Context, report reported.Report) {
	err := rs.deal(ctx, report)
	if err == nil {
		return
	}
	rs.log.Warn("report is left for later", "report", report.ID, "error", err)
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_ = report.Release(back) // if this fails, its lease expires
}

func (rs *reports) deal(ctx context.Context, report reported.Report) error {
	r, err := rs.alerts.report(report.ID)
	if errors.Is(err, errNoReport) {
		r, err = rs.accept(ctx, report)
	}
	if err != nil {
		return err
	}
	if !r.Done {
		done, err := rs.outcome(ctx, r.Alerts)
		if err != nil {
			return err
		}
		done.Rules = r.Rules
		if r.Answer == "" && rs.opts.Answer != nil {
			if r.Answer, err = rs.answer(ctx, report, done); err != nil {
				return err
			}
		}
		r.Done = true
		if err := rs.alerts.putReport(r); err != nil {
			return err
		}
	}
	if err := report.Acknowledge(ctx); err != nil {
		return err
	}
	rs.log.Info("report done", "report", r.ID, "alerts", len(r.Alerts), "answer", r.Answer)
	return nil
}

// accept reads a report, creates alerts for the messages that match a rule, and records it. The
// ids of the alerts are derived from the report's id, so that no alert is created twice.
func (rs *reports) accept(ctx context.Context, report reported.Report) (reportRecord, error) {
	r := reportRecord{ID: report.ID, Mailbox: report.Mailbox, Received: report.Received}
	select {
	case rs.slots <- struct{}{}:
		defer func() { <-rs.slots }()
	case <-ctx.Done():
		return r, context.Cause(ctx)
	}
	content, err := report.Open(ctx)
	if err != nil {
		return r, err
	}
	meant, err := understood.Parse(content)
	content.Close()
	if err != nil {
		return r, err
	}
	r.By, r.Understood = meant.By.Email, &meant
	for i := range meant.Messages {
		m := &meant.Messages[i]
		because, criteria, ok := decide(rs.rules, m, report.Received)
		if !ok {
			continue
		}
		o := order{ID: "report-" + report.ID + "-" + strconv.Itoa(i+1), Criteria: criteria, Reason: "reported; rule " + because.Name}
		var outside []string
		if o.Mailboxes, outside, err = rs.mailboxes(ctx, meant.By.Email, m); err != nil {
			return r, err
		}
		r.Outside = append(r.Outside, outside...)
		if len(o.Mailboxes) == 0 {
			continue
		}
		if err := o.check(); err != nil {
			return r, err
		}
		if _, err := rs.work.accept(o, &reportRef{report.ID, report.Mailbox}); err != nil {
			return r, err
		}
		r.Rules, r.Alerts = append(r.Rules, because.Name), append(r.Alerts, o.ID)
	}
	return r, rs.alerts.putReport(r)
}

// mailboxes returns the mailboxes that may have a message: the reporter's first, then those of
// the recipients, with groups expanded. Addresses elsewhere or not known are in outside.
func (rs *reports) mailboxes(ctx context.Context, reporter string, m *understood.Message) (all, outside []string, err error) {
	seen := make(map[string]bool)
	add := func(address string) {
		if key := strings.ToLower(address); !seen[key] && len(all) < maxMailboxes {
			seen[key] = true
			all = append(all, address)
		}
	}
	for _, t := range m.Targets(reporter) {
		if group, err := rs.router.Expand(ctx, t.Mailbox, nil); err == nil {
			for _, member := range group.Mailboxes {
				add(member.Address)
			}
			if !group.Complete {
				outside = append(outside, t.Mailbox)
			}
			continue
		}
		switch _, err := rs.router.ServerOf(ctx, t.Mailbox); {
		case ctx.Err() != nil:
			return nil, nil, context.Cause(ctx)
		case errors.Is(err, quarantine.ErrUnreachable):
			outside = append(outside, t.Mailbox)
		default: // if it is not known, taking the message will show it
			add(t.Mailbox)
		}
	}
	return all, outside, nil
}

// outcome is what became of the alerts of a report, for the template of the answer.
type outcome struct {
	Rules         []string // empty: people have to look at it
	Taken, Failed int      // mailboxes
}

// outcome waits until alerts are done, and returns what became of them.
func (rs *reports) outcome(ctx context.Context, ids []string) (o outcome, err error) {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for _, id := range ids {
		a, err := rs.alerts.find(id)
		for ; err == nil && a.State != stateDone; a, err = rs.alerts.find(id) {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return o, context.Cause(ctx)
			}
		}
		if err == nil {
			a, err = rs.alerts.get(id)
		}
		if err != nil {
			return o, fmt.Errorf("alert %s: %w", id, err)
		}
		for _, res := range a.Results {
			switch {
			case res.Error != "":
				o.Failed++
			case slices.Contains([]quarantine.Outcome{quarantine.Quarantined, quarantine.AlreadyQuarantined}, res.Outcome):
				o.Taken++
			}
		}
	}
	return o, nil
}

// answer answers a report, and returns what became of the answer.
func (rs *reports) answer(ctx context.Context, report reported.Report, data outcome) (string, error) {
	for try := 1; ; try++ {
		err := report.Answer(ctx, data)
		undecided, open := errors.AsType[*reported.UndecidedError](err)
		wait := answerAgain
		switch {
		case err == nil:
			return "sent", nil
		case ctx.Err() != nil, errors.Is(err, reported.ErrNotHeld):
			return "", err
		case errors.Is(err, reported.ErrNotAnswerable):
			return "not to be answered", nil
		case open && undecided.Until.IsZero():
			return "not known whether it was sent", nil
		case open:
			wait = max(time.Until(undecided.Until), answerAgain)
		case try >= answerTries:
			rs.log.Error("report could not be answered", "report", report.ID, "error", err)
			return "failed", nil
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
}
