package main

import (
	"fmt"
	"io"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/examples/internal/terminal"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// story tells what happens on a server.
type story struct {
	out      io.Writer
	srv      *ewstest.Server
	requests func() int
	steps    int
}

func (s *story) step(format string, args ...any) {
	s.steps++
	fmt.Fprintf(s.out, "%d. %s\n\n", s.steps, fmt.Sprintf(format, args...))
}

// table shows the contents of the mailboxes as their owners see them.
func (s *story) table() {
	for _, address := range []string{alice, bob, carol, quarantineBox} {
		fmt.Fprintf(s.out, "   %s\n", address)
		messages := s.visible(address)
		if len(messages) == 0 {
			fmt.Fprint(s.out, "      (nothing)\n")
		}
		for _, m := range messages {
			dot := "●"
			if m.Read {
				dot = "○"
			}
			fmt.Fprintf(s.out, "      %-14s %s %s\n", terminal.Cut(m.Folder, 14), dot, terminal.Cut(m.Subject, 56))
		}
	}
	fmt.Fprintln(s.out)
}

// receipt shows a receipt and returns an error if it is not as expected.
func (s *story) receipt(r *quarantine.Receipt, want quarantine.Outcome) error {
	if err := r.Err(); err != nil {
		return err
	}
	if len(r.Items) == 0 {
		return fmt.Errorf("%s: nothing was found", r.Target.Mailbox)
	}
	for _, it := range r.Items {
		by := ""
		if it.Way != "" {
			by = " by " + string(it.Way)
		}
		state := "unread"
		if it.WasRead {
			state = "read"
		}
		fmt.Fprintf(s.out, "   %-19s %s%s: %s, %s\n", r.Target.Mailbox, it.Outcome, by, terminal.Escape(it.Folder), state)
		if it.Outcome != want {
			return fmt.Errorf("%s: the outcome is %s, not %s", r.Target.Mailbox, it.Outcome, want)
		}
	}
	return nil
}

// epilogue reports what cannot be seen in the mailboxes.
func (s *story) epilogue() error {
	if n := s.srv.Notices(); len(n) > 0 {
		return fmt.Errorf("%d notices were sent, the first of them a %s to %s", len(n), n[0].Kind, n[0].To)
	}
	for _, address := range []string{alice, bob, carol} {
		if n := s.recoverable(address); n > 0 {
			return fmt.Errorf("the owner of %s could recover %d copies", address, n)
		}
	}
	fmt.Fprintf(s.out, "   Checked on the server itself: bob's message is byte for byte the one he had, and still\n"+
		"   unread; every other message is where it was. Nobody was notified, and nobody can recover\n"+
		"   a copy from Deleted Items. It took %d requests.\n", s.requests())
	fmt.Fprint(s.out, "\n\n")
	return nil
}
