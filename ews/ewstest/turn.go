package ewstest

import (
	"net/http"
	"strconv"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// turn is the handling of one request.
type turn struct {
	server  *Server
	request *ewsschema.Request // nil if it could not be read
	entry   *Request
	fault   Fault
	err     error // of the request
	account string

	payer    string // whose budget was charged, empty until then
	struck   string // name of the fault that struck
	code     ews.ResponseCode
	acted    bool
	readable bool // the answer is SOAP
}

// wait returns how long to delay the answer.
func (t *turn) wait() time.Duration {
	d := t.server.opts.Latency
	if t.struck != "" && t.fault.kind == faultSlow {
		d += t.fault.wait
	}
	return d
}

// answer returns the answer, with the effect of a fault that strikes.
func (t *turn) answer() *answer {
	if a := t.before(); a != nil {
		t.struck = t.fault.Name
		return a
	}
	a := t.process()
	switch t.fault.kind {
	case faultDropAfter:
		t.struck = t.fault.Name
		return &answer{drop: true}
	case faultCut:
		t.struck, t.readable = t.fault.Name, false
		a.cut = true
	case faultSlow:
		t.struck = t.fault.Name
	case faultTruncateAfter:
		t.struck, t.readable = t.fault.Name, false
		a.body = append(a.body, piece{raw: []byte(truncationMarker)})
	}
	return a
}

// before returns the answer of a fault that keeps the server from acting, nil if
// it is not one.
func (t *turn) before() *answer {
	switch t.fault.kind {
	case faultDropBefore:
		return &answer{drop: true}
	case faultUnavailable:
		a := textAnswer(http.StatusServiceUnavailable, "text/html", "<html><body>Service Unavailable</body></html>")
		if t.fault.wait > 0 {
			a.header.Set("Retry-After", strconv.Itoa(int((t.fault.wait+time.Second-1)/time.Second)))
		}
		return a
	case faultSOAP:
		return t.failed(&refusal{code: t.fault.code, values: backOff(t.fault.wait)})
	case faultHTML:
		return textAnswer(http.StatusOK, "text/html; charset=utf-8", "<!DOCTYPE html><html><head><title>Outlook Web App</title></head><body>Sign in</body></html>")
	case faultEmpty:
		return textAnswer(http.StatusOK, "text/xml; charset=utf-8", "")
	}
	return nil
}

func (t *turn) failed(r *refusal) *answer {
	t.code, t.readable = r.code, true
	return faultAnswer(r)
}

// process handles the request as a server does.
func (t *turn) process() *answer {
	if t.err != nil {
		return t.failed(invalid(t.err))
	}
	s := t.server
	s.mu.Lock()
	defer s.mu.Unlock()
	who, refused := s.caller(t.account, t.request.Header)
	if refused != nil {
		return t.failed(refused)
	}
	if refused := s.budget.enter(who.payer(), s.opts); refused != nil {
		return t.failed(refused)
	}
	t.payer = who.payer()
	act, ok := operations[t.request.Name]
	if !ok {
		return t.failed(refuseText("ErrorInvalidOperation", "ewstest does not support the operation "+t.request.Name+"."))
	}
	c := &call{Server: s, turn: t, who: who, op: t.request.Operation, out: newReply(t.request.Name, s.opts.Version)}
	if refused := act(c); refused != nil {
		return t.failed(refused)
	}
	t.code, t.readable = c.out.code, true
	if t.struck != "" && t.fault.kind == faultTruncate {
		t.readable = false
	}
	return xmlAnswer(http.StatusOK, c.out.finish())
}

// strike returns the fault's refusal for the n-th member of a batch, nil if the
// fault does not strike it.
func (t *turn) strike(n int) *refusal {
	if t.fault.kind != faultMember || t.fault.member != 0 && t.fault.member != n+1 {
		return nil
	}
	t.struck = t.fault.Name
	r := &refusal{code: t.fault.code, values: backOff(t.fault.wait)}
	if t.fault.inner != "" {
		r.values = append([]value{{"InnerErrorResponseCode", string(t.fault.inner)}}, r.values...)
	}
	return r
}
