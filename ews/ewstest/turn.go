package ewstest

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// turn is the handling of one request.
type turn struct {
	server  *Server
	request *ewsschema.Request // nil if it could not be read
	entry   *Request
	number  int
	err     error // why the request could not be read
	account string
	late    bool // the answer is already lost

	rules   []*planned        // the rules that may strike
	claimed map[*planned]bool // whether those without an item strike
	member  int               // the batch member that is being processed
	only    map[int]bool      // members to process; nil: all
	waiting []lateAct         // what the server does after it has answered
	seen    []*mailstore.Item

	payer    string          // whose budget was charged, empty until then
	gone     <-chan struct{} // closed when the client has gone; nil: unknown
	began    time.Time       // when the first member of the batch began
	timedOut bool            // the batch's time is up
	found    int             // items and folders that count toward EwsFindCountLimit
	struck   []string        // names of the faults that struck
	code     ews.ResponseCode
	acted    bool
	readable bool          // the answer is SOAP
	right    *answer       // what the server answered, before a fault changed it
	slow     time.Duration // to wait before the answer
	stream   *stream       // the stream that the answer opens
	unopened bool          // the answer does not open it: a fault took its place
}

// answer returns the answer, with the effect of a fault that strikes.
func (t *turn) answer() *answer {
	f, struck := t.whole(false)
	if struck && f.refuses() && !f.acted {
		a := t.refusing(f)
		if f.postponed() {
			t.waiting = append(t.waiting, lateAct{f, nil})
		}
		return a
	}
	a := t.process()
	t.right = a
	if !struck {
		f, struck = t.whole(true)
	}
	if !struck {
		return a
	}
	return t.finish(f, a)
}

// whole returns the fault that strikes the request as a whole. Faults that concern items
// known only from the answer of FindItem are not considered before the server acts;
// afterwards only those are.
func (t *turn) whole(afterwards bool) (Fault, bool) {
	if len(t.rules) == 0 {
		return Fault{}, false
	}
	t.server.mu.Lock()
	defer t.server.mu.Unlock()
	about := t.seen
	if !afterwards {
		about = t.subjects()
	}
	for _, r := range t.rules {
		found := r.selective() && t.entry.Operation == ews.OpFindItem
		if r.fault.whole() && found == afterwards && t.claims(r, about) {
			t.note(r.fault)
			return r.fault, true
		}
	}
	return Fault{}, false
}

// finish returns the answer with the changes that a fault makes.
func (t *turn) finish(f Fault, right *answer) *answer {
	if f.refuses() {
		return t.refusing(f)
	}
	a := *right
	a.header = maps.Clone(a.header)
	switch f.kind {
	case faultDropAfter:
		t.readable = false
		return &answer{drop: true}
	case faultCut:
		t.readable = false
		a.cut = true
	case faultSlow:
		t.slow = f.wait
	case faultStall:
		a.stall, a.pause = true, f.wait
	case faultTruncateAfter:
		t.readable = false
		a.body = append(slices.Clip(a.body), piece{raw: []byte(truncationMarker)})
	case faultTwo:
		t.readable = false
		a.body = append(slices.Clip(a.body), faultAnswer(refuse("ErrorInternalServerError")).body...)
	case faultWrongID:
		a.wrongID = true
	}
	return &a
}

// refusing returns the answer of a fault that answers instead of the server.
func (t *turn) refusing(f Fault) *answer {
	t.readable = false
	switch f.kind {
	case faultDropBefore:
		return &answer{drop: true}
	case faultUnavailable:
		a := textAnswer(http.StatusServiceUnavailable, "text/html", "<html><body>Service Unavailable</body></html>")
		if f.wait > 0 {
			a.header.Set("Retry-After", strconv.Itoa(int((f.wait+time.Second-1)/time.Second)))
		}
		return a
	case faultSOAP:
		return t.failed(&refusal{code: f.code, values: backOff(f.wait)})
	case faultBare:
		return t.server.bareFault("s:Server", "The server does not have the operation "+string(t.entry.Operation)+".")
	case faultPage, faultGateway:
		title := strconv.Itoa(f.status) + " " + http.StatusText(f.status)
		a := textAnswer(f.status, "text/html; charset=utf-8", "<html><head><title>"+title+"</title></head><body><h1>"+title+"</h1></body></html>")
		a.bare = f.kind == faultGateway
		return a
	case faultEarlier:
		return t.server.last.of(t.account)
	case faultHTML:
		return textAnswer(http.StatusOK, "text/html; charset=utf-8", "<!DOCTYPE html><html><head><title>Outlook Web App</title></head><body>Sign in</body></html>")
	}
	return textAnswer(http.StatusOK, "text/xml; charset=utf-8", "")
}

func (t *turn) failed(r *refusal) *answer {
	t.code, t.readable = r.code, true
	return t.server.faulted(r)
}

// process handles the request as a server does.
func (t *turn) process() *answer {
	if t.err != nil {
		return t.failed(invalid(t.err, t.entry.Header))
	}
	s := t.server
	s.mu.Lock()
	defer s.mu.Unlock()
	who, refused := s.caller(t.account, t.request.Header)
	if refused != nil {
		return t.failed(refused)
	}
	wait, refused := s.budget.enter(who.payer(), t.entry.Operation, s.opts)
	if refused != nil {
		return t.failed(refused)
	}
	t.payer = who.payer()
	if wait > 0 {
		t.sleep(wait)
		if who, refused = s.caller(t.account, t.request.Header); refused != nil { // the caller may have changed by now
			return t.failed(refused)
		}
	}
	if a := s.lacked(t.request.Name); a != nil {
		t.readable = true
		return a
	}
	if refused := misplaced(t.request); refused != nil {
		return t.failed(refused)
	}
	act, ok := operations[t.request.Name]
	if !ok {
		return t.failed(refuseText("ErrorInvalidOperation", "ewstest does not support the operation "+t.request.Name+"."))
	}
	c := &call{Server: s, turn: t, who: who, op: s.opts.Odd.forgetChangeKeys(t.request.Operation), out: newReply(t.request.Name, s.opts.Version)}
	c.out.nine = s.opts.Odd.Has(OddNanoseconds)
	if refused := act(c); refused != nil {
		return t.failed(refused)
	}
	t.code, t.readable = c.out.code, !c.out.spoilt
	a := xmlAnswer(http.StatusOK, c.out.finish())
	if !t.unopened {
		a.stream = t.stream
	}
	return a
}

// refusal returns the answer of a fault of response messages.
func (f Fault) refusal() *refusal {
	r := &refusal{code: f.code, values: backOff(f.wait)}
	if f.inner != "" {
		r.values = append([]value{{"InnerErrorResponseCode", string(f.inner)}}, r.values...)
	}
	return r
}
