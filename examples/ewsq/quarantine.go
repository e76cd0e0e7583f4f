package main

import (
	"context"
	"flag"
	"iter"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

func quarantineCommand() command {
	return command{
		name:    "quarantine",
		summary: "take every copy of a message out of mailboxes",
		synopsis: []string{
			"-mailbox ADDRESS|-group ADDRESS -message-id ID [-follow-forwards] [-reason TEXT] [-dry-run]",
			"-mailbox ADDRESS|-group ADDRESS CRITERIA... [-follow-forwards] [-reason TEXT] [-dry-run]",
			"-targets FILE [-follow-forwards] [-reason TEXT] [-dry-run]",
		},
		description: `
Each copy is moved into the quarantine mailbox of its server and proved to be
there, before the line that says so is written. Keep the lines: restore -receipt
reads them. Running it again changes nothing, or finishes what an interrupted
run began. The results come in the order in which they are done.

With -dry-run, the same is searched and nothing is changed: the outcome "found"
says what would be taken, copy by copy.
` + describeTargets,
		files: targetsFormat,
		exit: map[int]string{
			exitDone: "All was done: every copy is in quarantine. A message that is not found is no failure.",
			exitSome: "Some target failed or was refused, by the server or by limits, or forwards or members are not all known.",
		},
		examples: []example{
			{"Take a message away from Alice, and keep the receipt:",
				"ewsq -config exchange.json quarantine \\\n    -mailbox alice@example.test -message-id '<20261124.1@evil.example>' \\\n    -reason 'credential phishing' > receipts.jsonl"},
			{"What would be taken from all who are named in a file, on whichever server they are?",
				"ewsq -config tenants.json quarantine -targets targets.csv -dry-run"},
			{"Take what a sender sent within a day, and what became of it:",
				"ewsq -config exchange.json quarantine -group all-staff@example.test \\\n    -sender mallory@evil.example \\\n    -received-after 2026-11-24 -received-before 2026-11-25 -follow-forwards"},
		},
		prepare: func(flags *flag.FlagSet) func(context.Context, *session) error {
			var f takeFlags
			f.add(flags)
			var reason string
			addText(flags, &reason, "reason", "", "`TEXT` that is kept with the message: what is wrong with it")
			dryRun := flags.Bool("dry-run", false, "say what would be taken, and change nothing")
			return func(ctx context.Context, s *session) error {
				do := (*quarantine.Router).QuarantineAll
				if *dryRun {
					do = rehearse
				}
				return s.take(ctx, flags, &f, reason, do)
			}
		},
	}
}

// rehearse returns the receipts of what QuarantineAll would act on.
func rehearse(r *quarantine.Router, ctx context.Context, targets iter.Seq[quarantine.Target]) iter.Seq2[*quarantine.Receipt, error] {
	return func(yield func(*quarantine.Receipt, error) bool) {
		for receipt, err := range r.FindAll(ctx, targets) {
			if receipt != nil {
				receipt.Action, receipt.DryRun = "quarantine", true
			}
			if !yield(receipt, err) {
				return
			}
		}
	}
}
