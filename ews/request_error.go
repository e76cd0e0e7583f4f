package ews

import (
	"fmt"
	"strings"
)

// requestError is a request that this package refuses to send.
type requestError struct {
	op      Operation
	mailbox string
	err     error
}

func (e *requestError) Error() string {
	var b strings.Builder
	subject(&b, e.op, e.mailbox)
	b.WriteString("nothing was sent: " + e.err.Error())
	return b.String()
}

func (e *requestError) Unwrap() error { return e.err }

// fieldError says which field of a request struct is wrong and why.
type fieldError struct {
	field  string
	reason string
}

func (e *fieldError) Error() string { return e.field + " " + e.reason }

func wrong(field, format string, args ...any) error {
	return &fieldError{field, fmt.Sprintf(format, args...)}
}

// within puts the name of the surrounding field before that of a wrong one.
func within(field string, err error) error {
	if e, ok := err.(*fieldError); ok {
		sep := "."
		if e.field == "" || e.field[0] == '[' {
			sep = ""
		}
		return &fieldError{field + sep + e.field, e.reason}
	}
	return err
}

func at(i int) string { return fmt.Sprintf("[%d]", i) }

// versionError is a request that the version which the server speaks cannot
// express.
type versionError struct {
	op      Operation
	mailbox string
	speaks  Version
	least   Version
	what    string // what needs the newer version
	err     error  // the refusal from which the version was learnt, or nil
}

func (e *versionError) Error() string {
	var b strings.Builder
	subject(&b, e.op, e.mailbox)
	fmt.Fprintf(&b, "nothing was done: %s needs schema version %v", e.what, e.least)
	if e.speaks != 0 {
		fmt.Fprintf(&b, ", and the server speaks %v at most", e.speaks)
	}
	if e.err != nil {
		b.WriteString(": " + e.err.Error())
	}
	return b.String()
}

func (e *versionError) Unwrap() []error {
	if e.err == nil {
		return []error{ErrUnsupportedVersion}
	}
	return []error{ErrUnsupportedVersion, e.err}
}
