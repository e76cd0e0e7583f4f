package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

func restoreCommand() command {
	return command{
		name:      "restore",
		arguments: "-receipt FILE\n-mailbox ADDRESS -message-id ID\n-targets FILE",
		summary:   "put back what was taken",
		help: `
Each message goes back into the folder it came from, as unread or read as it
was. If that folder is gone it is made again, or else the Inbox takes the
message.

A file of receipts has the lines that quarantine wrote. Without it, whatever
lies in quarantine of that message and from that mailbox is put back; that needs
nothing but the quarantine mailbox.
`,
		prepare: func(flags *flag.FlagSet) func(context.Context, *session) error {
			var targets targetFlags
			targets.add(flags)
			workers := workersFlag(flags)
			file := flags.String("receipt", "", "`FILE` with the lines that quarantine wrote; - for standard input")
			return func(ctx context.Context, s *session) error {
				if *file == "" {
					return s.eachTarget(ctx, targets, "", *workers, (*quarantine.Service).RestoreMessage)
				}
				if targets != (targetFlags{}) {
					return usagef("-receipt and another way to name messages are both given; choose one")
				}
				if *workers < 1 || *workers > 64 {
					return usagef("-workers must be a number from 1 to 64")
				}
				return s.restoreReceipts(ctx, *file, *workers)
			}
		},
	}
}

func (s *session) restoreReceipts(ctx context.Context, file string, workers int) error {
	if err := s.load(); err != nil {
		return err
	}
	in, err := s.input(file)
	if err != nil {
		return err
	}
	defer in.Close()
	receipts, skipped, err := readReceipts(in)
	if err != nil {
		return usagef("%s: %w", file, err)
	}
	if skipped > 0 {
		s.say("%d lines have no receipt, because nothing could be asked then; there is nothing to restore for them", skipped)
	}
	jobs := make([]job, 0, len(receipts))
	for _, receipt := range receipts {
		config, err := s.choose(receipt.Server)
		if err != nil {
			return err
		}
		q, err := s.open(config)
		if err != nil {
			return err
		}
		jobs = append(jobs, job{config, receipt.Target, func(ctx context.Context) (*quarantine.Receipt, error) {
			return q.Restore(ctx, receipt)
		}})
	}
	return s.runAll(ctx, jobs, workers)
}

// readReceipts reads results of quarantine, or receipts alone, one a line. It
// returns how many lines have none.
func readReceipts(in io.Reader) (receipts []*quarantine.Receipt, skipped int, err error) {
	for line, err := range jsonLines(in) {
		if err != nil {
			return nil, 0, err
		}
		var r struct {
			Outcome quarantine.Outcome  `json:"outcome"`
			Receipt *quarantine.Receipt `json:"receipt"`
			Action  string              `json:"action"`
		}
		if err := json.Unmarshal(line.text, &r); err != nil {
			return nil, 0, fmt.Errorf("line %d is no result of quarantine: %w", line.number, err)
		}
		if r.Receipt == nil && r.Action != "" {
			r.Receipt = new(quarantine.Receipt)
			if err := json.Unmarshal(line.text, r.Receipt); err != nil {
				return nil, 0, fmt.Errorf("line %d is no receipt: %w", line.number, err)
			}
		}
		switch {
		case r.Receipt == nil && r.Outcome != "":
			skipped++
		case r.Receipt == nil:
			return nil, 0, fmt.Errorf("line %d is neither a result of quarantine nor a receipt", line.number)
		case r.Receipt.Action != "quarantine":
			return nil, 0, fmt.Errorf("line %d is a receipt of %q, which took nothing; give the lines of quarantine", line.number, r.Receipt.Action)
		case r.Receipt.DryRun:
			return nil, 0, fmt.Errorf("line %d is of a dry run, which took nothing", line.number)
		default:
			if err := r.Receipt.Target.Validate(); err != nil {
				return nil, 0, fmt.Errorf("line %d: %w", line.number, err)
			}
			receipts = append(receipts, r.Receipt)
		}
	}
	if len(receipts)+skipped == 0 {
		return nil, 0, errors.New("it is empty")
	}
	return receipts, skipped, nil
}
