package ewstest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// Fault is a way to fail; [Server.Fail] and its short forms determine when it strikes. By
// what goes wrong:
//
//   - no answer: [DropBefore], [DropAfter], [CutResponse], [Stall]; the server acts
//     minutes or hours later: [Late]; or when the test tells it to: [Withheld]
//   - a slow or busy server: [Slow], [Busy], [BusyItem], [BusyInner], [Unavailable],
//     [MailboxMoving]; any other code: [FaultCode], [MemberCode]
//   - no such operation, or something in front of the server that refuses it:
//     [OperationUnknown], [OperationInvalid], [OperationNotSupported],
//     [OperationNotImplemented], [Gateway], [CrossMailboxRefused]
//   - not an answer, or the answer to something else: [HTMLPage], [EmptyBody],
//     [EarlierAnswer], [TwoAnswers], [WrongRequestID], [NoResponseMessage],
//     [ResponseMessageTwice]
//   - false Success: [FalseSuccess], [OnlyCopies], [PropertiesLost]
//   - change keys: [StaleChangeKey], [ChangeKeysIgnored]
//   - content cut short: [Shortened], [TruncatedExport], [TruncatedExportEncoded],
//     [TruncatedExportAfter]
//   - a search that misses items or shows items that do not exist: [Lag], [Blind],
//     [Linger], [Ghost]
//   - a search that fails or does not end: [RestrictionRefused],
//     [SeveralFoldersRefused], [RowFails], [PagesStuck], [PagesEmpty], [PagesSame],
//     [PagesWithoutLast]
//   - a move that breaks off: [MoveFailedCopyLeft]
//
// Mailboxes that move or vanish are not faults: see [Mailbox.MoveAway] and
// [Mailbox.Remove].
type Fault struct {
	// Name is what Request.Fault and the log call it.
	Name string

	kind   faultKind
	scope  faultScope
	code   ews.ResponseCode
	inner  ews.ResponseCode
	wait   time.Duration
	member int // 0: all members; n: only the n-th

	acted bool          // the server acts anyway
	later time.Duration // if positive, it acts this long after the answer
	held  bool          // it acts when the test tells it to

	share  float64 // the share of the content that is kept
	row    int     // in a list
	status int     // HTTP status
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
	faultStall
	faultBare     // SOAP fault without code
	faultPage     // HTTP status and page of a server
	faultGateway  // HTTP status and page of something before the server
	faultEarlier  // answer to the request before
	faultTwo      // two answers
	faultWrongID  // client-request-id
	faultNoReply  // response message missing
	faultTwice    // response message doubled
	faultNothing  // Success, and nothing done
	faultCopies   // a move copies
	faultShort    // content cut
	faultForget   // named properties lost
	faultKeys     // change keys ignored
	faultRow      // page fails
	faultStuck    // pages do not advance
	faultVoid     // pages are empty
	faultSame     // pages are the same
	faultNoEnd    // pages are never the last
	faultLag      // new items missing
	faultLinger   // old items shown
	faultSeveral  // several folders refused
	faultKindsEnd // how many there are
)

// faultScope limits a fault to the requests that it concerns.
type faultScope int

const (
	scopeAny        faultScope = iota
	scopeRestricted            // FindItem and FindFolder with a restriction
	scopeByID                  // requests that name items by id
)

