package main

import (
	"context"
	"flag"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// addresses is a flag that may be given several times.
type addresses []string

// String returns the addresses, separated by commas.
func (a *addresses) String() string { return strings.Join(*a, ",") }

// Set adds an address.
func (a *addresses) Set(s string) error {
	*a = append(*a, s)
	return nil
}

func checkCommand() command {
	return command{
		name:      "check",
		arguments: "[-mailbox ADDRESS]... [-group ADDRESS]",
		summary:   "the self-test: what is missing, and what to do about it",
		help: `
Looks at everything that a quarantine needs, from the name of the server to the
rights on mailboxes, and says for each what was seen and what to do. It only
reads, but for one test item that it puts into the quarantine folder and removes.

Without -server all enabled configurations are checked. The exit status is 1 if a
check failed; a warning is no failure.
`,
		prepare: func(flags *flag.FlagSet) func(context.Context, *session) error {
			var mailboxes addresses
			flags.Var(&mailboxes, "mailbox", "try the rights on the mailbox of this `ADDRESS`, too; may be repeated")
			group := flags.String("group", "", "expand the distribution list of this `ADDRESS`")
			return func(ctx context.Context, s *session) error {
				return s.check(ctx, &quarantine.CheckOptions{Mailboxes: mailboxes, Group: *group})
			}
		},
	}
}

func (s *session) check(ctx context.Context, opts *quarantine.CheckOptions) error {
	configs, err := s.selected()
	if err != nil {
		return err
	}
	failed := false
	for i := range configs {
		report, err := quarantine.Check(ctx, &configs[i], opts)
		if err != nil {
			return usageError{err}
		}
		if err := s.writeLines(report, report.String()); err != nil {
			return err
		}
		failed = failed || report.Status() == quarantine.CheckFailed
	}
	if failed {
		return errSome
	}
	return nil
}

// writeLines is write for a text of several lines, which is escaped already.
func (s *session) writeLines(result any, text string) error {
	for line := range strings.Lines(text) {
		s.say("%s", strings.TrimSuffix(line, "\n"))
	}
	return s.writeJSON(result)
}
