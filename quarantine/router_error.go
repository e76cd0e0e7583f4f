package quarantine

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// ErrNoRoute matches a mailbox for which a [Router] found no service, or more
// than one; see [RouteError].
var ErrNoRoute = errors.New("quarantine: no server for the mailbox")

// ServerError is an error of one of the services of a [Router].
type ServerError struct {
	Server string // the name of the configuration
	Err    error
}

// Error returns the message with the name before it.
func (e *ServerError) Error() string { return fmt.Sprintf("server %q: %v", e.Server, e.Err) }

// Unwrap returns the cause.
func (e *ServerError) Unwrap() error { return e.Err }

// onServer returns an error with the name of the server, nil for nil.
func onServer(rt *route, err error) error {
	if err == nil || rt.name() == "" {
		return err
	}
	return &ServerError{Server: rt.name(), Err: err}
}

// RouteError says why it is not known which service has a mailbox. It matches
// [ErrNoRoute].
type RouteError struct {
	Mailbox string
	// Several are the servers that all have it, if there are several.
	Several []string
	// Answers are what the others said, in the order of the configurations.
	Answers []*ServerError
}

// Error returns all answers.
func (e *RouteError) Error() string {
	var b strings.Builder
	b.WriteString("quarantine: " + e.Mailbox + ": ")
	switch {
	case len(e.Several) > 0:
		fmt.Fprintf(&b, "the servers %q all have this mailbox; put the address into mailboxes of the one that is meant", e.Several)
	case len(e.Answers) == 0:
		b.WriteString("no configuration is for this mailbox; add its domain to domains of one, or its address to mailboxes")
	default:
		b.WriteString("no server has this mailbox")
	}
	for _, a := range e.Answers {
		b.WriteString("; " + a.Error())
	}
	return b.String()
}

// Is reports whether target is [ErrNoRoute].
func (e *RouteError) Is(target error) bool { return target == ErrNoRoute }

// Unwrap returns the answers that decide what to do: those of servers that
// could not say, if there are any, because one of them may have the mailbox;
// otherwise all.
func (e *RouteError) Unwrap() []error {
	var undecided, all []error
	for _, a := range e.Answers {
		all = append(all, a)
		if !absent(a.Err) {
			undecided = append(undecided, a)
		}
	}
	if len(undecided) > 0 {
		return undecided
	}
	return all
}

// absent reports whether a server says that it does not have a mailbox, or that
// the account may not open it, which Exchange does not tell apart.
func absent(err error) bool {
	if errors.Is(err, ErrUnreachable) || errors.Is(err, ErrGone) {
		return true
	}
	cause := driver.CauseOf(err)
	return cause == driver.CauseNoMailbox || cause == CauseNotFound
}

// movedAway reports whether an error is what a server answers after a mailbox
// has left it.
func movedAway(err error) bool {
	cause := driver.CauseOf(err)
	return errors.Is(err, ErrUnreachable) || cause == driver.CauseNoMailbox || cause == driver.CauseMoving
}

// leftBehind returns the error of a receipt that tells that the mailbox moved
// away while it was worked on, nil if none does.
func (r *Receipt) leftBehind() error {
	for _, it := range r.Items {
		if it.Err != nil && movedAway(it.Err) {
			return it.Err
		}
	}
	return nil
}
