package ews

import "errors"

// misfit returns the error for an answer that cannot be the one to the request: the
// answer to another request, or to two. Nothing is then known about this request, as if
// its answer had been lost. Sent again, it may get the right answer, but not on this
// connection.
func (a *answer) misfit(detail string) error {
	a.line.distrust()
	e := &DecodeError{Operation: a.op, Mailbox: a.client.mailbox, Err: misfitError(detail)}
	if a.d != nil {
		e.Path, e.Offset = a.sent.Strike(a.d.Path()), a.d.Offset()
	}
	return &TransportError{Operation: a.op, Mailbox: a.client.mailbox, URL: a.client.place(), Err: e}
}

// misfitError explains why an answer cannot be the one to the request.
type misfitError string

func (e misfitError) Error() string { return string(e) }

func misfits(err error) bool {
	_, ok := errors.AsType[misfitError](err)
	return ok
}

// about returns an error if an answer about an item or folder contains the id of another
// one. Servers may leave ids out.
func (a *answer) about(asked, got string) error {
	if got == "" || sameItem(asked, got) {
		return nil
	}
	return a.misfit("it is about another item or folder than the one requested")
}
