package graphtest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Fault is a way to fail; [Server.Fail] and [Server.FailNext] determine when.
type Fault struct {
	Name string // shown in Request.Fault

	kind   faultKind
	status int
	code   string
	body   string
	wait   time.Duration // Retry-After
	slow   time.Duration
	acted  bool
	later  time.Duration // delay after which the server acts
}

type faultKind int

const (
	faultNone   faultKind = iota
	faultDrop             // no answer
	faultCut              // the answer is cut short
	faultStatus           // an error instead of the answer
	faultSlow
	faultDoubled
	faultNothing
	faultExport
	faultExportCut
	faultNoLink
	faultEmptyPage
	faultForget
	faultNotFound
	faultUnfiltered
	faultEarlier
	faultReplayed
)

// Faults of whole requests. Faults that refuse a request do not act on it, unless changed
// by [Fault.Acted].
var (
	// DropBefore closes the connection without acting.
	DropBefore = Fault{Name: "dropped before acting", kind: faultDrop}
	// DropAfter acts and closes the connection without an answer.
	DropAfter = Fault{Name: "dropped after acting", kind: faultDrop, acted: true}
	// CutAnswer acts and closes the connection in the middle of the answer.
	CutAnswer = Fault{Name: "answer cut", kind: faultCut, acted: true}
	// Unavailable is a 503 without a body.
	Unavailable = Fault{Name: "503", kind: faultStatus, status: http.StatusServiceUnavailable}
	// GatewayTimeout acts and answers 504 UnknownError, as a gateway that gave up waiting
	// does.
	GatewayTimeout = Fault{Name: "504 after acting", kind: faultStatus, status: http.StatusGatewayTimeout, code: "UnknownError", acted: true}
	// EarlierAnswer does not act, and repeats the answer to the previous request of the
	// same operation, as if a connection or cache had mixed them up. It cannot strike the
	// first request.
	EarlierAnswer = Fault{Name: "answer to the request before", kind: faultEarlier}
	// Conflict is a 412 ErrorIrresolvableConflict, which real servers also return to
	// requests without If-Match.
	Conflict = Fault{Name: "412", kind: faultStatus, status: http.StatusPreconditionFailed, code: "ErrorIrresolvableConflict"}
)

// Faults of some operations.
var (
	// MoveDoubled lets a moved message arrive but also stay, as has been seen with
	// immutable ids; the answer is as usual.
	MoveDoubled = Fault{Name: "the moved message stays", kind: faultDoubled}
	// CreatesNothing does nothing; it answers 200 without an id to a POST of a message,
	// and reports success for other requests that write.
	CreatesNothing = Fault{Name: "success without effect", kind: faultNothing}
	// ExportCut cuts off the data of exportItems in the middle of its bytes; the JSON and
	// its base64 stay intact.
	ExportCut = Fault{Name: "export cut", kind: faultExportCut}
	// NoNextLink leaves out the nextLink of a list that continues.
	NoNextLink = Fault{Name: "nextLink missing", kind: faultNoLink}
	// EmptyPage answers a list with a page that has no rows, but a nextLink to them.
	EmptyPage = Fault{Name: "empty page", kind: faultEmptyPage}
	// NothingFound answers a list without its rows, as from an index that lags behind.
	NothingFound = Fault{Name: "nothing found", kind: faultNotFound}
	// FilterIgnored answers a list as if it had no filter.
	FilterIgnored = Fault{Name: "filter ignored", kind: faultUnfiltered}
	// DeltaReplayed lets a delta report all existing objects once more, as if they were
	// new.
	DeltaReplayed = Fault{Name: "delta replayed", kind: faultReplayed}
	// PropertiesLost drops the named properties that a request writes.
	PropertiesLost = Fault{Name: "named properties lost", kind: faultForget}
)

// Status returns a fault that answers with an HTTP status and an error code. It panics if
// the status is neither 200 nor between 400 and 599.
func Status(status int, code string) Fault {
	if status != http.StatusOK && (status < 400 || status > 599) {
		panic("graphtest: Status: the status must be 200, or between 400 and 599")
	}
	return Fault{Name: strings.TrimSpace(strconv.Itoa(status) + " " + code), kind: faultStatus, status: status, code: code}
}

// Body returns the fault of [Status] with another body, which need not be JSON: Graph and
// the systems in front of it report errors in several forms.
func (f Fault) Body(body string) Fault {
	f.Name += " with another body"
	f.body = body
	return f
}

// Throttled returns a 429 with a Retry-After, or without one if the duration is 0.
func Throttled(retryAfter time.Duration) Fault {
	return Fault{Name: "429", kind: faultStatus, status: http.StatusTooManyRequests, code: "ApplicationThrottled", wait: retryAfter}
}

// BackOff returns the fault with a Retry-After.
func (f Fault) BackOff(d time.Duration) Fault {
	f.wait = d
	return f
}

// Acted returns the fault for a server that does what it was asked to do, but fails all
// the same.
func (f Fault) Acted() Fault {
	f.Name += ", the server acted"
	f.acted = true
	return f
}

// ActedAfter is like [Fault.Acted] for a server that acts when the duration has passed
// since the answer; inside a testing/synctest bubble, the clock of the bubble counts. It
// then treats the request as if it had just arrived; no other fault strikes it, and hooks
// do not see it. [Server.Requests] shows whether it acted. A closed server no longer
// acts. ActedAfter panics if d is not positive.
func (f Fault) ActedAfter(d time.Duration) Fault {
	if d <= 0 {
		panic("graphtest: ActedAfter: the duration must be positive")
	}
	f.Name += ", the server acts after " + d.String()
	f.acted, f.later = false, d
	return f
}

// Late returns a fault that closes the connection without an answer; the server acts
// later.
func Late(d time.Duration) Fault { return DropBefore.ActedAfter(d) }

// ExportFails returns a fault that fails each item of exportItems with a code, inside a
// 200 answer.
func ExportFails(code string) Fault {
	return Fault{Name: "export: " + code, kind: faultExport, code: code}
}

// Slow returns a fault that acts and waits before answering normally.
func Slow(d time.Duration) Fault { return Fault{Name: "slow", kind: faultSlow, slow: d} }

// instead reports whether the fault takes the place of the answer.
func (f *Fault) instead() bool {
	return f.kind == faultDrop || f.kind == faultCut || f.kind == faultStatus || f.kind == faultEarlier
}

// answer returns the answer to send; a is the answer of the server if it acted.
func (f *Fault) answer(c *call, a *answer) *answer {
	switch {
	case f.kind == faultDrop && c.in.part:
		return &answer{status: http.StatusGatewayTimeout} // the batch gives this answer in its place
	case f.kind == faultDrop:
		return &answer{drop: true}
	case f.kind == faultEarlier:
		earlier := *c.server.log.earlier(c.route.operation)
		earlier.header = earlier.header.Clone()
		return &earlier
	case f.kind == faultCut && a != nil:
		a.cut = true
		return a
	}
	r := &refusal{status: f.status, code: f.code, text: "The request could not be served.", wait: f.wait}
	out := r.answer(c)
	switch {
	case f.body != "":
		out.body = []piece{{raw: []byte(f.body)}}
		if !json.Valid([]byte(f.body)) {
			out.header.Set("Content-Type", "text/html")
		}
	case f.code == "":
		out.body = nil
		out.header.Del("Content-Type")
	}
	return out
}
