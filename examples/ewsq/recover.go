package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

func recoverCommand() command {
	return command{
		name:     "recover",
		csv:      true,
		summary:  "finish what an interrupted run left open",
		synopsis: []string{"", "-salvage FILE", "-forget NAME"},
		description: `
The journals (journalFile in the configurations) record work that was started and not
finished. Each such item is searched for in both mailboxes and the work is finished;
a line like those of quarantine and restore reports the result. If nothing was left
open, nothing is done, so recover can be run at every start.

A request that was on its way when a run ended may still take effect, for 21 minutes
unless writeDoubt or searchLag is set. Until then an item of which no copy is seen
stays "undecided", and open: run recover again after the time given in its line.

Without a journal, run the same targets again instead.

What quarantine -campaign remembers stays in the journals until -forget.

A damaged journal is refused. Move the file away, and pass it to -salvage: whatever
can still be read from it is put into the new journal, and finished. The rest is still
in the mailboxes: run the same targets again.
`,
		exit: map[int]string{
			exitDone: "Nothing is left open.",
			exitSome: "Something could not be finished, or is still undecided, and stays open; or nothing is left of a message.",
		},
		examples: []example{
			{"After a crash:", "ewsq -config exchange.json recover"},
			{"After moving away a damaged journal:", "ewsq -config exchange.json recover -salvage ewsq.journal.damaged"},
		},
		prepare: func(flags *flag.FlagSet) func(context.Context, *session) error {
			var damaged string
			var campaign string
			addText(flags, &campaign, "forget", "", "only forget what is finished in the campaign with this `NAME`, as given to quarantine -campaign")
			addText(flags, &damaged, "salvage", "", "first take over what can still be read from the damaged journal in `FILE`")
			return func(ctx context.Context, s *session) error {
				if campaign != "" {
					if damaged != "" {
						return usagef("-forget and -salvage are both given; leave one of them out")
					}
					return s.forget(ctx, campaign)
				}
				return s.recoverAll(ctx, damaged)
			}
		},
	}
}

// forget makes the journals forget a campaign.
func (s *session) forget(ctx context.Context, campaign string) error {
	if err := s.choose(); err != nil {
		return err
	}
	if err := s.journaled(campaign); err != nil {
		return err
	}
	r, err := s.open(nil)
	if err != nil {
		return err
	}
	return r.ForgetCampaign(ctx, campaign)
}

// recoverAll settles what is open in the journals, after salvaging a damaged one if it is
// given.
func (s *session) recoverAll(ctx context.Context, damaged string) error {
	if err := s.choose(); err != nil {
		return err
	}
	if !slices.ContainsFunc(s.selected, func(c exchange.Config) bool { return c.JournalFile != "" }) {
		return usagef("the configuration has no journalFile, so nothing is known about earlier runs; set it, or run the same targets again")
	}
	if damaged != "" {
		if err := s.salvage(ctx, damaged); err != nil {
			return err
		}
	}
	r, err := s.open(nil)
	if err != nil {
		return err
	}
	shown := s.follow("recovering", -1, 1)
	seen, undecided, failed := 0, 0, false
	var errs []error
	for receipt, err := range r.Recover(ctx) {
		if err != nil {
			errs = append(errs, fmt.Errorf("recovering: %w", err))
			continue
		}
		line := resultOf(receipt, nil)
		line.single = !s.several()
		shown.finish(line.ok())
		if err := s.write(line, line.lines()...); err != nil {
			shown.ended()
			return err
		}
		seen++
		failed = failed || !line.ok()
		if line.Outcome == quarantine.Undecided {
			undecided++
		}
	}
	shown.ended()
	s.say("%s", count2(seen, "item was open", "items were open"))
	if undecided > 0 {
		s.say("%s: recover again after the time given", count2(undecided, "item is still undecided and stays open", "items are still undecided and stay open"))
	}
	switch {
	case len(errs) > 0:
		return errors.Join(errs...)
	case failed:
		return errSome
	}
	return nil
}
