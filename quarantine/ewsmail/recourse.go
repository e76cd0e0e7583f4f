package ewsmail

import (
	"context"
	"errors"
	"net/http"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// next is what to do after one way has failed.
type next int

const (
	final             next = iota // no other way would help, or this one may work later
	otherWay                      // certainly nothing was done: try the next way
	otherWayIfThere               // try the next way, unless the item or the folder is gone
	otherWayAfterLook             // try the next way, once it is certain that nothing was done
	otherWayNextTime              // certainly nothing was done: try this way again, but only once
)

// blame is what a failure implies for other items.
type blame int

const (
	blameItem blame = iota // nothing: another item may still go this way
	blamePair              // no item goes this way between these two mailboxes
)

// recourseAfter returns what to do after a way has failed.
func recourseAfter(way driver.Way, err error) (next, blame) {
	if errors.Is(err, ews.ErrUnsupportedVersion) {
		return otherWay, blamePair
	}
	if failed, ok := errors.AsType[sourceFailed](err); ok {
		return afterSource(failed)
	}
	if refused, ok := errors.AsType[*ews.ResponseError](err); ok {
		return afterRefusal(way, refused)
	}
	if page, ok := errors.AsType[*ews.HTTPError](err); ok {
		return afterPage(page)
	}
	if errors.Is(err, ews.ErrNotProcessed) {
		return otherWayAfterLook, blameItem // an answer without a response message
	}
	return final, blameItem
}

// afterSource is recourseAfter for an item that could not be read. Reading changes
// nothing, so any refusal leads to the next way, which is pointless only if the server
// cannot answer anything at the moment.
func afterSource(failed sourceFailed) (next, blame) {
	err := failed.error
	switch {
	case errors.Is(err, driver.ErrGone), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded),
		ews.IsThrottled(err), errors.Is(err, ews.ErrUnauthorized), causeOf(err) == driver.CauseMoving:
		return final, blameItem
	case errors.Is(err, errMarked):
		return otherWay, blameItem
	}
	if refused, ok := errors.AsType[*ews.ResponseError](err); ok {
		if ews.Class(refused.Code) == ews.ClassBackOff {
			return final, blameItem
		}
		return otherWay, blameFor(refused)
	}
	if page, ok := errors.AsType[*ews.HTTPError](err); ok {
		switch page.Status {
		case http.StatusBadGateway, http.StatusGatewayTimeout:
			return final, blameItem
		case http.StatusForbidden, http.StatusNotFound, http.StatusNotImplemented:
			return otherWay, blamePair
		}
		return otherWay, blameItem
	}
	if transient(err) {
		return otherWayNextTime, blameItem // the export is truncated, or its answer was cut short
	}
	if _, ok := errors.AsType[*ews.DecodeError](err); ok {
		return otherWay, blameItem
	}
	return final, blameItem
}

// afterPage is recourseAfter for a response that is not SOAP.
func afterPage(page *ews.HTTPError) (next, blame) {
	if !unexecuted(page) {
		return final, blameItem
	}
	switch page.Status {
	case http.StatusForbidden, http.StatusNotImplemented:
		return otherWay, blamePair
	case http.StatusBadRequest, http.StatusNotFound, http.StatusRequestEntityTooLarge:
		// IIS also answers 404 if a request is too large.
		return otherWay, blameItem
	}
	return final, blameItem
}

// blameFor returns what a refusal implies for other items.
func blameFor(refused *ews.ResponseError) blame {
	switch refused.Code {
	case "ErrorRequestStreamTooBig", "ErrorInternalServerError", "ErrorInvalidPropertySet", "ErrorInvalidArgument",
		"ErrorInvalidExtendedPropertyValue", "ErrorInvalidValueForProperty", "ErrorRequiredPropertyMissing":
		return blameItem
	}
	switch ews.Class(refused.Code) {
	case ews.ClassItem, ews.ClassAmbiguous:
		return blameItem
	}
	return blamePair
}

// afterRefusal is recourseAfter for a refusal of the request that would have made
// the copy.
func afterRefusal(way driver.Way, refused *ews.ResponseError) (next, blame) {
	who := blameFor(refused)
	if ews.IsThrottled(refused) {
		return final, who // also ErrorInternalServerError, if its inner code means throttling
	}
	if refused.Fault && refused.HTTPStatus == http.StatusOK {
		return otherWayAfterLook, who // the status is that of a success
	}
	switch refused.Code {
	case "ErrorCrossMailboxMoveCopy", "ErrorCrossSiteRequest":
		return otherWay, blamePair
	case "ErrorContentConversionFailed", "ErrorMimeContentConversionFailed", "ErrorMimeContentInvalid",
		"ErrorMimeContentInvalidBase64String", "ErrorUnsupportedMimeConversion", "ErrorInvalidItemForOperationCreateItem",
		"ErrorItemCorrupt", "ErrorCorruptData", "ErrorMessageSizeExceeded", "ErrorAttachmentSizeLimitExceeded",
		"ErrorDataSizeLimitExceeded", "ErrorUnsupportedTypeForConversion", "ErrorObjectTypeChanged":
		return otherWay, blameItem // also for a move: what cannot be copied is not deleted either
	case "ErrorToFolderNotFound", "ErrorItemNotFound":
		// Servers return this if a cross-mailbox move is not possible.
		if way == driver.WayMove {
			return otherWayIfThere, blamePair
		}
		return final, who
	case "ErrorAccessDenied":
		if way != driver.WayMIME {
			return otherWay, blamePair
		}
		return final, who
	case "ErrorInternalServerError":
		// For a move this is often permanent. But first it must be known whether a copy
		// was made.
		if way == driver.WayMove {
			who = blamePair
		}
		return otherWayAfterLook, who
	case "ErrorMoveCopyFailed":
		return otherWayAfterLook, blameItem // it may fail every time
	case "ErrorInvalidChangeKey":
		return final, who // the item has changed
	}
	switch ews.Class(refused.Code) {
	case ews.ClassRequest, ews.ClassItem, ews.ClassUnknown:
		if unexecuted(refused) {
			return otherWay, who
		}
		return otherWayAfterLook, who
	}
	return final, who
}
