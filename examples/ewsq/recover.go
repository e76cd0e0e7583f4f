package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
)

func recoverCommand() command {
	return command{
		name:     "recover",
		summary:  "finish what an interrupted run left open",
		synopsis: []string{""},
		description: `
The journals (journalFile in the configurations) record what was started and not
finished. Each such item is searched for in both mailboxes and the work is finished;
a line like those of quarantine and restore reports the result. If nothing was left
open, nothing is done, so recover can be run at every start.

Without a journal, run the same targets again instead.
`,
		exit: map[int]string{
			exitDone: "Nothing is left open.",
			exitSome: "Something could not be finished; it stays open.",
		},
		examples: []example{
			{"After a crash:", "ewsq -config exchange.json recover"},
		},
		prepare: func(*flag.FlagSet) func(context.Context, *session) error {
			return func(ctx context.Context, s *session) error { return s.recoverAll(ctx) }
		},
	}
}

func (s *session) recoverAll(ctx context.Context) error {
	if err := s.choose(); err != nil {
		return err
	}
	if !slices.ContainsFunc(s.selected, func(c exchange.Config) bool { return c.JournalFile != "" }) {
		return usagef("the configuration has no journalFile, so nothing is known about earlier runs; set it, or run the same targets again")
	}
	r, err := s.open(0)
	if err != nil {
		return err
	}
	shown := s.follow("recovering", -1, 1)
	settled, failed := 0, false
	var errs []error
	for receipt, err := range r.Recover(ctx) {
		if err != nil {
			errs = append(errs, fmt.Errorf("recovering: %w", err))
			continue
		}
		line := resultOf(receipt, nil)
		line.single = !s.several()
		if err := s.write(line, line.lines()...); err != nil {
			shown.ended()
			return err
		}
		shown.finish(line.ok())
		settled++
		failed = failed || !line.ok()
	}
	shown.ended()
	s.say("%s", count2(settled, "item was open", "items were open"))
	switch {
	case len(errs) > 0:
		return errors.Join(errs...)
	case failed:
		return errSome
	}
	return nil
}
