package main

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

// describeTargets explains how messages are named and where they are searched for.
const describeTargets = `
A message is named by its Message-ID or described by criteria. The configuration
must allow criteria (messageIdSearch) and limits what they may find (searchLimits):
beyond perMailbox or total everything is refused, and nothing is taken; beyond
examined, the rest of the mailbox is undecided. All given criteria must match. Write a
time as 2026-11-24T10:00:00Z, or as a date, which means midnight UTC. With neither
sender nor subject, both ends of the time range are required, at most 31 days apart.

With several configurations, each mailbox is looked up on the server that claims its
address or domain (mailboxes, domains), or otherwise on those that claim nothing.

With -group, the mailbox of every member that expand lists is searched.

With -follow-forwards, forwards and replies sent from the mailboxes are found in
Sent Items, followed to their recipients and through groups, and searched for there
by their own Message-IDs, before anything is taken. Messages that a server-side rule
forwards leave no trace.

Members and recipients that have no mailbox on these servers get a line with the
outcome "outside". A line with the outcome "unknown" reports a group that could not
be expanded, or a trail that could not be followed, and why.
`

// takeFlags are the flags of commands that search users' mailboxes.
type takeFlags struct {
	targetFlags
	group    groupFlags
	follow   followFlags
	pace     paceFlags
	campaign string // its name; empty: none
	readOnly bool   // nothing may be changed
}

func (f *takeFlags) add(flags *flag.FlagSet) {
	f.targetFlags.add(flags)
	f.addGroup(flags)
	f.group.addBounds(flags)
	f.follow.add(flags)
	f.pace.add(flags)
	addFailNotFound(flags, &f.targetFlags.failNotFound)
}

// all is [quarantine.Campaign.Find] or [quarantine.Campaign.Quarantine].
type all func(*quarantine.Campaign, context.Context, iter.Seq[quarantine.Target]) iter.Seq2[*quarantine.Receipt, error]

// take processes each target that the flags name.
func (s *session) take(ctx context.Context, flags *flag.FlagSet, f *takeFlags, reason string, do all) error {
	if err := onlyWith(flags, "-group", f.targetFlags.group != "", boundNames()...); err != nil {
		return err
	}
	if err := onlyWith(flags, "-follow-forwards", f.follow.follow, "forward-depth", "forward-max"); err != nil {
		return err
	}
	if err := f.pace.check(); err != nil {
		return err
	}
	targets, err := f.read(s, reason)
	if err != nil {
		return err
	}
	if err := s.choose(); err != nil {
		return err
	}
	if err := s.journaled(f.campaign); err != nil {
		return err
	}
	if err := s.allowed(f, targets); err != nil {
		return err
	}
	r, err := s.open(&f.pace)
	if err != nil {
		return err
	}
	p := plan{targets: targets}
	if f.targetFlags.group != "" || f.follow.follow {
		if p, err = s.plan(ctx, r, f, targets, reason); err != nil {
			return err
		}
	}
	p.complete, p.failNotFound, p.readOnly = true, f.failNotFound, f.readOnly
	c := r.NewCampaign(&quarantine.CampaignOptions{Name: f.campaign, Total: p.targets.len()})
	p.progress = c.Progress
	return s.runAll(ctx, p, f.pace.atOnce(s.selected)*len(s.selected), func(ctx context.Context, targets iter.Seq[quarantine.Target]) iter.Seq2[*quarantine.Receipt, error] {
		return do(c, ctx, targets)
	})
}

// allowed refuses criteria if no configuration allows them. If only some do, it depends on
// the mailbox.
func (s *session) allowed(f *takeFlags, all *targets) error {
	byCriteria := !f.criteria.IsZero()
	for t := range all.all() {
		byCriteria = byCriteria || !t.Criteria.IsZero()
	}
	if !byCriteria || slices.ContainsFunc(s.selected, func(c exchange.Config) bool { return c.CriteriaSearch }) {
		return nil
	}
	what := "criteria in -targets"
	if named := given(f.flags, criteriaNames()...); len(named) > 0 {
		what = named[0]
	}
	return usagef("%s: the configuration does not allow searches by criteria; set messageIdSearch to true in it, or name the message with -message-id", what)
}

// journaled refuses a campaign that no journal could remember.
func (s *session) journaled(campaign string) error {
	if campaign == "" {
		return nil
	}
	if len(campaign) > quarantine.MaxCampaign || !utf8.ValidString(campaign) || strings.ContainsFunc(campaign, unicode.IsControl) {
		return usagef("give the campaign a name of at most %d bytes, in UTF-8 and without control characters", quarantine.MaxCampaign)
	}
	for _, c := range s.selected {
		if c.JournalFile == "" {
			return usagef("the configuration%s has no journalFile in which to remember what is finished; set it, or leave the campaign out", ofServer(c.Name))
		}
	}
	return nil
}

func ofServer(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf(" %q", name)
}
