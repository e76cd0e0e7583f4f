package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"iter"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// mailboxFlags name the mailboxes that messages in quarantine came from.
type mailboxFlags struct{ one, file string }

func (m *mailboxFlags) add(flags *flag.FlagSet) {
	addText(flags, &m.one, "mailbox", "", "only messages taken from the mailbox `ADDRESS`")
	addText(flags, &m.file, "mailboxes", "", "only messages taken from the mailboxes in `FILE`, one address per line; - for standard input")
}

// mailboxes returns the addresses, or a single empty address for all mailboxes.
func (s *session) mailboxes(m mailboxFlags) ([]string, error) {
	switch {
	case m.one != "" && m.file != "":
		return nil, usagef("-mailbox and -mailboxes are both given; choose one")
	case m.file == "" && m.one != "":
		if err := checkAddress(m.one); err != nil {
			return nil, usagef("-mailbox: %w", err)
		}
	}
	if m.file == "" {
		return []string{m.one}, nil
	}
	in, err := s.input(m.file)
	if err != nil {
		return nil, usagef("-mailboxes: %w", err)
	}
	defer in.Close()
	var all []string
	seen := make(map[string]bool)
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		address := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if address == "" || address[0] == '#' || seen[strings.ToLower(address)] {
			continue
		}
		if err := checkAddress(address); err != nil {
			return nil, usagef("-mailboxes %s, line %d: %w", m.file, n, err)
		}
		seen[strings.ToLower(address)] = true
		all = append(all, address)
	}
	if err := lines.Err(); err != nil {
		return nil, usagef("-mailboxes %s: %w", m.file, err)
	}
	if len(all) == 0 {
		return nil, usagef("-mailboxes %s: has no address; leave -mailboxes out for all mailboxes", m.file)
	}
	return all, nil
}

// withFlag adds the flags that name a mailbox to an error which says that one must be named.
func withFlag(err error, flags string) error {
	if bad, ok := errors.AsType[*quarantine.InvalidError](err); ok && bad.Field == "mailbox" {
		return fmt.Errorf("%w, with %s", err, flags)
	}
	return err
}

// each yields the entries of one mailbox after another.
func each[T any](mailboxes []string, of func(string) iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, mailbox := range mailboxes {
			for it, err := range of(mailbox) {
				if !yield(it, err) {
					return
				}
			}
		}
	}
}
