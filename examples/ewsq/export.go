package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

func exportCommand() command {
	return command{
		name:     "export",
		argument: true,
		summary:  "write a message in quarantine into a file",
		synopsis: []string{"ID -out FILE.eml [-mailbox ADDRESS]"},
		description: `
ID is the operation of a message, as given by list and the receipts, or its
Message-ID if there is only one copy of it; -mailbox chooses among several. The
message is streamed into the file, which must not exist yet, and which only its owner
can read. Nothing is changed on the server.

The result line has the SHA-256 of the file. The file contains the message as the
server writes it now, from the properties that it keeps, and not the bytes that the
sender sent. It is as dangerous as ever: do not open it with a mail program.
`,
		exit: map[int]string{
			exitDone: "The file is complete.",
			exitSome: "No file was written: the message is not in quarantine, or could not be read in full.",
		},
		examples: []example{{"For the analyst:", "ewsq -config exchange.json export \\\n    '<20261124.1@evil.example>' -out evidence.eml"}},
		prepare: func(flags *flag.FlagSet) func(context.Context, *session) error {
			var mailbox, out string
			addText(flags, &out, "out", "", "write the message into this `FILE`")
			addText(flags, &mailbox, "mailbox", "", "the copy taken from the mailbox `ADDRESS`")
			return func(ctx context.Context, s *session) error {
				id, err := s.message()
				if err != nil {
					return err
				}
				if err := checkOut(out); err != nil {
					return err
				}
				return s.export(ctx, id, mailbox, out)
			}
		},
	}
}

// exportLine is the result line of export.
type exportLine struct {
	Server    string `json:"server,omitempty"`
	Operation string `json:"operation"`
	Mailbox   string `json:"mailbox"`
	MessageID string `json:"messageId"`
	File      string `json:"file"`
	quarantine.Exported
}

func (s *session) export(ctx context.Context, id, mailbox, out string) error {
	exists := usagef("-out %s: exists; evidence is not overwritten: give another name", out)
	if _, err := os.Lstat(out); err == nil {
		return exists // known before the server is asked
	}
	all, r, err := s.heldBy(ctx, id, mailbox)
	switch {
	case err != nil:
		return err
	case len(all) > 1:
		for _, h := range all {
			s.say("    %s  %s  %s", h.Operation, h.Mailbox, h.Folder)
		}
		return usagef("%d copies of %s are in quarantine; name one by its operation, or by -mailbox", len(all), id)
	}
	h := all[0]
	var got quarantine.Exported
	err = writeNew(out, func(w *bufio.Writer) error {
		var err error
		got, err = r.Export(ctx, h, w)
		return err
	})
	if errors.Is(err, fs.ErrExist) {
		return exists
	}
	if err != nil {
		return fmt.Errorf("exporting %s: %w", h.Operation, err)
	}
	return s.write(exportLine{h.Server, h.Operation, h.Mailbox, h.MessageID, out, got},
		fmt.Sprintf("%s: %d bytes, SHA-256 %s, as the server writes the message now", out, got.Size, got.SHA256))
}
