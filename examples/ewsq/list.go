package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"github.com/ewsquarantine/ewsquarantine/examples/internal/terminal"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

func listCommand() command {
	return command{
		name:      "list",
		arguments: "[-mailbox ADDRESS] [-message-id ID]",
		summary:   "list what lies in quarantine",
		help: `
Oldest first. Without -server all enabled configurations are listed. What other
programs have put into the quarantine mailbox is not shown.
`,
		prepare: func(flags *flag.FlagSet) func(context.Context, *session) error {
			var req quarantine.ListRequest
			flags.StringVar(&req.Mailbox, "mailbox", "", "only what came from this `ADDRESS`")
			flags.StringVar(&req.MessageID, "message-id", "", "only the message of this `ID`")
			return func(ctx context.Context, s *session) error { return s.list(ctx, req) }
		},
	}
}

// listed is the line of one item in quarantine.
type listed struct {
	Server      string               `json:"server,omitempty"`
	Mailbox     string               `json:"mailbox"` // where it came from
	MessageID   string               `json:"messageId"`
	Subject     string               `json:"subject"`
	Folder      string               `json:"folder"` // where it came from
	WasRead     bool                 `json:"wasRead"`
	Class       string               `json:"class"`
	Size        int64                `json:"size"`
	Received    time.Time            `json:"received,omitzero"`
	Quarantined time.Time            `json:"quarantined"`
	Reason      string               `json:"reason,omitempty"`
	Operation   string               `json:"operation"`
	Place       quarantine.Place     `json:"place"` // where it is now
	Direction   quarantine.Direction `json:"direction"`
}

func (s *session) list(ctx context.Context, req quarantine.ListRequest) error {
	configs, err := s.selected()
	if err != nil {
		return err
	}
	failed := false
	n := 0
	for i := range configs {
		q, err := s.open(&configs[i])
		if err != nil {
			return err
		}
		for it, err := range q.List(ctx, req) {
			if err != nil {
				s.say("ewsq: listing %s: %v", configs[i].QuarantineMailbox, err)
				failed = true
				break
			}
			line := listedOf(configs[i].Name, it)
			text := fmt.Sprintf("%s  %-28s  %-50s  %s", line.Quarantined.Local().Format("2006-01-02 15:04"),
				terminal.Cut(line.Mailbox, 28), terminal.Cut(line.Subject, 50), line.MessageID)
			if err := s.write(line, text); err != nil {
				return err
			}
			n++
		}
	}
	if failed {
		return errSome // the number would mean nothing
	}
	s.say("%d in quarantine", n)
	return nil
}

func listedOf(server string, it quarantine.Item) listed {
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
