package ewstest

import (
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// Fault is a way to fail.
type Fault struct {
	Name string

	kind   faultKind
	code   ews.ResponseCode
	inner  ews.ResponseCode
	wait   time.Duration
	member int // 0: all; n: only the n-th
}

type faultKind int

const (
	faultNone faultKind = iota
	faultDropBefore
	faultDropAfter
	faultUnavailable
	faultSOAP
	faultMember
	faultTruncate
	faultTruncateEncoded
	faultTruncateAfter
	faultHTML
	faultEmpty
	faultCut
	faultCopyLeft
	faultSlow
)

// Faults on demand. Those that refuse a request do so without acting, unless
// stated otherwise.
var (
	// DropBefore closes the connection after reading the request.
	DropBefore = Fault{Name: "drop before the server acted", kind: faultDropBefore}
	// DropAfter acts and closes the connection without an answer.
	DropAfter = Fault{Name: "drop after the server acted", kind: faultDropAfter}
	// Unavailable answers HTTP 503, with Retry-After if it has a back-off.
	Unavailable = Fault{Name: "503", kind: faultUnavailable}
	Busy        = Fault{Name: "ErrorServerBusy fault", kind: faultSOAP, code: "ErrorServerBusy"}
	BusyItem    = Fault{Name: "ErrorServerBusy response message", kind: faultMember, code: "ErrorServerBusy"}
	// BusyInner is ErrorInternalServerError in each response message, with the
	// inner error ErrorServerBusy.
	BusyInner = Fault{Name: "ErrorInternalServerError with ErrorServerBusy inside", kind: faultMember, code: "ErrorInternalServerError", inner: "ErrorServerBusy"}

	// TruncatedExport cuts the data of each item in half and appends the
	// truncation marker as text. TruncatedExportEncoded appends it in base64;
	// TruncatedExportAfter cuts nothing and appends it to the whole document. They
	// apply to ExportItems only.
	TruncatedExport        = Fault{Name: "truncated export", kind: faultTruncate}
	TruncatedExportEncoded = Fault{Name: "truncated export, marker encoded", kind: faultTruncateEncoded}
	TruncatedExportAfter   = Fault{Name: "truncated export, marker after the document", kind: faultTruncateAfter}

	StaleChangeKey = Fault{Name: "ErrorIrresolvableConflict", kind: faultMember, code: "ErrorIrresolvableConflict"}
	MailboxMoving  = Fault{Name: "ErrorMailboxMoveInProgress", kind: faultMember, code: "ErrorMailboxMoveInProgress"}
	HTMLPage       = Fault{Name: "200 with an HTML page", kind: faultHTML}
	EmptyBody      = Fault{Name: "200 with an empty body", kind: faultEmpty}
	// CutResponse acts and closes the connection in the middle of the answer.
	CutResponse = Fault{Name: "the answer breaks off in the middle", kind: faultCut}
	// MoveFailedCopyLeft leaves both the original and a copy. It applies to
	// MoveItem only.
	MoveFailedCopyLeft  = Fault{Name: "ErrorMoveCopyFailed, a copy is left", kind: faultCopyLeft, code: "ErrorMoveCopyFailed"}
	CrossMailboxRefused = Fault{Name: "ErrorCrossMailboxMoveCopy", kind: faultMember, code: "ErrorCrossMailboxMoveCopy"}
)

// FaultCode returns a fault that answers with a SOAP fault with a response code,
// without acting.
func FaultCode(code ews.ResponseCode) Fault {
	return Fault{Name: string(code) + " fault", kind: faultSOAP, code: code}
}

// MemberCode returns a fault that answers with a response code in every response
// message, without acting.
func MemberCode(code ews.ResponseCode) Fault {
	return Fault{Name: string(code), kind: faultMember, code: code}
}

// Slow returns a fault that acts and waits before answering normally.
func Slow(d time.Duration) Fault {
	return Fault{Name: "slow answer", kind: faultSlow, wait: d}
}

// BackOff returns the fault with a hint to wait, in milliseconds, or in whole
// seconds for Unavailable. The other faults it applies to are Busy, BusyItem,
// BusyInner and those made by [FaultCode] or [MemberCode].
func (f Fault) BackOff(d time.Duration) Fault {
	f.wait = d
	return f
}

// AtMember limits a fault of response messages to one member of a batch, counted
// from 0. The members before it are processed normally, and so are those after
// it unless the code stops a batch.
func (f Fault) AtMember(i int) Fault {
	f.member = i + 1
	return f
}

// concerns reports whether the fault can strike an operation at all.
func (f Fault) concerns(op ews.Operation) bool {
	switch f.kind {
	case faultTruncate, faultTruncateEncoded, faultTruncateAfter:
		return op == ews.OpExportItems
	case faultCopyLeft:
		return op == ews.OpMoveItem
	}
	return true
}

// fits reports whether a real server could fail this way in an operation; random
// faults are limited to that.
func (f Fault) fits(op ews.Operation) bool {
	switch f.code {
	case "ErrorIrresolvableConflict":
		return op == ews.OpUpdateItem
	case "ErrorCrossMailboxMoveCopy", "ErrorMoveCopyFailed":
		return op == ews.OpMoveItem || op == ews.OpCopyItem
	}
	return f.concerns(op)
}
