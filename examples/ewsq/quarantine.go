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
		csv:     true,
		summary: "move every copy of a message into quarantine",
		synopsis: []string{
			"-mailbox ADDRESS|-group ADDRESS -message-id ID [-follow-forwards] [-reason TEXT] [-reference KEY] [-dry-run]",
			"-mailbox ADDRESS|-group ADDRESS CRITERIA... [-follow-forwards] [-reason TEXT] [-reference KEY] [-dry-run]",
			"-targets FILE [-follow-forwards] [-reason TEXT] [-reference KEY] [-dry-run]",
		},
		description: `
Each copy is moved into the quarantine mailbox of its server and verified there
before the line that reports it is written. Keep the lines: restore -receipt
reads them. Running the command again changes nothing, or finishes what an
interrupted run started. Results appear in the order in which they complete.

With -campaign, the journal (journalFile) remembers which targets are finished. If
the command is killed and started again, it searches only for the others, and reports
the finished ones as before. recover -forget NAME clears what is remembered.

With -dry-run, the search is the same but nothing is changed: a line with the
outcome "found" lists what would be taken, copy by copy.
` + describeTargets,
		files: targetsFormat,
		exit: map[int]string{
			exitDone: "Everything was done: every copy is in quarantine. It is not an error if a message is not found.",
			exitSome: "A target failed, is undecided, or was refused, by the server or by a limit, or not all forwards or members are known.",
		},
		examples: []example{
			{"Take a message out of Alice's mailbox, and keep the receipt:",
				"ewsq -config exchange.json quarantine \\\n    -mailbox alice@example.test \\\n    -message-id '<20261124.1@evil.example>' \\\n    -reason 'credential phishing' > receipts.jsonl"},
			{"Take everything on a long list, in a run that can be cut off and started again:",
				"ewsq -config exchange.json quarantine -targets targets.csv \\\n    -campaign 'case 17' -progress > receipts.jsonl"},
			{"What would be taken from the mailboxes listed in a file, whichever server they are on?",
				"ewsq -config tenants.json quarantine -targets targets.csv -dry-run"},
			{"Take what a sender sent on one day, and any forwards of it:",
				"ewsq -config exchange.json quarantine \\\n    -group all-staff@example.test -sender mallory@evil.example \\\n    -received-after 2026-11-24 -received-before 2026-11-25 \\\n    -follow-forwards"},
		},
		prepare: func(flags *flag.FlagSet) func(context.Context, *session) error {
			var f takeFlags
			f.add(flags)
			var reason string
			addText(flags, &reason, "reason", "", "`TEXT` to keep with the message: what is wrong with it")
			addText(flags, &f.reference, "reference", "", "`KEY` of the case, such as an alert's ID; a repetition with the same key reports the same copies as quarantined again")
			addText(flags, &f.campaign, "campaign", "", "`NAME` under which the journal remembers what is finished, so that the same command, started again, resumes where it stopped")
			dryRun := flags.Bool("dry-run", false, "report what would be taken, without changing anything")
			return func(ctx context.Context, s *session) error {
				do := (*quarantine.Campaign).Quarantine
				if *dryRun {
					do, f.readOnly = rehearse, true
				}
				return s.take(ctx, flags, &f, reason, do)
			}
		},
	}
}

// rehearse yields receipts of what QuarantineAll would take.
func rehearse(c *quarantine.Campaign, ctx context.Context, targets iter.Seq[quarantine.Target]) iter.Seq2[*quarantine.Receipt, error] {
	return func(yield func(*quarantine.Receipt, error) bool) {
		for receipt, err := range c.Find(ctx, targets) {
			if receipt != nil {
				receipt.Action, receipt.DryRun = "quarantine", true
			}
			if !yield(receipt, err) {
				return
			}
		}
	}
}
