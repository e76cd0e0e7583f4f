package fleet

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/reported/understood"
)

// Decision is who decides about a report, and why. Both may be empty.
type Decision struct {
	By     string
	Reason string // default for a campaign: that it was reported, and by whom
}

func (d Decision) check() error {
	for name, text := range map[string]string{"By": d.By, "Reason": d.Reason} {
		if strings.ContainsRune(text, 0) || !utf8.ValidString(text) {
			return &quarantine.InvalidError{What: "decision", Field: name, Problem: "is not UTF-8, or has a NUL; leave these bytes out"}
		}
	}
	return nil
}

// Quarantine has the messages that a report is about taken: the reporter's own copies, and
// those of all recipients, which the plan turns into mailboxes. Messages that are not
// certain are left alone: see Targets of [understood.Report]. The decision is stored
// together with the campaign and its jobs, or nothing is stored. Called again, it changes
// nothing. A report that was dismissed can still be quarantined.
//
// The error matches [ErrNoReport], [ErrNothingSure] or [quarantine.ErrInvalid], or is from the
// database.
func (s *Reports) Quarantine(ctx context.Context, key string, d Decision) (r KeptReport, err error) {
	return s.decide(ctx, key, d, func(tx pgx.Tx, r *KeptReport) error {
		if r.State == ReportQuarantined {
			return nil
		}
		order, err := r.order(d)
		if err != nil {
			return err
		}
		if _, err := s.campaigns.EnqueueTx(ctx, tx, order); err != nil {
			return err
		}
		r.State, r.Campaign = ReportQuarantined, order.Campaign
		return s.store(ctx, tx, r, d)
	})
}

// Dismiss decides that nothing will be done about a report. Called again, it changes
// nothing. The error matches [ErrNoReport], [ErrDecided] or [quarantine.ErrInvalid], or is
// from the database.
func (s *Reports) Dismiss(ctx context.Context, key string, d Decision) (KeptReport, error) {
	return s.decide(ctx, key, d, func(tx pgx.Tx, r *KeptReport) error {
		switch r.State {
		case ReportDismissed:
			return nil
		case ReportQuarantined:
			return ErrDecided
		}
		r.State = ReportDismissed
		return s.store(ctx, tx, r, d)
	})
}

// decide locks the report during a decision, so others wait.
func (s *Reports) decide(ctx context.Context, key string, d Decision, do func(pgx.Tx, *KeptReport) error) (r KeptReport, err error) {
	if err := d.check(); err != nil {
		return r, err
	}
	err = s.campaigns.inTx(ctx, func(tx pgx.Tx) error {
		if r, err = reportIn(ctx, tx, key, "FOR UPDATE"); err != nil {
			return err
		}
		return do(tx, &r)
	})
	return r, err
}

func (s *Reports) store(ctx context.Context, tx pgx.Tx, r *KeptReport, d Decision) error {
	r.By, r.Reason = d.By, d.Reason
	return tx.QueryRow(ctx, `UPDATE fleet_reports SET state = $2, campaign = $3, by = $4, reason = $5, decided = now() WHERE report = $1 RETURNING decided`,
		r.Key, string(r.State), r.Campaign, r.By, r.Reason).Scan(&r.Decided)
}

// maxRecipients is how many copies a report may name: an attacker may write any number of
// recipients into a message.
const maxRecipients = 5000

// order returns the campaign that takes the messages that a report is about.
func (r *KeptReport) order(d Decision) (Order, error) {
	if r.Meant == nil {
		return Order{}, ErrNothingSure
	}
	o := Order{Campaign: "report-" + r.Key, By: d.By, Reason: cmp.Or(d.Reason, "reported by "+shown(cmp.Or(r.Meant.By.Email, r.Reporter)))}
	own, others := split(r.Meant)
	if len(own)+len(others) == 0 {
		return o, ErrNothingSure
	}
	if len(others) > maxRecipients {
		return o, &quarantine.InvalidError{What: "report", Field: "recipients", Problem: fmt.Sprintf(
			"are %d, more than the %d of which a campaign is made at once; name those to take in another campaign", len(others), maxRecipients)}
	}
	o.Targets, o.Recipients = own, others
	return o, nil
}

// Planned returns what [Reports.Quarantine] would take, before groups are expanded: the
// reporter's own copies, and those of recipients.
func (r *KeptReport) Planned() (own, others []quarantine.Target) {
	if r.Meant == nil {
		return nil, nil
	}
	return split(r.Meant)
}

func split(meant *understood.Report) (own, others []quarantine.Target) {
	for _, t := range meant.Targets() {
		if strings.EqualFold(t.Mailbox, meant.By.Email) {
			own = append(own, t)
			continue
		}
		others = append(others, t)
	}
	return own, others
}