// Faults on demand. Faults that refuse a request do so without acting, unless stated
// otherwise; see [Fault.Acted].
var (
	// DropBefore closes the connection after reading the request.
	DropBefore = Fault{Name: "drop before the server acted", kind: faultDropBefore}
	// DropAfter acts and closes the connection without an answer.
	DropAfter = Fault{Name: "drop after the server acted", kind: faultDropAfter}
	// Unavailable answers HTTP 503, with Retry-After if it has a back-off.
	Unavailable = Fault{Name: "503", kind: faultUnavailable}
	// Busy is a SOAP fault ErrorServerBusy, BusyItem the same code in each response
	// message.
	Busy     = Fault{Name: "ErrorServerBusy fault", kind: faultSOAP, code: "ErrorServerBusy"}
	BusyItem = Fault{Name: "ErrorServerBusy response message", kind: faultMember, code: "ErrorServerBusy"}
	// BusyInner is ErrorInternalServerError in each response message, with the
	// inner error ErrorServerBusy.
	BusyInner = Fault{Name: "ErrorInternalServerError with ErrorServerBusy inside", kind: faultMember, code: "ErrorInternalServerError", inner: "ErrorServerBusy"}

	// TruncatedExport cuts the data of each item in half and appends the truncation
	// marker as text. TruncatedExportEncoded appends it in base64; TruncatedExportAfter
	// cuts nothing and appends it to the whole document. They apply only to ExportItems.
	TruncatedExport        = Fault{Name: "truncated export", kind: faultTruncate}
	TruncatedExportEncoded = Fault{Name: "truncated export, marker encoded", kind: faultTruncateEncoded}
	TruncatedExportAfter   = Fault{Name: "truncated export, marker after the document", kind: faultTruncateAfter}

	// StaleChangeKey and MailboxMoving answer with their code in each response
	// message.
	StaleChangeKey = Fault{Name: "ErrorIrresolvableConflict", kind: faultMember, code: "ErrorIrresolvableConflict"}
	MailboxMoving  = Fault{Name: "ErrorMailboxMoveInProgress", kind: faultMember, code: "ErrorMailboxMoveInProgress"}
	// HTMLPage and EmptyBody answer HTTP 200 with something that is not SOAP.
	HTMLPage  = Fault{Name: "200 with an HTML page", kind: faultHTML}
	EmptyBody = Fault{Name: "200 with an empty body", kind: faultEmpty}
	// CutResponse acts and closes the connection in the middle of the answer.
	CutResponse = Fault{Name: "the answer breaks off in the middle", kind: faultCut}
	// MoveFailedCopyLeft leaves both the original and a copy. It applies only to
	// MoveItem.
	MoveFailedCopyLeft = Fault{Name: "ErrorMoveCopyFailed, a copy is left", kind: faultCopyLeft, code: "ErrorMoveCopyFailed"}
	// CrossMailboxRefused answers with its code in each response message.
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

// Slow returns a fault that acts and waits before answering normally. It panics if d
// is negative.
func Slow(d time.Duration) Fault {
	if d < 0 {
		panic("ewstest: Slow: the duration must not be negative")
	}
	return Fault{Name: "slow answer", kind: faultSlow, wait: d}
}

// BackOff returns the fault with a hint to wait, in milliseconds, or in whole seconds for
// Unavailable. The other faults it applies to are Busy, BusyItem, BusyInner and all
// others that answer with a response code instead of acting; the rest stay as they are.
// It panics if d is negative.
func (f Fault) BackOff(d time.Duration) Fault {
	if d < 0 {
		panic("ewstest: BackOff: the duration must not be negative")
	}
	if f.hints() {
		f.wait = d
	}
	return f
}

// hints reports whether the fault can include a hint to wait.
func (f Fault) hints() bool {
	return f.kind == faultUnavailable || f.kind == faultSOAP || f.kind == faultMember
}

// AtMember limits a fault that strikes the members of a batch to one of them,
// counted from 0. The members before it are processed normally, and so are those
// after it unless the code stops a batch. The members of FindItem and FindFolder
// are the folders. It panics if i is negative.
func (f Fault) AtMember(i int) Fault {
	if i < 0 {
		panic("ewstest: AtMember: the place of the member must not be negative")
	}
	f.member = i + 1
	return f
}

// whole reports whether the fault strikes whole requests rather than their members.
func (f Fault) whole() bool {
	switch f.kind {
	case faultDropAfter, faultCut, faultSlow, faultStall, faultTruncateAfter, faultTwo, faultWrongID:
		return true
	}
	return f.refuses()
}

// refuses reports whether the fault answers a request instead of the server.
func (f Fault) refuses() bool {
	switch f.kind {
	case faultDropBefore, faultUnavailable, faultSOAP, faultHTML, faultEmpty, faultBare, faultPage, faultGateway, faultEarlier:
		return true
	}
	return false
}

// answers reports whether the fault answers a request, or a member of a batch, instead of
// the server. [Ghost] does not: it concerns what is in the mailbox.
func (f Fault) answers() bool {
	return f.refuses() || f.kind == faultNoReply || f.kind == faultMember && f.scope != scopeByID
}

// kindOperations are the operations that a kind of fault can strike at all, if
// not all of them.
var kindOperations = [faultKindsEnd][]ews.Operation{
	faultTruncate:        {ews.OpExportItems},
	faultTruncateEncoded: {ews.OpExportItems},
	faultTruncateAfter:   {ews.OpExportItems},
	faultCopyLeft:        {ews.OpMoveItem},
	faultCopies:          {ews.OpMoveItem},
	faultNothing:         {ews.OpDeleteItem, ews.OpMoveItem, ews.OpCopyItem, ews.OpUpdateItem},
	faultShort:           {ews.OpGetItem, ews.OpExportItems},
	faultForget:          {ews.OpCreateItem, ews.OpUpdateItem, ews.OpUploadItems, ews.OpMoveItem, ews.OpCopyItem},
	faultKeys:            {ews.OpGetItem, ews.OpUpdateItem, ews.OpDeleteItem, ews.OpMoveItem, ews.OpCopyItem, ews.OpUploadItems, ews.OpExportItems},
	faultRow:             {ews.OpFindItem, ews.OpFindFolder},
	faultStuck:           {ews.OpFindItem, ews.OpFindFolder},
	faultVoid:            {ews.OpFindItem, ews.OpFindFolder},
	faultSame:            {ews.OpFindItem, ews.OpFindFolder},
	faultNoEnd:           {ews.OpFindItem, ews.OpFindFolder},
	faultLag:             {ews.OpFindItem},
	faultLinger:          {ews.OpFindItem},
	faultSeveral:         {ews.OpFindItem},
}

// byID are the operations that can name items by id.
var byID = []ews.Operation{
	ews.OpGetItem, ews.OpUpdateItem, ews.OpDeleteItem, ews.OpMoveItem, ews.OpCopyItem, ews.OpExportItems, ews.OpUploadItems,
	ews.OpCreateItem, "GetAttachment", "CreateAttachment", "DeleteAttachment",
}

// canStrike reports whether the fault can strike requests for an operation.
func (f Fault) canStrike(op ews.Operation) bool {
	switch {
	case f.kind == faultNoReply, f.kind == faultTwice:
		return op != ews.OpResolveNames && op != ews.OpExpandDL
	}
	ops := f.operations()
	return ops == nil || slices.Contains(ops, op)
}

// operations returns the operations that the fault can strike, or nil if there are too
// many to name.
func (f Fault) operations() []ews.Operation {
	switch f.scope {
	case scopeRestricted:
		return []ews.Operation{ews.OpFindItem, ews.OpFindFolder}
	case scopeByID:
		return byID
	}
	return kindOperations[f.kind]
}

// mustStrike panics if the fault can never strike an operation; an empty operation means
// any.
func (f Fault) mustStrike(by string, op ews.Operation) {
	if f.kind == faultNone {
		panic("ewstest: " + by + ": the fault is empty; use a variable or function of this package")
	}
	if op != "" && !f.canStrike(op) {
		panic("ewstest: " + by + ": the fault " + strconv.Quote(f.Name) + " cannot strike " + string(op))
	}
}

// concerns reports whether the fault can strike this request at all.
func (f Fault) concerns(t *turn) bool {
	op := t.entry.Operation
	if !f.canStrike(op) {
		return false
	}
	switch f.scope {
	case scopeRestricted:
		return t.request != nil && t.request.Operation.Child("Restriction").Exists()
	case scopeByID:
		return slices.ContainsFunc(t.batched(), func(n *ewsschema.Node) bool { return t.idOf(n) != nil })
	}
	switch f.kind {
	case faultShort:
		return op == ews.OpExportItems || asksMIME(t.request)
	case faultSeveral:
		return t.request != nil && len(t.request.Operation.Child("ParentFolderIds").Kids()) > 1
	case faultEarlier:
		return t.server.last.of(t.account) != nil
	case faultWrongID:
		return echoed(t.entry.Header) != ""
	}
	return true
}

// asksMIME reports whether a request asks for the MIME content of items.
func asksMIME(r *ewsschema.Request) bool {
	if r == nil {
		return false
	}
	shape := r.Operation.Child("ItemShape")
	return shape.Bool("IncludeMimeContent", false) || slices.ContainsFunc(shape.Child("AdditionalProperties").Kids(), func(n *ewsschema.Node) bool {
		return n.Get("FieldURI") == "item:MimeContent"
	})
}

// echoed returns the client-request-id that a client wants back, if any.
func echoed(h http.Header) string {
	if strings.EqualFold(h.Get("return-client-request-id"), "true") {
		return h.Get("client-request-id")
	}
	return ""
}

// fits reports whether a real server could fail this way on a request; random faults are
// limited to such cases.
func (f Fault) fits(t *turn) bool {
	op := t.entry.Operation
	switch f.code {
	case "ErrorIrresolvableConflict":
		return op == ews.OpUpdateItem
	case "ErrorCrossMailboxMoveCopy", "ErrorMoveCopyFailed":
		return op == ews.OpMoveItem || op == ews.OpCopyItem
	}
	return f.concerns(t)
}
