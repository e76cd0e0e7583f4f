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
		summary:  "settle what an interrupted run left",
		synopsis: []string{""},
		description: `
The journals (journalFile in the configurations) say what was begun and not
finished. Each is looked for at both ends and finished; a line, as quarantine and
restore write them, says what became of it. Where nothing was left nothing is
done, so it may be run at every start.

Without a journal the same is reached by running the same targets again.
`,
		exit: map[int]string{
			exitDone: "Nothing is open any more.",
			exitSome: "Something could not be settled; it stays open.",
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
		return usagef("the configuration has no journalFile, so nothing is known of earlier runs; set it, or run the same targets again")
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
	s.say("%d were open", settled)
	switch {
	case len(errs) > 0:
		return errors.Join(errs...)
	case failed:
		return errSome
	}
	return nil
}
