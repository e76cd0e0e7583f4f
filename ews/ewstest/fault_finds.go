package ewstest

import (
	"strconv"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// Pages that never end, in FindItem and FindFolder. A client that trusts them asks
// forever.
var (
	// PagesStuck answers with an IndexedPagingOffset that is the requested offset, and
	// never with the last item.
	PagesStuck = Fault{Name: "pages do not advance", kind: faultStuck}
	// PagesEmpty answers with no items while the offset advances, and never with the
	// last one.
	PagesEmpty = Fault{Name: "pages are empty", kind: faultVoid}
	// PagesSame answers with the first items again and again while the offset
	// advances, and never with the last one.
	PagesSame = Fault{Name: "pages are all the first", kind: faultSame}
	// PagesWithoutLast never reports IncludesLastItemInRange; the rest is correct, so a
	// page past the last item is empty and does not advance.
	PagesWithoutLast = Fault{Name: "pages are never the last", kind: faultNoEnd}
)

// RowFails returns a fault of FindItem and FindFolder: a page that covers the item at
// this position in the view, counted from 0, fails with ErrorInternalServerError; the
// pages before and after it are correct
// (https://github.com/ecederstrand/exchangelib/issues/354). It panics if row is negative.
func RowFails(row int) Fault {
	if row < 0 {
		panic("ewstest: RowFails: the row must not be negative")
	}
	return Fault{Name: "pages with row " + strconv.Itoa(row) + " fail", kind: faultRow, row: row, code: "ErrorInternalServerError"}
}

// RestrictionRefused returns a fault that refuses FindItem and FindFolder with a
// Restriction in every response message, without looking at it. An empty code means
// ErrorUnsupportedPathForQuery, for a property that cannot be searched; another example
// is ErrorInvalidRestriction
// (https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode).
func RestrictionRefused(code ews.ResponseCode) Fault {
	if code == "" {
		code = "ErrorUnsupportedPathForQuery"
	}
	return Fault{Name: "restriction refused with " + string(code), kind: faultMember, scope: scopeRestricted, code: code}
}

// SeveralFoldersRefused refuses a FindItem over more than one folder as a whole, with one
// response message regardless of the number of folders: ErrorInvalidOperation, "Shared
// folder search cannot be performed on multiple folders."
// (https://github.com/ecederstrand/exchangelib/issues/567,
// https://github.com/ecederstrand/exchangelib/issues/1022).
var SeveralFoldersRefused = Fault{Name: "search in several folders refused", kind: faultSeveral, code: "ErrorInvalidOperation"}

// Lag returns a fault of FindItem, which does not show an item until the duration has
// passed since the item arrived in its folder, by whatever means; GetItem does.
// Microsoft's own tests wait for up to 35 seconds
// (https://github.com/OfficeDev/Interop-TestSuites). It panics if d is not positive.
func Lag(d time.Duration) Fault {
	if d <= 0 {
		panic("ewstest: Lag: the duration must be positive")
	}
	return Fault{Name: "search lags " + d.String(), kind: faultLag, wait: d}
}

// Blind makes FindItem never show an item; [When.MessageID] and [When.Item] limit it to
// some items.
var Blind = Fault{Name: "search is blind", kind: faultLag}

// Linger returns a fault of FindItem, which continues to show an item in the folder that
// it left, as it was and with the id that it had there, until the duration has passed.
// Requests for that id get ErrorItemNotFound. It knows the items that left after the call
// to [Server.Fail], [Server.FailNext] or the like. It panics if d is not positive.
func Linger(d time.Duration) Fault {
	if d <= 0 {
		panic("ewstest: Linger: the duration must be positive")
	}
	return Fault{Name: "search shows for " + d.String() + " what has left", kind: faultLinger, wait: d}
}
