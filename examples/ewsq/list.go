package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"iter"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/examples/internal/terminal"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

func listCommand() command {
	return command{
		name:     "list",
		csv:      true,
		summary:  "list the messages in quarantine",
		synopsis: []string{"[-mailbox ADDRESS | -mailboxes FILE] [-message-id ID] [-reference KEY]"},
		description: `
Without -server, all enabled configurations are listed at the same time; for each
server, the oldest message comes first. Items that other programs have put into the
quarantine mailbox are not shown.

With quarantineInPlace, messages stay in the mailboxes that they came from, and there
is no list of those mailboxes: name one with -mailbox, or several with -mailboxes.

A result line has the mailbox and folder that the message came from, its subject and
sender (written by an attacker: do not display them unescaped), read state, class,
size, when it was received and quarantined, the reason and reference, and where it is
now.
`,
		exit: map[int]string{
			exitDone: "Everything was listed, even if nothing is in quarantine.",
			exitSome: "The list of a server is missing or incomplete.",
		},
		examples: []example{
			{"What was taken from Alice's mailbox?", "ewsq -config exchange.json list -mailbox alice@example.test"},
		},
		prepare: func(flags *flag.FlagSet) func(context.Context, *session) error {
			var req quarantine.ListRequest
			var from mailboxFlags
			from.add(flags)
			addText(flags, &req.MessageID, "message-id", "", "only messages whose Message-ID is `ID`")
			var reference string
			addText(flags, &reference, "reference", "", "only messages taken with this `KEY` of the case")
			return func(ctx context.Context, s *session) error {
				return s.list(ctx, req, from, reference)
			}
		},
	}
}

// list lists the messages in quarantine, or only those taken with the reference if there is
// one.
func (s *session) list(ctx context.Context, req quarantine.ListRequest, from mailboxFlags, reference string) error {
	mailboxes, err := s.mailboxes(from)
	if err != nil {
		return err
	}
	if err := s.choose(); err != nil {
		return err
	}
	r, err := s.open(nil)
	if err != nil {
		return err
	}
	shown := s.follow("listing", -1, 1)
	var failed []error
	n := 0
	for it, err := range each(mailboxes, func(mailbox string) iter.Seq2[quarantine.Held, error] {
		req.Mailbox = mailbox
		return r.List(ctx, req)
	}) {
		if err != nil {
			failed = append(failed, fmt.Errorf("listing the quarantine: %w", withFlag(err, "-mailbox ADDRESS or -mailboxes FILE")))
			continue
		}
		if reference != "" && it.Reference != reference {
			continue
		}
		shown.finish(true)
		if err := s.write(held{it}, s.heldTexts(it)...); err != nil {
			shown.ended()
			return err
		}
		n++
	}
	shown.ended()
	if err := s.writeHead(held{}); err != nil {
		return err
	}
	if len(failed) > 0 {
		return errors.Join(failed...) // the number would be meaningless
	}
	s.say("%d in quarantine", n)
	return nil
}

// heldLine returns the line for people.
func (s *session) heldLine(it quarantine.Held) string {
	parts := []string{clock(it.Quarantined)}
	if s.several() {
		parts = append(parts, terminal.Cut(it.Server, 16))
	}
	parts = append(parts, fmt.Sprintf("%-28s", terminal.Cut(it.Mailbox, 28)), fmt.Sprintf("%-24s", terminal.Cut(it.Folder, 24)),
		fmt.Sprintf("%-6s", readState(it.WasRead)), fmt.Sprintf("%-50s", terminal.Cut(it.Subject, 50)), it.MessageID)
	if it.Reason != "" {
		parts = append(parts, "("+terminal.Cut(it.Reason, 60)+")")
	}
	if it.Reference != "" {
		parts = append(parts, "["+it.Reference+"]")
	}
	return strings.Join(parts, "  ")
}

// wideLine is the maximum number of columns that the line of a message in quarantine takes,
// except for long ids and reasons.
const wideLine = 160

// heldTexts returns the line for people or, where it does not fit, several.
func (s *session) heldTexts(it quarantine.Held) []string {
	if !s.both || s.columns == nil || s.columns() >= wideLine {
		return []string{s.heldLine(it)}
	}
	most := max(s.columns()-4, 20)
	lines := []string{strings.TrimSpace(clock(it.Quarantined) + "  " + it.Mailbox)}
	if s.several() {
		lines[0] += " on " + it.Server
	}
	add := func(text string) {
		if text != "" {
			lines = append(lines, "    "+terminal.Cut(text, most))
		}
	}
	add(it.Folder + " " + readState(it.WasRead) + "  " + it.Subject)
	lines = append(lines, "    "+it.MessageID) // whole, to be copied
	add(it.Reason)
	if it.Reference != "" {
		add("[" + it.Reference + "]")
	}
	return lines
}
