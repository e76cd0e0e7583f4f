package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// fill is the value of -fill: how many mailboxes to create, and how many messages in each.
type fill struct{ mailboxes, messages int }

// mostFilled is the maximum number of messages, and of mailboxes, that -fill creates: they are
// all in memory.
const mostFilled = 1_000_000

// String returns the value as it was given.
func (f *fill) String() string {
	if *f == (fill{}) {
		return ""
	}
	return fmt.Sprintf("%dx%d", f.mailboxes, f.messages)
}

// Set reads the value.
func (f *fill) Set(s string) error {
	boxes, each, ok := strings.Cut(s, "x")
	n, err := strconv.Atoi(boxes)
	m, err2 := strconv.Atoi(each)
	if !ok || err != nil || err2 != nil || n < 1 || m < 0 {
		return errors.New("must be MAILBOXESxMESSAGES, such as 1000x5")
	}
	if n > mostFilled || m > mostFilled/n {
		return fmt.Errorf("must not be more than %d messages, or mailboxes, in all", mostFilled)
	}
	*f = fill{n, m}
	return nil
}

// deliver creates the mailboxes and their messages, and returns a line about them.
func (f fill) deliver(srv *ewstest.Server, to *targets) ([]string, error) {
	if f == (fill{}) {
		return nil, nil
	}
	address := func(i int) string { return fmt.Sprintf("user%05d@%s", i+1, srv.Domain()) }
	for i := range f.mailboxes {
		var err error
		srv.Mailbox(address(i)).Fill(f.messages, func(n int) ([]byte, ewstest.Delivery) {
			id := fmt.Sprintf("<%05d.%d@evil.example>", i+1, n+1)
			err = errors.Join(err, to.add(address(i), id))
			return fmt.Appendf(nil, "From: Mallory <mallory@evil.example>\r\nTo: %s\r\nSubject: Invoice %d for %d\r\n"+
				"Date: Tue, 24 Nov 2026 10:00:00 +0000\r\nMessage-ID: %s\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"+
				"Please pay the attached invoice within %d days: https://evil.example/pay?user=%d\r\n", address(i), n+1, i+1, id, n+1, i+1), ewstest.Delivery{}
		})
		if err != nil {
			return nil, err
		}
	}
	return []string{fmt.Sprintf("%d mailboxes from %s to %s have %d messages in the Inbox of each", f.mailboxes, address(0), address(f.mailboxes-1), f.messages)}, nil
}
