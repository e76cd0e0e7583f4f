package ews

import "errors"

// misfit returns the error for an answer that cannot be the one to the request: the
// answer of another request, or of two. Then nothing is known about this request, as
// if its answer had been lost. The right one may come if it is sent again, but not
// on this connection.
func (a *answer) misfit(detail string) error {
	a.line.distrust()
	e := &DecodeError{Operation: a.op, Mailbox: a.client.mailbox, Err: misfitError(detail)}
	if a.d != nil {
		e.Path, e.Offset = a.sent.Strike(a.d.Path()), a.d.Offset()
	}
	return &TransportError{Operation: a.op, Mailbox: a.client.mailbox, URL: a.client.place(), Err: e}
}

// misfitError says why an answer cannot be the one to the request.
type misfitError string

func (e misfitError) Error() string { return string(e) }

func misfits(err error) bool {
	_, ok := errors.AsType[misfitError](err)
	return ok
}

// about returns an error if an answer about an item or folder gives the id of
// another one. Servers may leave ids out.
func (a *answer) about(asked, got string) error {
	if got == "" || sameItem(asked, got) {
		return nil
	}
	return a.misfit("it is about another item or folder than the one requested")
}
