package ews

import (
	"fmt"
	"strconv"
	"strings"
)

// requestError reports a request that this package refuses to send.
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

// fieldError reports which field of a request struct is wrong, and why.
type fieldError struct {
	field  string
	reason string
}

func (e *fieldError) Error() string { return e.field + " " + e.reason }

func wrong(field, format string, args ...any) error {
	return &fieldError{field, fmt.Sprintf(format, args...)}
}

// within prefixes the field in err with the name of the field that contains it.
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

func at(i int) string { return "[" + strconv.Itoa(i) + "]" }

// versionError reports a request that the server's schema version cannot
// express.
type versionError struct {
	op      Operation
	mailbox string
	speaks  Version
	least   Version
	what    string // what needs the newer version
	err     error  // the refusal that revealed the version, or nil
}

func (e *versionError) Error() string {
	var b strings.Builder
	subject(&b, e.op, e.mailbox)
	fmt.Fprintf(&b, "nothing was done: %s needs schema version %v", e.what, e.least)
	if e.speaks != 0 {
		fmt.Fprintf(&b, ", but the server speaks at most %v", e.speaks)
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
