package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/ewsquarantine/ewsquarantine/examples/internal/terminal"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

func listCommand() command {
	return command{
		name:     "list",
		summary:  "list the messages in quarantine",
		synopsis: []string{"[-mailbox ADDRESS] [-message-id ID]"},
		description: `
Without -server, all enabled configurations are listed at the same time; for each
server, the oldest message comes first. Items that other programs have put into the
quarantine mailbox are not shown.

A result line has the mailbox and folder that the message came from, its subject
(written by an attacker: do not display it unescaped), read state, class, size, when
it was received and quarantined, the reason, and where it is now.
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
			addText(flags, &req.Mailbox, "mailbox", "", "only messages taken from the mailbox `ADDRESS`")
			addText(flags, &req.MessageID, "message-id", "", "only messages whose Message-ID is `ID`")
			return func(ctx context.Context, s *session) error {
				if req.Mailbox != "" {
					if err := checkAddress(req.Mailbox); err != nil {
						return usagef("-mailbox: %w", err)
					}
				}
				return s.list(ctx, req)
			}
		},
	}
}

// listed is the result line for one item in quarantine.
type listed struct {
	Server      string           `json:"server,omitempty"`
	Mailbox     string           `json:"mailbox"` // where it came from
	MessageID   string           `json:"messageId"`
	Subject     string           `json:"subject"`
	Folder      string           `json:"folder"` // where it came from
	WasRead     bool             `json:"wasRead"`
	Class       string           `json:"class"`
	Size        int64            `json:"size"`
	Received    time.Time        `json:"received,omitzero"`
	Quarantined time.Time        `json:"quarantined"`
	Reason      string           `json:"reason,omitempty"`
	Operation   string           `json:"operation"`
	Place       quarantine.Place `json:"place"` // where it is now
	Direction   driver.Direction `json:"direction"`
}

func (s *session) list(ctx context.Context, req quarantine.ListRequest) error {
	if err := s.choose(); err != nil {
		return err
	}
	r, err := s.open(0)
	if err != nil {
		return err
	}
	shown := s.follow("listing", -1, 1)
	var failed []error
	n := 0
	for it, err := range r.List(ctx, req) {
		if err != nil {
			failed = append(failed, fmt.Errorf("listing the quarantine: %w", err))
			continue
		}
		line := listedOf(it.Server, it.Item)
		text := fmt.Sprintf("%s  %-28s  %-50s  %s", line.Quarantined.Local().Format("2006-01-02 15:04"),
			terminal.Cut(line.Mailbox, 28), terminal.Cut(line.Subject, 50), line.MessageID)
		if err := s.write(line, text); err != nil {
			shown.ended()
			return err
		}
		shown.finish(true)
		n++
	}
	shown.ended()
	if len(failed) > 0 {
		return errors.Join(failed...) // the number would be meaningless
	}
	s.say("%d in quarantine", n)
	return nil
}

func listedOf(server string, it driver.Item) listed {
	line := listed{
		Server: server, MessageID: it.MessageID, Subject: it.Subject, Class: it.Class, Size: it.Size, Received: it.Received,
		Place: quarantine.Place{Mailbox: it.Mailbox, Folder: it.Folder, ItemID: it.ID},
	}
	if st := it.Stamp; st != nil {
		line.Mailbox, line.Folder, line.WasRead = st.Mailbox, st.Folder.Path, st.Read
		line.Quarantined, line.Reason, line.Operation, line.Direction = st.At, st.Reason, st.Operation, st.Direction
	}
	return line
}
