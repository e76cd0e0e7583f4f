package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

func showCommand() command {
	return command{
		name:     "show",
		csv:      true,
		argument: true,
		summary:  "show what is known about a message in quarantine",
		synopsis: []string{"ID [-mailbox ADDRESS]"},
		description: `
ID is the operation of a message, as given by list and the receipts, or its
Message-ID; with the latter, every copy of it is shown. The result is where it came
from, its subject and sender (written by an attacker: do not display them unescaped),
whether it had been read, when it was received and taken, why, and where it is now.
`,
		exit: map[int]string{
			exitDone: "The message was shown.",
			exitSome: "The message is not in quarantine, or a server could not be asked.",
		},
		examples: []example{{"What is this?", "ewsq -config exchange.json show '<20261124.1@evil.example>'"}},
		prepare: func(flags *flag.FlagSet) func(context.Context, *session) error {
			var mailbox string
			addText(flags, &mailbox, "mailbox", "", "only the copy taken from the mailbox `ADDRESS`")
			return func(ctx context.Context, s *session) error {
				id, err := s.message()
				if err != nil {
					return err
				}
				all, _, err := s.heldBy(ctx, id, mailbox)
				for _, h := range all {
					if err := s.write(held{h}, heldLines(h)...); err != nil {
						return err
					}
				}
				return err
			}
		},
	}
}

// message returns the argument of a command, which names a message in quarantine.
func (s *session) message() (string, error) {
	switch {
	case len(s.arguments) == 0:
		return "", usagef("ID is missing; give the operation of the message, as list has it, or its Message-ID")
	case len(s.arguments) > 1:
		return "", usagef("unexpected second argument %q; flags begin with a hyphen, and a value with spaces needs quotes", s.arguments[1])
	case strings.TrimSpace(s.arguments[0]) == "":
		return "", usagef("ID is empty")
	}
	return s.arguments[0], nil
}

// heldBy returns the messages in quarantine with an operation or a Message-ID, and the
// router that listed them.
func (s *session) heldBy(ctx context.Context, id, mailbox string) ([]quarantine.Held, *quarantine.Router, error) {
	if mailbox != "" {
		if err := checkAddress(mailbox); err != nil {
			return nil, nil, usagef("-mailbox: %w", err)
		}
	}
	if err := s.choose(); err != nil {
		return nil, nil, err
	}
	r, err := s.open(nil)
	if err != nil {
		return nil, nil, err
	}
	req := quarantine.ListRequest{Mailbox: mailbox}
	if !driver.ValidOperation(id) {
		req.MessageID = id
	}
	var all []quarantine.Held
	var failed []error
	for h, err := range r.List(ctx, req) {
		switch {
		case err != nil:
			failed = append(failed, fmt.Errorf("listing the quarantine: %w", withFlag(err, "-mailbox ADDRESS")))
		case req.MessageID != "" || h.Operation == id:
			all = append(all, h)
		}
	}
	if len(all) == 0 && len(failed) == 0 {
		failed = append(failed, fmt.Errorf("%s is not in quarantine", id))
	}
	return all, r, errors.Join(failed...)
}

// heldLines returns the lines for people.
func heldLines(h quarantine.Held) []string {
	lines := []string{h.MessageID}
	add := func(name, value string) {
		if value != "" {
			lines = append(lines, fmt.Sprintf("    %-12s %s", name, value))
		}
	}
	add("operation", h.Operation)
	add("server", h.Server)
	add("from", h.Sender)
	add("subject", h.Subject)
	add("mailbox", h.Mailbox)
	add("folder", h.Folder)
	add("was", readState(h.WasRead))
	if !h.Received.IsZero() {
		add("received", clock(h.Received))
	}
	add("taken", clock(h.Quarantined))
	add("reason", h.Reason)
	add("reference", h.Reference)
	add("class", h.Class)
	add("size", fmt.Sprintf("%d bytes", h.Size))
	add("is now in", h.Place.Folder.Path)
	switch h.Direction {
	case driver.ToUser:
		add("state", "a restore of it has begun")
	case driver.Surplus:
		add("state", "a copy that nobody needs")
	}
	return lines
}
