package ewsmail

import (
	"errors"
	"net/http"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// The methods in the batch_ files do for several items of the mailbox, with one request,
// what their counterparts do for one item. Package gather calls them. See
// [driver.BatchFinder].
var (
	_ driver.BatchFinder    = (*mailbox)(nil)
	_ driver.BatchInspector = (*mailbox)(nil)
	_ driver.BatchMarker    = (*mailbox)(nil)
	_ driver.BatchRemover   = (*mailbox)(nil)
	_ driver.BatchSweeper   = (*mailbox)(nil)
	_ driver.BatchReader    = (*mailbox)(nil)
	_ driver.BatchCarrier   = strategy{}
)

// alone is the reply for a member that must be requested on its own.
func alone[T any]() driver.Reply[T] { return driver.Reply[T]{Err: driver.ErrAlone} }

// refuse gives the members the error of the whole request. If the error may be due to one
// of several members, each of them is to be requested on its own instead.
func refuse[T any](replies []driver.Reply[T], members []int, err error, ofOne bool) {
	for _, i := range members {
		if ofOne && len(members) > 1 {
			replies[i] = alone[T]()
			continue
		}
		replies[i].Err = translate(err)
	}
}

// ofOneRead reports whether a read-only request may have failed because of one of its
// members, in which case the others are worth requesting on their own. It may not if the
// fault lies with the server, the mailbox or the account, or if the server is busy. A
// request that gets no answer within a minute may simply have been too large.
func ofOneRead(err error) bool {
	if refused, ok := errors.AsType[*ews.ResponseError](err); ok {
		if refused.Code == "ErrorTimeoutExpired" {
			return true
		}
		switch ews.Class(refused.Code) {
		case ews.ClassRequest, ews.ClassItem, ews.ClassUnknown, ews.ClassAmbiguous, ews.ClassSkipped:
			return !ews.IsThrottled(err)
		}
		return false
	}
	if page, ok := errors.AsType[*ews.HTTPError](err); ok {
		switch page.Status {
		case http.StatusBadRequest, http.StatusNotFound, http.StatusRequestEntityTooLarge, http.StatusInternalServerError:
			return true
		}
		return false
	}
	if _, ok := errors.AsType[*ews.TransportError](err); ok {
		return false
	}
	if _, ok := errors.AsType[*ews.DecodeError](err); ok {
		return true
	}
	return ews.NotSent(err) // a field of the request cannot be sent
}

// ofOneWrite is ofOneRead for a request that writes: it also requires that the server has
// certainly done nothing for any of the members.
func ofOneWrite(err error) bool { return unexecuted(err) && ofOneRead(err) }

// skipped reports whether the server did not get to a member of a batch because it
// stopped at an earlier one.
func skipped(err error) bool { return errors.Is(err, ews.ErrNotProcessed) && unexecuted(err) }
