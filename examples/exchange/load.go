package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// loads is the value of -load: folders of messages and who gets them.
type loads []load

type load struct {
	address, dir string
}

// String returns the value as it was given.
func (l *loads) String() string {
	var parts []string
	for _, one := range *l {
		parts = append(parts, one.address+"="+one.dir)
	}
	return strings.Join(parts, " ")
}

// Set adds a folder.
func (l *loads) Set(s string) error {
	address, dir, ok := strings.Cut(s, "=")
	local, domain, at := strings.Cut(address, "@")
	if !ok || dir == "" || !at || local == "" || domain == "" {
		return errors.New("must be ADDRESS=DIR, such as alice@example.test=messages")
	}
	*l = append(*l, load{address, dir})
	return nil
}

// deliver delivers every *.eml in the folders, in the order of their names, and
// returns a line about each folder.
func (l loads) deliver(srv *ewstest.Server, to *targets) ([]string, error) {
	var lines []string
	for _, one := range l {
		messages, err := one.read()
		if err != nil {
			return nil, fmt.Errorf("-load: %w", err)
		}
		boxes, known := srv.Recipients(one.address)
		switch {
		case !known:
			boxes = []*ewstest.Mailbox{srv.Mailbox(one.address)}
		case len(boxes) == 0:
			return nil, fmt.Errorf("-load: %s is a list in which nobody has a mailbox", one.address)
		}
		for _, box := range boxes {
			for _, eml := range messages {
				m := box.Deliver(eml)
				if m == nil { // a policy of the scenario has removed it
					continue
				}
				if err := to.add(box.Address(), m.MessageID); err != nil {
					return nil, err
				}
			}
		}
		what, where := fmt.Sprintf("%d messages from %s are", len(messages), one.dir), "in the Inbox of "+boxes[0].Address()
		if len(messages) == 1 {
			what = fmt.Sprintf("1 message from %s is", one.dir)
		}
		switch {
		case !known:
			where += ", a mailbox that was created for this"
		case len(boxes) > 1:
			where = fmt.Sprintf("in each of the %d Inboxes of the list %s", len(boxes), one.address)
		}
		lines = append(lines, what+" "+where)
	}
	return lines, nil
}

// read returns the messages in the folder.
func (l load) read() ([][]byte, error) {
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return nil, err
	}
	var messages [][]byte
	for _, e := range entries {
		if e.IsDir() || !strings.EqualFold(filepath.Ext(e.Name()), ".eml") {
			continue
		}
		eml, err := os.ReadFile(filepath.Join(l.dir, e.Name()))
		if err != nil {
			return nil, err
		}
		messages = append(messages, eml)
	}
	if len(messages) == 0 {
		return nil, fmt.Errorf("%s contains no *.eml", l.dir)
	}
	return messages, nil
}
