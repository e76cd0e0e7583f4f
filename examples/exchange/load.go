package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// loads is the value of -load: folders of messages and the mailboxes they go to.
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
func (l loads) deliver(srv *ewstest.Server) ([]string, error) {
	var lines []string
	for _, one := range l {
		entries, err := os.ReadDir(one.dir)
		if err != nil {
			return nil, fmt.Errorf("-load: %w", err)
		}
		before := len(srv.Mailboxes())
		mailbox := srv.Mailbox(one.address)
		made := len(srv.Mailboxes()) > before
		n := 0
		for _, e := range entries {
			if e.IsDir() || !strings.EqualFold(filepath.Ext(e.Name()), ".eml") {
				continue
			}
			eml, err := os.ReadFile(filepath.Join(one.dir, e.Name()))
			if err != nil {
				return nil, fmt.Errorf("-load: %w", err)
			}
			mailbox.Deliver(eml)
			n++
		}
		if n == 0 {
			return nil, fmt.Errorf("-load: %s contains no *.eml", one.dir)
		}
		line := fmt.Sprintf("%d messages from %s are in the Inbox of %s", n, one.dir, one.address)
		if n == 1 {
			line = fmt.Sprintf("1 message from %s is in the Inbox of %s", one.dir, one.address)
		}
		if made {
			line += ", a mailbox that was made now"
		}
		lines = append(lines, line)
	}
	return lines, nil
}
