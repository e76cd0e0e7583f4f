package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/selftest"
)

func checkCommand() command {
	return command{
		name:     "check",
		summary:  "the self-test: what is missing, and what to do about it",
		synopsis: []string{"[-mailbox ADDRESS]... [-group ADDRESS]"},
		description: `
Looks at everything that a quarantine needs, from the name of the server to the
rights on mailboxes, and says for each what was seen and what to do. It only
reads, but for one test item that it puts into the quarantine folder and removes.

Without -server all enabled configurations are checked. A line is the report of
one, with checks, each of which has a status (ok, warning, failed, skipped).
`,
		exit: map[int]string{
			exitDone: "No check failed. A warning is no failure.",
			exitSome: "A check failed.",
		},
		examples: []example{
			{"Is all ready, also to look into Alice's mailbox?",
				"ewsq -config exchange.json check \\\n    -mailbox alice@example.test -group all-staff@example.test"},
		},
		prepare: func(flags *flag.FlagSet) func(context.Context, *session) error {
			var mailboxes addresses
			flags.Var(&mailboxes, "mailbox", "try the rights on the mailbox of this `ADDRESS`, too; may be repeated")
			var group string
			addText(flags, &group, "group", "", "expand the distribution list of this `ADDRESS`")
			return func(ctx context.Context, s *session) error {
				if group != "" {
					if err := checkAddress(group); err != nil {
						return usagef("-group: %w", err)
					}
				}
				return s.check(ctx, &selftest.Options{Mailboxes: mailboxes, Group: group})
			}
		},
	}
}

func (s *session) check(ctx context.Context, opts *selftest.Options) error {
	if err := s.choose(); err != nil {
		return err
	}
	opts.Logger = s.logger()
	shown := s.follow("checking", len(s.selected), 1)
	defer shown.ended()
	failed := false
	for i := range s.selected {
		shown.begin()
		report, err := selftest.Check(ctx, &s.selected[i], opts)
		if ctx.Err() != nil {
			return fmt.Errorf("interrupted: %w", context.Cause(ctx))
		}
		if err != nil {
			return usageError{err}
		}
		ok := report.Status() != selftest.Failed
		lines := slices.Collect(strings.SplitSeq(strings.TrimSuffix(report.String(), "\n"), "\n"))
		if err := s.write(report, lines...); err != nil {
			return err
		}
		shown.finish(ok)
		failed = failed || !ok
	}
	if failed {
		return errSome
	}
	return nil
}
