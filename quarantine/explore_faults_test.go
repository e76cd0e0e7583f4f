package quarantine_test

import (
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// deviation is something that goes differently at a call.
type deviation struct {
	name string
	// do makes it happen, and reports whether anything is different now.
	do func(*exploration) bool

	server  bool           // it is the server's: only before a call
	strikes *ewstest.Fault // the fault that it is, at the call
	ends    bool           // it ends the process: also after each call
}

// fault returns a deviation in which the server fails at the call.
func fault(name string, f ewstest.Fault) *deviation {
	return &deviation{name: name, server: true, strikes: &f, do: func(x *exploration) bool {
		x.top().faults = append(x.top().faults, f)
		return true
	}}
}

// from returns a deviation in which the server fails as often as when says,
// from the call on.
func from(name string, when ewstest.When, f ewstest.Fault, mark func(*exploration)) *deviation {
	return &deviation{name: name, server: true, strikes: &f, do: func(x *exploration) bool {
		x.top().lasting = append(x.top().lasting, x.Fail(when, f))
		if mark != nil {
			mark(x)
		}
		return true
	}}
}

func keysIgnored(x *exploration) { x.keysIgnored = true }
func unseen(x *exploration)      { x.unseen = true }
func nameless(x *exploration)    { x.nameless = true }
func pretended(x *exploration)   { x.pretended = true }

// linger begins before anything leaves its folder, so its effect comes later.
func linger(name string, d time.Duration) *deviation {
	return &deviation{name: name, server: true, do: func(x *exploration) bool {
		x.Fail(ewstest.When{}, ewstest.Linger(d))
		x.unseen = true
		return true
	}}
}

// with returns a deviation after which less is expected.
func with(d *deviation, mark func(*exploration)) *deviation {
	do := d.do
	d.do = func(x *exploration) bool { mark(x); return do(x) }
	return d
}

var forGood = ewstest.When{}

// later marks a history in which a request acts after its answer.
func later(x *exploration) { x.later = true }

// serverDeviations are what a server does.
var serverDeviations = []*deviation{
	// No answer, or a late act.
	fault("cut before the server acted", ewstest.DropBefore),
	fault("cut after the server acted", ewstest.DropAfter),
	with(fault("acts 30 s later", ewstest.Late(30*time.Second)), later),
	with(fault("acts 5 min later", ewstest.Late(5*time.Minute)), later),
	with(fault("acts 14 min later", ewstest.Late(14*time.Minute)), later),
	fault("answer breaks off", ewstest.CutResponse),
	fault("503", ewstest.Unavailable),
	fault("503, and acted", ewstest.Unavailable.Acted()),
	with(fault("502 of a gateway, and acts 5 min later", ewstest.Gateway(502).ActedAfter(5*time.Minute)), later),
	fault("busy", ewstest.Busy),
	fault("busy items", ewstest.BusyItem),
	fault("busy inside", ewstest.BusyInner),
	fault("slow by 5 min", ewstest.Slow(5*time.Minute)),
	fault("stalls for good", ewstest.Stall(0)),
	fault("ErrorMailboxMoveInProgress", ewstest.MailboxMoving),

	// Refusals.
	fault("ErrorInternalServerError", ewstest.FaultCode("ErrorInternalServerError")),
	fault("ErrorInternalServerError, and acted", ewstest.FaultCode("ErrorInternalServerError").Acted()),
	fault("ErrorTimeoutExpired, and acted", ewstest.MemberCode("ErrorTimeoutExpired").Acted()),
	fault("ErrorAccessDenied", ewstest.MemberCode("ErrorAccessDenied")),
	fault("ErrorItemNotFound", ewstest.MemberCode("ErrorItemNotFound")),
	fault("ErrorMoveCopyFailed", ewstest.MemberCode("ErrorMoveCopyFailed")),
	fault("ErrorCrossMailboxMoveCopy", ewstest.CrossMailboxRefused),
	fault("stale change key", ewstest.StaleChangeKey),
	fault("fault without code", ewstest.OperationUnknown),
	fault("ErrorInvalidRequest", ewstest.OperationInvalid),
	fault("501", ewstest.OperationNotImplemented),
	fault("403 of a gateway", ewstest.Gateway(403)),
	fault("502 of a gateway, and acted", ewstest.Gateway(502).Acted()),

	// Not an answer, or the answer to another request.
	fault("an HTML page", ewstest.HTMLPage),
	fault("an empty body, and acted", ewstest.EmptyBody.Acted()),
	fault("the answer to the request before", ewstest.EarlierAnswer),
	fault("the answer to the request before, and acted", ewstest.EarlierAnswer.Acted()),
	fault("two answers", ewstest.TwoAnswers),
	fault("client-request-id of another", ewstest.WrongRequestID),
	fault("no response message", ewstest.NoResponseMessage),
	fault("no response message, and acted", ewstest.NoResponseMessage.Acted()),
	fault("response message twice", ewstest.ResponseMessageTwice),

	// False success, and content that is not whole.
	with(fault("says Success, does nothing", ewstest.FalseSuccess), pretended),
	fault("only copies", ewstest.OnlyCopies),
	fault("ErrorMoveCopyFailed, copy left", ewstest.MoveFailedCopyLeft),
	with(fault("named properties lost", ewstest.PropertiesLost), nameless),
	fault("content cut to half", ewstest.Shortened(0.5)),
	fault("export truncated", ewstest.TruncatedExport),

	// Searches.
	with(fault("search sees nothing", ewstest.Blind), unseen),
	fault("restriction refused", ewstest.RestrictionRefused("")),
	fault("several folders refused", ewstest.SeveralFoldersRefused),
	fault("first row fails", ewstest.RowFails(0)),
	fault("pages stuck", ewstest.PagesStuck),
	with(fault("pages empty", ewstest.PagesEmpty), unseen),

	// For a long time.
	from("change keys ignored", forGood, ewstest.ChangeKeysIgnored, keysIgnored),
	from("change keys ignored by UpdateItem", ewstest.When{Operation: ews.OpUpdateItem}, ewstest.ChangeKeysIgnored, keysIgnored),
	from("change keys ignored by DeleteItem", ewstest.When{Operation: ews.OpDeleteItem}, ewstest.ChangeKeysIgnored, keysIgnored),
	from("named properties lost for good", forGood, ewstest.PropertiesLost, nameless),
	from("cut before, for long", ewstest.When{Times: 40}, ewstest.DropBefore, nil),
	from("cut after, for long", ewstest.When{Times: 40}, ewstest.DropAfter, nil),
	from("removals do nothing, for good", ewstest.When{Operation: ews.OpDeleteItem}, ewstest.FalseSuccess, pretended),
	from("searches 30 s behind", forGood, ewstest.Lag(30*time.Second), unseen),
	from("searches 50 s behind", forGood, ewstest.Lag(50*time.Second), unseen),
	linger("searches linger 30 s", 30*time.Second),
}

// lateDeviation acts after the doubt has ended: then one message too many may be
// put aside.
var lateDeviation = with(fault("acts 40 min later", ewstest.Late(40*time.Minute)), func(x *exploration) { x.late, x.later = true, true })

// canStrike reports whether a fault can strike an operation at all.
func (x *exploration) canStrike(op ews.Operation, f ewstest.Fault) (can bool) {
	defer func() { can = recover() == nil }()
	x.Fail(ewstest.When{Operation: op}, f).Cancel()
	return true
}
