package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/selftest"
)

func checkCommand() command {
	return command{
		name:     "check",
		csv:      true,
		summary:  "run the self-test: what is missing, and how to fix it",
		synopsis: []string{"[-mailbox ADDRESS]... [-group ADDRESS]"},
		description: `
Checks everything that a quarantine needs, from resolving the server's name to the
rights on mailboxes, and reports for each check what was seen and what to do. It
only reads, except for a test item or two that it writes to the quarantine folder,
if that exists, and then removes.

Without -server, all enabled configurations are checked, and each mailbox and group on
the server that a command would take mail from: the one that claims its address or
domain, or otherwise one that claims nothing and has it. A result line is the report
for one configuration, with its checks; each check has a status (ok, warning, failed
or skipped). An address with no known server is in a report without a server.
`,
		exit: map[int]string{
			exitDone: "No check failed. A warning is not a failure.",
			exitSome: "A check failed.",
		},
		examples: []example{
			{"Is everything ready, including access to Alice's mailbox?",
				"ewsq -config exchange.json check \\\n    -mailbox alice@example.test -group all-staff@example.test"},
		},
		prepare: func(flags *flag.FlagSet) func(context.Context, *session) error {
			var mailboxes addresses
			flags.Var(&mailboxes, "mailbox", "also check the rights on the mailbox `ADDRESS`; may be repeated")
			var group string
			addText(flags, &group, "group", "", "also expand the distribution list `ADDRESS`")
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
	p, err := s.route(ctx, opts.Mailboxes, opts.Group)
	if err != nil {
		return err
	}
	shown := s.follow("checking", len(s.selected), 1)
	defer shown.ended()
	failed := false
	for i := range s.selected {
		shown.begin()
		own := *opts
		own.Mailboxes, own.Group, own.Logger = p.mailboxes[i], p.group[i], s.loggerOf(s.selected[i].Name)
		report, err := selftest.Check(ctx, &s.selected[i], &own)
		if ctx.Err() != nil {
			return fmt.Errorf("interrupted: %w", context.Cause(ctx))
		}
		if err != nil {
			return usageError{err}
		}
		ok := report.Status() != selftest.Failed
		shown.finish(ok)
		if err := s.writeReport(report); err != nil {
			return err
		}
		failed = failed || !ok
	}
	if len(p.nowhere) > 0 {
		failed = true
		if err := s.writeReport(&selftest.Report{Started: p.asked, Finished: time.Now().UTC(), Checks: p.nowhere}); err != nil {
			return err
		}
	}
	if failed {
		return errSome
	}
	return nil
}

// writeReport writes the report of one server, which it names if there are several.
func (s *session) writeReport(report *selftest.Report) error {
	lines := slices.Collect(strings.SplitSeq(strings.TrimSuffix(report.String(), "\n"), "\n"))
	if s.both && s.columns != nil {
		lines = foldLast(lines, "SEEN", s.columns())
	}
	if s.several() {
		about := report.Server + ": " + report.URL
		if report.Server == "" {
			about = "on no server:"
		}
		lines = slices.Concat([]string{about}, lines, []string{""})
	}
	return s.write(checkLine{report}, lines...)
}
