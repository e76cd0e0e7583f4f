package main

import (
	"context"
	"flag"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

func quarantineCommand() command {
	return command{
		name:      "quarantine",
		arguments: "-mailbox ADDRESS -message-id ID [-reason TEXT] [-dry-run]\n-targets FILE [-reason TEXT] [-dry-run]",
		summary:   "take every copy of a message out of a mailbox",
		help: `
Each copy is moved into the quarantine mailbox and proved to be there, before
the line that says so is written. Keep the lines: restore -receipt reads them.
Running it again changes nothing, or finishes what an interrupted run began.

A file of targets is either CSV, with a first line that names the columns
mailbox and message_id and optionally reason, or JSON lines with members of
these names. The results come in the order in which they are done.
`,
		prepare: func(flags *flag.FlagSet) func(context.Context, *session) error {
			var targets targetFlags
			targets.add(flags)
			workers := workersFlag(flags)
			reason := flags.String("reason", "", "`TEXT` that is kept with the message: what is wrong with it")
			dryRun := flags.Bool("dry-run", false, "say what would be taken, and change nothing")
			return func(ctx context.Context, s *session) error {
				do := (*quarantine.Service).Quarantine
				if *dryRun {
					do = rehearse
				}
				return s.eachTarget(ctx, targets, *reason, *workers, do)
			}
		},
	}
}

// rehearse returns the receipt of what Quarantine would act on.
func rehearse(q *quarantine.Service, ctx context.Context, t quarantine.Target) (*quarantine.Receipt, error) {
	receipt, err := q.Find(ctx, t)
	if receipt != nil {
		receipt.Action, receipt.DryRun = "quarantine", true
	}
	return receipt, err
}
