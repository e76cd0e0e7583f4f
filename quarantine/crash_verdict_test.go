//go:build unix

package quarantine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// aftermath is what was found after the end of a process.
type aftermath struct {
	lost, doubled int
	problems      []string // these included

	open []quarantine.Intent   // what was in the journal
	done []*quarantine.Receipt // of the same request, made again
}

func (v *aftermath) problem(format string, args ...any) {
	v.problems = append(v.problems, fmt.Sprintf(format, args...))
}

// judge looks at both ends: there must be one whole copy of each message, as it should be
// where it is. Messages for which hasArrived is true must be at their destination.
func (s *scene) judge(hasArrived func(id string) bool) aftermath {
	var v aftermath
	for id, c := range s.look() {
		arrived := hasArrived(id)
		switch n := c.count(); {
		case n == 0:
			v.lost++
			v.problem("%s is lost", id)
		case n > 1:
			v.doubled++
			v.problem("%s is there %d times: %d at home, %d in quarantine, %d elsewhere", id, n, len(c.home), len(c.vault), len(c.elsewhere))
		case len(c.elsewhere) == 1:
			v.problem("%s is in %s of %s", id, c.elsewhere[0].Folder, c.elsewhere[0].Mailbox)
		case len(c.home) == 1:
			s.judgeHome(&v, c.home[0])
			if arrived && s.action == quarantining {
				v.problem("%s is still in its mailbox", id)
			}
		default:
			s.judgeVault(&v, c.vault[0])
			if arrived && s.action == restoring {
				v.problem("%s is still in quarantine", id)
			}
			if arrived && c.deletions > 0 {
				v.problem("%s: its owner can recover it", id)
			}
		}
	}
	for _, n := range s.Notices() {
		v.problem("a notice went out: %+v", n)
	}
	return v
}

// judgeHome looks at a message in the mailbox of its owner.
func (s *scene) judgeHome(v *aftermath, m *ewstest.Message) {
	s.judgeItem(v, m)
	if st, err := stampOf(m); st != nil || err != nil {
		v.problem("%s in its mailbox has a stamp: %+v, %v", m.MessageID, st, err)
	}
	undone := s.impersonation && s.action == restoring
	if hasHeader(m, quarantineHeader) || hasHeader(m, undoHeader) != undone {
		v.problem("%s in its mailbox has the wrong headers", m.MessageID)
	}
}

// judgeVault looks at a message in quarantine.
func (s *scene) judgeVault(v *aftermath, m *ewstest.Message) {
	s.judgeItem(v, m)
	st, err := stampOf(m)
	if err != nil || st == nil || st.Direction != driver.ToQuarantine || st.Mailbox != alice || st.Read {
		v.problem("%s in quarantine has the stamp %+v, %v", m.MessageID, st, err)
	}
	if hasHeader(m, quarantineHeader) != s.impersonation || hasHeader(m, undoHeader) {
		v.problem("%s in quarantine has the wrong headers", m.MessageID)
	}
}

func (s *scene) judgeItem(v *aftermath, m *ewstest.Message) {
	if d := s.differences(m); len(d) > 0 {
		v.problem("%s in %s of %s: %s", m.MessageID, m.Folder, m.Mailbox, strings.Join(d, "; "))
	}
}

// allArrived is for judge.
func allArrived(string) bool { return true }

// settled finishes what a killed process left, in this process or in another one, and
// judges the result: first of the recovery alone, then of the same request as before.
func (s *scene) settled(ctx context.Context, receipts, elsewhere bool) (v aftermath, err error) {
	run := s.runInProcess
	if elsewhere {
		run = s.runToEnd
	}
	recovery := s.errand()
	recovery.Recover = true
	r, err := run(ctx, recovery)
	if err != nil {
		return v, fmt.Errorf("recovery: %w", err)
	}
	begun := make(map[string]bool)
	for _, in := range r.Found {
		begun[in.Target.MessageID] = true
	}
	v = s.judge(func(id string) bool { return begun[id] })
	for i, p := range v.problems {
		v.problems[i] = "after recovery " + p
	}
	v.open = r.Found
	if len(r.Recovered) != len(r.Found) {
		v.problem("recovery gave %d receipts for %d open intents", len(r.Recovered), len(r.Found))
	}
	s.judgeReport(&v, "recovery", r, r.Recovered)

	again, err := run(ctx, s.ask(receipts))
	if err != nil {
		return v, fmt.Errorf("once more: %w", err)
	}
	v.done = again.Done
	last := s.judge(allArrived)
	v.lost, v.doubled = max(v.lost, last.lost), max(v.doubled, last.doubled)
	for _, p := range last.problems {
		v.problem("at the end %s", p)
	}
	s.judgeReport(&v, "the request made again", again, again.Done)
	return v, nil
}

// judgeReport looks at receipts, and at what is left in the journal.
func (s *scene) judgeReport(v *aftermath, of string, r *report, receipts []*quarantine.Receipt) {
	for _, receipt := range receipts {
		if err := receipt.Err(); err != nil || !receipt.Outcome().Done() {
			v.problem("the receipt of %s says %s: %v", of, receipt.Outcome(), err)
		}
		for _, it := range receipt.Items {
			if it.Residue != "" {
				v.problem("the receipt of %s says that something is left: %s", of, it.Residue)
			}
		}
	}
	if len(r.Left) > 0 {
		v.problem("the journal has %d open intents after %s", len(r.Left), of)
	}
}

// runToEnd runs an errand in another process, which must survive.
func (s *scene) runToEnd(ctx context.Context, e errand) (*report, error) {
	d, err := s.runChild(ctx, e, nil)
	if err != nil {
		return nil, err
	}
	if d.report == nil {
		return nil, errors.New("the process was killed by somebody else")
	}
	return d.report, nil
}
