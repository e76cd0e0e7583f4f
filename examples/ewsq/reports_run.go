package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported/understood"
)

// reportLine is the result line for a report.
type reportLine struct {
	ID       string    `json:"id"`
	Received time.Time `json:"received"`
	// Action is what was done with it: empty for nothing, "quarantined", "notFound" if none of
	// the messages it means was in any mailbox, or "dismissed".
	Action string `json:"action,omitempty"`
	// Answered reports whether the reporter has been sent an answer, now or before.
	Answered   bool               `json:"answered,omitempty"`
	Understood *understood.Report `json:"understood,omitempty"`
	Error      string             `json:"error,omitempty"`
}

// template reads the template of an answer.
func (s *session) template(name string) (*template.Template, error) {
	in, err := s.input(name)
	if err != nil {
		return nil, usagef("-reply: %w", err)
	}
	defer in.Close()
	const most = 64 << 10
	text, err := io.ReadAll(io.LimitReader(in, most+1))
	if err == nil && len(text) > most {
		err = errors.New("is longer than 64 KiB")
	}
	if err != nil {
		return nil, usagef("-reply %s: %w", name, err)
	}
	t, err := template.New("reply").Option("missingkey=error").Parse(string(text))
	if err != nil {
		return nil, usagef("-reply %s: %w", name, err)
	}
	return t, nil
}

func (s *session) reports(ctx context.Context, f *reportFlags) error {
	opts, err := f.options(s)
	if err != nil {
		return err
	}
	if err := s.choose(); err != nil {
		return err
	}
	if f.mailbox == "" {
		if f.mailbox, err = reportMailbox(s.selected); err != nil {
			return err
		}
	}
	r, err := s.open(nil)
	if err != nil {
		return err
	}
	server, err := r.ServerOf(ctx, f.mailbox)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(s.selected, func(c exchange.Config) bool { return c.Name == server })
	if i >= 0 {
		if opts.Keys, err = s.selected[i].ReadStampKeys(); err != nil {
			return usageError{err}
		}
	}
	box := r.Service(server).Strategy().Mailbox(f.mailbox)
	if slow, ok := driver.As[driver.Unguarded](box); ok && f.wait > 0 {
		f.wait += slow.NoteSettles() // no report can arrive sooner
	}
	w, err := reported.New(box, opts)
	if err != nil {
		return usagef("-mailbox %s: %w", f.mailbox, err)
	}
	return s.eachReport(ctx, f, r, w)
}

// reportMailbox returns the one mailbox for reports that the configurations name.
func reportMailbox(configs []exchange.Config) (string, error) {
	var named []string
	for _, c := range configs {
		if c.ReportMailbox != "" && !slices.ContainsFunc(named, func(other string) bool { return strings.EqualFold(other, c.ReportMailbox) }) {
			named = append(named, c.ReportMailbox)
		}
	}
	switch len(named) {
	case 0:
		return "", usagef("-mailbox ADDRESS is missing: name the mailbox that reports are sent to, or set it as reportMailbox in the configuration")
	case 1:
		return named[0], nil
	}
	return "", usagef("-mailbox ADDRESS is missing, and the configurations name several mailboxes for reports; choose one of %s", strings.Join(named, ", "))
}

// eachReport goes through the reports until the requested one has been dealt with, or there
// are no more.
func (s *session) eachReport(ctx context.Context, f *reportFlags, r *quarantine.Router, w *reported.Watcher) error {
	var ids []string
	if f.id != "" {
		ids = []string{f.id}
	}
	if f.action == "watch" || f.wait > 0 {
		return s.watchReports(ctx, f, r, w)
	}
	var given givenBack
	defer given.back(ctx)
	var failed error
	for report, err := range w.Waiting(ctx, ids...) {
		_, left := errors.AsType[*reported.LeftError](err)
		switch {
		case left && f.id == "", err != nil && failed != nil:
			s.say("%v", err)
			continue
		case err != nil:
			failed = err
			continue
		}
		given = append(given, report)
		if err := s.report(ctx, f, r, report); err != nil || f.id != "" {
			return err
		}
	}
	if failed == nil && f.id != "" {
		failed = fmt.Errorf("no report %s is waiting in %s: it is done, or somebody has moved it", f.id, f.mailbox)
	}
	return failed
}

// givenBack are reports that are made available to other programs in the end.
type givenBack []reported.Report

func (g *givenBack) back(ctx context.Context) {
	for _, report := range *g {
		_ = report.Release(context.WithoutCancel(ctx)) // an error means that its lease runs out
	}
}

// errLate ends a watch during which no report arrived.
var errLate = errors.New("no report came")

// watchReports goes through the reports as they arrive, until one has been dealt with, or
// none has arrived for some time.
func (s *session) watchReports(ctx context.Context, f *reportFlags, r *quarantine.Router, w *reported.Watcher) error {
	watching, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(math.MaxInt64, func() { cancel(errLate) }) // until wait sets it
	defer timer.Stop()
	wait := func() {
		if f.action != "watch" {
			timer.Reset(f.wait)
		}
	}
	wait()
	var given givenBack
	defer given.back(ctx)
	var failed error
	for report, err := range w.Watch(watching) {
		if err != nil {
			if errors.Is(err, quarantine.ErrUnreachable) && !driver.Temporary(err) {
				return err // trying again would be useless
			}
			if watching.Err() == nil {
				if failed == nil || driver.CodeOf(failed) != driver.CodeOf(err) {
					s.say("the mailbox could not be read, and is tried again: %v", err)
				}
				failed = err
			}
			continue
		}
		timer.Stop() // the watch renews the lease on a report that is being dealt with
		given = append(given, report)
		failed = nil
		if f.id == "" || report.ID == f.id {
			if err := s.report(ctx, f, r, report); err != nil || f.id != "" {
				return err
			}
		}
		wait()
	}
	switch {
	case failed != nil:
		return failed
	case f.id != "" && ctx.Err() == nil:
		return fmt.Errorf("no report %s has come to %s; another program may have it, or it is done", f.id, f.mailbox)
	case ctx.Err() != nil && f.action != "watch":
		return context.Cause(ctx)
	}
	return nil
}

