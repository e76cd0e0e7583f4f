package quarantine

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// ServerError is an error from one of the services of a [Router].
type ServerError struct {
	Server string // name of the service
	Err    error
}

// Error returns the message, prefixed with the server name.
func (e *ServerError) Error() string { return fmt.Sprintf("server %q: %v", e.Server, e.Err) }

// Unwrap returns the underlying error.
func (e *ServerError) Unwrap() error { return e.Err }

// onServer adds the server name to an error, nil for nil.
func onServer(rt *route, err error) error {
	if err == nil || rt.name() == "" {
		return err
	}
	return &ServerError{Server: rt.name(), Err: err}
}

// RouteError reports why it is not known which service has a mailbox. It matches
// [ErrUnreachable] if none has it, or several have, but not if one that could not tell
// may have it.
type RouteError struct {
	Mailbox string
	// Several lists the servers that have the mailbox, if there is more than one.
	Several []string
	// Answers lists what the others answered, in the order of the routes.
	Answers []*ServerError
}

// Error returns the reason and all answers.
func (e *RouteError) Error() string {
	var b strings.Builder
	b.WriteString("quarantine: " + e.Mailbox + ": ")
	switch {
	case len(e.Several) > 0:
		fmt.Fprintf(&b, "the servers %q all have this mailbox; add the address to mailboxes of the right one", e.Several)
	case len(e.Answers) == 0:
		b.WriteString("no configuration covers this mailbox; add its domain to domains of one, or its address to mailboxes")
	default:
		b.WriteString("no server has this mailbox")
	}
	for _, a := range e.Answers {
		b.WriteString("; " + a.Error())
	}
	return b.String()
}

// Is reports whether target is [ErrUnreachable] and there are no servers that
// could not tell.
func (e *RouteError) Is(target error) bool {
	return target == ErrUnreachable && (len(e.Several) > 0 || len(e.undecided()) == 0)
}

// Unwrap returns the answers that matter: those of servers that could not tell,
// if any, because one of them may have the mailbox; otherwise all.
func (e *RouteError) Unwrap() []error {
	if undecided := e.undecided(); len(undecided) > 0 {
		return undecided
	}
	var all []error
	for _, a := range e.Answers {
		all = append(all, a)
	}
	return all
}

// undecided returns the answers of servers that could not tell.
func (e *RouteError) undecided() (undecided []error) {
	for _, a := range e.Answers {
		if !absent(a.Err) {
			undecided = append(undecided, a)
		}
	}
	return undecided
}

// absent reports whether a server answered that it does not have a mailbox, or
// that the account may not open it, which a server may not distinguish.
func absent(err error) bool {
	if errors.Is(err, ErrUnreachable) || errors.Is(err, ErrGone) {
		return true
	}
	cause := driver.CauseOf(err)
	return cause == driver.CauseNoMailbox || cause == CauseNotFound
}

// movedAway reports whether an error is what a server returns once a mailbox
// has left it.
func movedAway(err error) bool {
	cause := driver.CauseOf(err)
	return errors.Is(err, ErrUnreachable) || cause == driver.CauseNoMailbox || cause == driver.CauseMoving
}

// leftBehind returns the error in a receipt that shows that the mailbox has
// moved away during the work, or nil.
func (r *Receipt) leftBehind() error {
	for _, it := range r.Items {
		if it.Err != nil && movedAway(it.Err) {
			return it.Err
		}
	}
	return nil
}
