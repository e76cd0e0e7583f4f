package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

func restoreCommand() command {
	return command{
		name:    "restore",
		csv:     true,
		summary: "put messages back from quarantine",
		synopsis: []string{
			"-receipt FILE",
			"-mailbox ADDRESS -message-id ID",
			"-mailbox ADDRESS CRITERIA...",
			"-targets FILE",
			"-message-id ID [-group ADDRESS] [-yes]",
			"-reference KEY [-mailbox ADDRESS|-group ADDRESS] [-message-id ID] [-yes]",
			"-group ADDRESS [-yes]",
		},
		description: `
Each message goes back to the folder it came from, read or unread as it was. If
that folder no longer exists it is created again; failing that, the message goes to
the Inbox.

A file of receipts contains the lines that quarantine wrote; each message goes back
on the server that its receipt names. If that configuration has been renamed since,
name it with -server. Without receipts, everything in quarantine that matches the
message and the mailbox is put back; this needs no record other than the quarantine
mailbox. -reference, -group, and -message-id without -mailbox select from everything
in quarantine, for all mailboxes and servers: without -yes nothing is put back, and
only the count is reported (status 2). Criteria are compared with the messages in
quarantine; see quarantine -help for how to write them.
`,
		files: receiptsFormat + targetsFormat,
		exit: map[int]string{
			exitDone: "Everything was done. It is not an error if a message is not in quarantine.",
			exitSome: "A message was not put back, or it is undecided whether it was; its line says why, and where it is.",
		},
		examples: []example{
			{"Undo a run:", "ewsq -config exchange.json restore -receipt receipts.jsonl"},
			{"Put back a message wherever it was taken from; leave out -yes to see how many copies that is:",
				"ewsq -config exchange.json restore \\\n    -message-id '<20261124.1@evil.example>' -yes"},
			{"Put a message back into Alice's mailbox, without a receipt:",
				"ewsq -config exchange.json restore \\\n    -mailbox alice@example.test \\\n    -message-id '<20261124.1@evil.example>'"},
		},
		prepare: func(flags *flag.FlagSet) func(context.Context, *session) error {
			var targets targetFlags
			targets.add(flags)
			var campaign campaignFlags
			campaign.add(flags)
			var file string
			addText(flags, &file, "receipt", "", "`FILE` with the lines that quarantine wrote; - for standard input")
			var pace paceFlags
			pace.add(flags)
			addFailNotFound(flags, &targets.failNotFound)
			return func(ctx context.Context, s *session) error {
				if err := errors.Join(pace.check(), onlyWith(flags, "-receipt", file != "" || campaign.meant(&targets), "max-failures")); err != nil {
					return err
				}
				if campaign.meant(&targets) {
					return s.restoreCampaign(ctx, &campaign, &targets, &pace)
				}
				if campaign.yes {
					return usagef("-yes has no effect here: only -message-id without -mailbox, -reference and -group wait for it; leave it out")
				}
				if file == "" {
					return s.restoreTargets(ctx, &targets, &pace)
				}
				if others := targets.named(); len(others) > 0 {
					return usagef("-receipt and %s are both given; choose one way to name messages", others[0])
				}
				return s.restoreReceipts(ctx, file, &targets, &pace)
			}
		},
	}
}

func (s *session) restoreTargets(ctx context.Context, f *targetFlags, pace *paceFlags) error {
	targets, err := f.read(s, "")
	if err != nil {
		return err
	}
	if err := s.choose(); err != nil {
		return err
	}
	r, err := s.open(pace)
	if err != nil {
		return err
	}
	atOnce := pace.atOnce(s.selected) * len(s.selected)
	return s.runAll(ctx, plan{targets: targets, failNotFound: f.failNotFound}, atOnce, pool(atOnce, r.RestoreMessage))
}

func (s *session) restoreReceipts(ctx context.Context, file string, f *targetFlags, pace *paceFlags) error {
	in, err := s.input(file)
	if err != nil {
		return err
	}
	defer in.Close()
	list, err := readReceipts(in)
	if err != nil {
		return usagef("-receipt %s: %w", file, err)
	}
	receipts := list.receipts
	if err := s.choose(); err != nil {
		return err
	}
	renamed, err := s.claim(receipts)
	if err != nil {
		return usagef("-receipt %s: %w", file, err)
	}
	r, err := s.open(pace)
	if err != nil {
		return err
	}
	for _, name := range renamed {
		s.say("no configuration has the name %q any more: its receipts are restored on %q, as given with -server", name, s.selected[0].Name)
	}
	if list.skipped > 0 {
		s.say("skipped %s without a receipt: nothing to restore", count(list.skipped, "line"))
	}
	err = s.restoreEach(ctx, r, receipts, f, pace)
	if cut := list.errCut(); cut != nil && (err == nil || errors.Is(err, errSome)) {
		return fmt.Errorf("-receipt %s: %w", file, cut)
	}
	return err
}

// claim finds the configuration of each receipt. If no configuration has the name in a
// receipt, because it has been renamed, the receipt goes to the one that -server names: the
// receipt alone does not show which one that is. It returns the names that were not found.
func (s *session) claim(receipts []*quarantine.Receipt) (renamed []string, err error) {
	for _, receipt := range receipts {
		if receipt.Server == "" {
			continue // from a time when the configuration had no name: the router finds out
		}
		_, err := named(s.selected, receipt.Server)
		if err == nil {
			continue
		}
		if _, elsewhere := named(s.configs, receipt.Server); elsewhere == nil {
			return nil, usagef("a receipt is for the server %q, but -server names another; leave it out", receipt.Server)
		}
		if s.server == "" {
			return nil, usagef("%w; if the configuration was renamed, say with -server NAME which one it is now", err)
		}
		if !slices.Contains(renamed, receipt.Server) {
			renamed = append(renamed, receipt.Server)
		}
		receipt.Server = ""
	}
	return renamed, nil
}

// restoreEach puts back the messages of receipts.
func (s *session) restoreEach(ctx context.Context, r *quarantine.Router, receipts []*quarantine.Receipt, f *targetFlags, pace *paceFlags) error {
	stack := newReceiptStack(receipts)
	p := plan{targets: listOf(stack.targets), failNotFound: f.failNotFound}
	return s.runAll(ctx, p, pace.atOnce(s.selected)*len(s.selected), func(ctx context.Context, targets iter.Seq[quarantine.Target]) iter.Seq2[*quarantine.Receipt, error] {
		return r.RestoreAll(ctx, stack.of(targets))
	})
}

// receiptStack hands out receipts by target; several may have the same target.
type receiptStack struct {
	targets []quarantine.Target

	mu   sync.Mutex
	left map[quarantine.Target][]*quarantine.Receipt
}

func newReceiptStack(receipts []*quarantine.Receipt) *receiptStack {
	s := &receiptStack{left: make(map[quarantine.Target][]*quarantine.Receipt)}
	for _, r := range receipts {
		s.targets = append(s.targets, r.Target)
		s.left[r.Target] = append(s.left[r.Target], r)
	}
	return s
}

// of yields the receipts of targets.
func (s *receiptStack) of(targets iter.Seq[quarantine.Target]) iter.Seq[*quarantine.Receipt] {
	return func(yield func(*quarantine.Receipt) bool) {
		for t := range targets {
			if !yield(s.next(t)) {
				return
			}
		}
	}
}

func (s *receiptStack) next(t quarantine.Target) *quarantine.Receipt {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.left[t][0]
	s.left[t] = slices.Delete(s.left[t], 0, 1)
	return r
}
