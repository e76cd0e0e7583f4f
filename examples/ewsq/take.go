package main

import (
	"context"
	"flag"
	"iter"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// describeTargets is what there is to say of how messages are named, where they
// are looked for.
const describeTargets = `
A message is named by its Message-ID, or described by criteria; then the
configuration has to allow that (messageIdSearch), and bounds what may be found
(searchLimits): beyond that everything is refused, and nothing is taken. All
criteria that are given must hold. A time is written as 2026-11-24T10:00:00Z, or
as a date, which begins at midnight UTC. Without sender and subject both ends of
the time are needed, at most 31 days apart.

With several configurations each mailbox is looked for on the server that claims
its address or domain (mailboxes, domains), or else on those that claim nothing.

With -group, every member's mailbox is looked into, as expand tells them.

With -follow-forwards, what was forwarded or answered from the mailboxes is
looked for in Sent Items, followed to its recipients and through groups, and
looked for there under its own Message-ID, before anything is taken. What a rule
of the server forwards leaves no trace.

Members and recipients that have no mailbox on these servers get a line with the
outcome "outside". A line with the outcome "unknown" tells of a group that could
not be expanded, or a trail that could not be followed, and why.
`

// takeFlags are the flags of commands that look into users' mailboxes.
type takeFlags struct {
	targetFlags
	group   groupFlags
	follow  followFlags
	workers int
}

func (f *takeFlags) add(flags *flag.FlagSet) {
	f.targetFlags.add(flags)
	f.addGroup(flags)
	f.group.addBounds(flags)
	f.follow.add(flags)
	addWorkers(flags, &f.workers)
}

// addWorkers adds the number of targets worked on at once. Whether the server
// likes so many is the limiter's concern.
func addWorkers(flags *flag.FlagSet, workers *int) {
	addNumber(flags, workers, "workers", 8, 1, 64, "targets worked on at once on each server, a `NUMBER`")
}

// all is [quarantine.Router.FindAll] or [quarantine.Router.QuarantineAll].
type all func(*quarantine.Router, context.Context, iter.Seq[quarantine.Target]) iter.Seq2[*quarantine.Receipt, error]

// take does the same to each target that the flags name.
func (s *session) take(ctx context.Context, flags *flag.FlagSet, f *takeFlags, reason string, do all) error {
	if err := onlyWith(flags, "-group", f.targetFlags.group != "", boundNames()...); err != nil {
		return err
	}
	if err := onlyWith(flags, "-follow-forwards", f.follow.follow, "forward-depth", "forward-max"); err != nil {
		return err
	}
	targets, err := f.read(s, reason)
	if err != nil {
		return err
	}
	if err := s.choose(); err != nil {
		return err
	}
	if err := s.allowed(f, targets); err != nil {
		return err
	}
	r, err := s.open(f.workers)
	if err != nil {
		return err
	}
	p := plan{targets: targets}
	if f.targetFlags.group != "" {
		if p, err = s.members(ctx, r, f.targetFlags, f.group.bounds, reason); err != nil {
			return err
		}
	}
	p.complete = true
	atOnce := f.workers * len(s.selected)
	if f.follow.follow {
		if err := s.forwards(ctx, r, &p, f.follow.bounds, atOnce); err != nil {
			return err
		}
	}
	return s.runAll(ctx, p, atOnce, func(ctx context.Context, targets iter.Seq[quarantine.Target]) iter.Seq2[*quarantine.Receipt, error] {
		return do(r, ctx, targets)
	})
}

// allowed refuses criteria where no configuration allows them; where some do, it
// depends on the mailbox.
func (s *session) allowed(f *takeFlags, targets []quarantine.Target) error {
	byCriteria := !f.criteria.IsZero() || slices.ContainsFunc(targets, func(t quarantine.Target) bool { return !t.Criteria.IsZero() })
	if !byCriteria || slices.ContainsFunc(s.selected, func(c exchange.Config) bool { return c.CriteriaSearch }) {
		return nil
	}
	what := "criteria in -targets"
	if named := given(f.flags, criteriaNames()...); len(named) > 0 {
		what = named[0]
	}
	return usagef("%s: the configuration does not allow to search by criteria; set messageIdSearch to true in it, or name the message by -message-id", what)
}