// report carries out the requested action on a report.
func (s *session) report(ctx context.Context, f *reportFlags, r *quarantine.Router, report reported.Report) error {
	line := reportLine{ID: report.ID, Received: report.Received}
	meant, err := read(ctx, report)
	if err != nil {
		line.Error = err.Error()
		if err := s.write(line, fmt.Sprintf("%s  could not be read: %s", report.ID, line.Error)); err != nil {
			return err
		}
		if f.id != "" {
			return errSome
		}
		return nil
	}
	line.Understood = &meant
	switch f.action {
	case "quarantine":
		found, err := s.takeReported(ctx, f, r, meant)
		if err != nil || f.dryRun {
			return err
		}
		line.Action = string(found)
	case "dismiss":
		line.Action = "dismissed"
		if f.reply != "" {
			if err := report.Answer(ctx, nil); err != nil {
				if errors.Is(err, reported.ErrNotAnswerable) {
					return fmt.Errorf("%w; the report stays: dismiss it without -reply, or name the reporter's domain with -reply-domain", err)
				}
				return err // it names the report
			}
			line.Answered = true
		}
	case "show":
		return s.write(line, append(reportTexts(line), reportDetails(&meant)...)...)
	default:
		return s.write(line, reportTexts(line)...)
	}
	if err := report.Acknowledge(ctx); err != nil {
		return err
	}
	return s.write(line, reportTexts(line)...)
}

func read(ctx context.Context, report reported.Report) (understood.Report, error) {
	content, err := report.Open(ctx)
	if err != nil {
		return understood.Report{}, err
	}
	defer content.Close()
	return understood.Parse(content)
}

// takeReported takes the messages that a report means. The outcome tells whether one of them
// is now in quarantine, or none was found anywhere.
func (s *session) takeReported(ctx context.Context, f *reportFlags, r *quarantine.Router, meant understood.Report) (quarantine.Outcome, error) {
	all := meant.Targets()
	if len(all) == 0 {
		return "", errors.New("nothing in the report is sure enough to be taken: look at it with reports show, and take what it means with quarantine -mailbox and -message-id, -sender or -subject")
	}
	for i := range all {
		all[i].Reference = f.reference
		all[i].Reason = cmp.Or(f.reason, "reported by "+meant.By.Email)
	}
	p := s.recipients(ctx, r, meant.By.Email, all)
	do := r.QuarantineAll
	if f.dryRun {
		do = r.FindAll
	}
	found := quarantine.NotFound
	err := s.runAll(ctx, p, min(len(all), 8), func(ctx context.Context, targets iter.Seq[quarantine.Target]) iter.Seq2[*quarantine.Receipt, error] {
		return func(yield func(*quarantine.Receipt, error) bool) {
			for receipt, err := range do(ctx, targets) {
				if receipt != nil && receipt.Outcome() != quarantine.NotFound {
					found = quarantine.Quarantined // for anything else, the run returns an error
				}
				if !yield(receipt, err) {
					return
				}
			}
		}
	})
	return found, err
}

// recipients makes a plan from the targets of a report: a recipient may be a group, or may
// have no mailbox on these servers.
func (s *session) recipients(ctx context.Context, r *quarantine.Router, reporter string, all []quarantine.Target) plan {
	p := plan{targets: &targets{}, origins: make(map[targetKey]origin), complete: true}
	seen := make(map[targetKey]bool)
	add := func(t quarantine.Target, why origin) {
		if key := keyOf(t); !seen[key] {
			seen[key] = true
			p.targets.add(t)
			if why != (origin{}) {
				p.origins[key] = why
			}
		}
	}
	for _, t := range all {
		if strings.EqualFold(t.Mailbox, reporter) {
			add(t, origin{})
			continue
		}
		if group, err := r.Expand(ctx, t.Mailbox, nil); err == nil {
			for _, m := range group.Mailboxes {
				one := t
				one.Mailbox = m.Address
				add(one, origin{Group: t.Mailbox})
			}
			for _, m := range group.Contacts {
				p.asides = append(p.asides, result{Mailbox: m.Address, MessageID: t.MessageID, Criteria: t.Criteria, Outcome: outside, origin: origin{Group: t.Mailbox}})
			}
			if !group.Complete {
				p.asides = append(p.asides, result{Mailbox: t.Mailbox, MessageID: t.MessageID, Criteria: t.Criteria, Outcome: unknown, Error: "not all members of the group are known"})
			}
			continue
		}
		if _, err := r.ServerOf(ctx, t.Mailbox); errors.Is(err, quarantine.ErrUnreachable) {
			p.asides = append(p.asides, result{Mailbox: t.Mailbox, MessageID: t.MessageID, Criteria: t.Criteria, Outcome: outside})
			continue
		}
		add(t, origin{})
	}
	return p
}
