package main

import (
	"cmp"
	"flag"
	"io"
	"os"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// targetFlags are the flags that name messages.
type targetFlags struct {
	flags                           *flag.FlagSet
	mailbox, group, messageID, file string
	reference                       string
	failNotFound                    bool
	criteria                        quarantine.Criteria
}

func (t *targetFlags) add(flags *flag.FlagSet) {
	t.flags = flags
	addText(flags, &t.mailbox, "mailbox", "", "primary SMTP `ADDRESS` of the mailbox")
	addText(flags, &t.messageID, "message-id", "", "`ID` from the Message-ID header, with or without angle brackets or text copied around it")
	criteriaFlags(flags, &t.criteria)
	addText(flags, &t.file, "targets", "", "`FILE` with any number of targets, CSV or JSON lines; - for standard input")
}

func (t *targetFlags) addGroup(flags *flag.FlagSet) {
	addText(flags, &t.group, "group", "", "`ADDRESS` of a group, instead of -mailbox: the mailboxes of all its members")
}

// named returns the flags that were given.
func (t *targetFlags) named() []string {
	return given(t.flags, append([]string{"mailbox", "group", "message-id", "targets"}, criteriaNames()...)...)
}

// check refuses flags that are incomplete or contradict one another.
func (t *targetFlags) check() error {
	byCriteria := given(t.flags, criteriaNames()...)
	others := given(t.flags, append([]string{"mailbox", "group", "message-id"}, criteriaNames()...)...)
	groups := t.flags.Lookup("group") != nil
	mailbox := "-mailbox"
	if groups {
		mailbox = "-mailbox (or -group)"
	}
	switch {
	case t.file != "" && len(others) > 0:
		return usagef("-targets and %s are both given; choose one way to name messages", others[0])
	case t.file != "":
		if !driver.ValidReference(t.reference) {
			return usagef("-reference is not one printable line of at most %d bytes without a blank at either end", driver.MaxReference)
		}
		return nil
	case t.mailbox != "" && t.group != "":
		return usagef("-mailbox and -group are both given; choose one, or put the mailboxes into a file for -targets")
	case t.messageID != "" && len(byCriteria) > 0:
		return usagef("-message-id and %s are both given; name a message by its ID or describe it by criteria, not both", byCriteria[0])
	case len(others) == 0:
		receipt := ""
		if t.flags.Lookup("receipt") != nil {
			receipt = "-receipt FILE with the lines that quarantine wrote, or "
		}
		return usagef("no message is named; give %s%s and -message-id, or criteria such as -sender, or -targets", receipt, mailbox)
	case t.mailbox == "" && t.group == "":
		return usagef("%s ADDRESS is missing", mailbox)
	case t.messageID == "" && len(byCriteria) == 0:
		return usagef("-message-id ID is missing; give it, or criteria such as -sender")
	}
	address := t.mailbox
	if t.group != "" {
		address = t.group
		if err := checkAddress(t.group); err != nil {
			return usagef("-group: %w", err)
		}
	}
	if err := t.target(address, "").Validate(); err != nil {
		return usageError{inFlags(err)}
	}
	return nil
}

// target returns the message that the flags name, in the given mailbox.
func (t *targetFlags) target(mailbox, reason string) quarantine.Target {
	return quarantine.Target{Mailbox: mailbox, MessageID: t.messageID, Criteria: t.criteria, Reason: reason, Reference: t.reference}
}

// read returns the targets, all of them checked, or none if a group must be expanded first.
func (t *targetFlags) read(s *session, reason string) (*targets, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	if t.group != "" {
		return nil, nil
	}
	if t.file == "" {
		return listOf([]quarantine.Target{t.target(t.mailbox, reason)}), nil
	}
	in, err := s.input(t.file)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	list, err := readTargets(in, func(one quarantine.Target) quarantine.Target {
		one.Reason, one.Reference = cmp.Or(one.Reason, reason), cmp.Or(one.Reference, t.reference)
		return one
	})
	if err != nil {
		return nil, usagef("-targets %s: %w", t.file, err)
	}
	for _, column := range list.misspelt {
		s.say("-targets %s: %s", t.file, column)
	}
	if list.separator != "" {
		s.say("-targets %s: the columns are separated by %ss, not commas", t.file, list.separator)
	}
	if list.passed > 0 {
		s.say("skipped %s that name no mailbox here", count(list.passed, "line"))
	}
	if list.repeated > 0 {
		s.say("skipped %s that repeat an earlier one", count(list.repeated, "line"))
	}
	return &list.targets, nil
}

// input opens a file, or standard input for "-".
func (s *session) input(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(s.stdin), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, usageError{err}
	}
	return f, nil
}

// targetList is the content of a file of targets.
type targetList struct {
	targets  targets
	passed   int // lines that are results without a mailbox
	repeated int // lines that repeat a target, which is reported once
	// separator is the name of the column separator, if it is not a comma.
	separator string
	misspelt  []string // messages about columns that are not read

	complete func(quarantine.Target) quarantine.Target
	seen     map[targetKey]struct{}
}

// add adds the target of a line if it is valid.
func (l *targetList) add(t quarantine.Target) error {
	if err := t.Validate(); err != nil {
		return err
	}
	t = l.complete(t)
	key := caseKey(t)
	if _, again := l.seen[key]; again {
		l.repeated++
		return nil
	}
	l.seen[key] = struct{}{}
	l.targets.add(t)
	return nil
}
