package ewstest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// endpoint is the path of EWS; IIS ignores case.
const endpoint = "/EWS/Exchange.asmx"

// ServeHTTP answers requests, so the server can be mounted in another server.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.discovers != nil && strings.HasPrefix(strings.ToLower(r.URL.Path), autodiscoverRoot) {
		s.discovers.ServeHTTP(w, r)
		return
	}
	if s.authority != nil && !strings.HasPrefix(strings.ToLower(r.URL.Path), servicePath) {
		s.authority.ServeHTTP(w, r)
		return
	}
	if a := s.refusedAtGate(r); a != nil {
		a.write(r.Context(), w)
		return
	}
	if account, ok := s.signIn(w, r); ok {
		a := s.handle(r, account)
		a.write(r.Context(), w)
		a.sendAgain(w, r)
	}
}

// handle answers a request from an account.
func (s *Server) handle(r *http.Request, account string) *answer {
	if s.isClosed() {
		return &answer{drop: true, cause: http.ErrServerClosed}
	}
	if a := s.described(r); a != nil {
		return a
	}
	if a := turnedAway(r); a != nil {
		s.opts.Logger.LogAttrs(r.Context(), slog.LevelInfo, "no request", slog.Int("status", a.status), slog.String("user", account),
			slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.String("type", r.Header.Get("Content-Type")))
		return a
	}
	body := &recorder{from: r.Body}
	req, err := s.parsed.parse(body, versions[s.opts.Version].schema)
	if body.err != nil {
		return &answer{drop: true, cause: body.err}
	}
	entry := s.entry(r, account, req, body.kept)
	n := s.log.begin(entry)
	began := s.opts.Now()
	t := &turn{server: s, request: req, entry: entry, number: n, err: err, account: account, gone: r.Context().Done()}
	t.rules = s.faults.next(t)
	a := t.answer()
	if t.stream != nil && a.stream != t.stream {
		t.stream.end() // a fault answers instead
	}
	s.faults.release(t)
	s.pause(r.Context(), s.latency(entry.Operation)+t.slow)
	s.budget.leave(t)
	struck := strings.Join(t.struck, "; ")
	s.log.outcome(entry, struck, string(t.code), t.acted)
	s.postpone(t)
	s.log.end(n, entry)
	s.opts.Logger.LogAttrs(r.Context(), slog.LevelInfo, "request",
		slog.Int("n", n), slog.String("operation", string(entry.Operation)), slog.String("user", account),
		slog.String("impersonated", entry.Impersonated), slog.String("code", string(t.code)),
		slog.String("fault", struck), slog.Duration("took", s.opts.Now().Sub(began)))
	if c := s.log.capture; c != nil {
		c.write(n, string(entry.Operation), "request", body.kept)
		if t.readable {
			c.write(n, string(entry.Operation), "response", cutBody(a.body))
		}
	}
	if err := r.Context().Err(); err != nil {
		a.abandon()
		return &answer{drop: true, cause: context.Cause(r.Context())}
	}
	a = s.identify(r, n, a)
	switch {
	case t.right == a || t.right == nil && !a.drop:
		s.last.keep(account, a)
	case t.right != nil:
		s.last.keep(account, s.identify(r, n, t.right))
	}
	return a
}

// turnedAway refuses a request that is not for an operation; it returns nil if it is.
func turnedAway(r *http.Request) *answer {
	switch {
	case !strings.EqualFold(r.URL.Path, endpoint):
		return textAnswer(http.StatusNotFound, "text/html", "<html><body>404 - File or directory not found.</body></html>")
	case r.Method != http.MethodPost:
		a := textAnswer(http.StatusMethodNotAllowed, "text/html", "<html><body>405 - Method not allowed.</body></html>")
		a.header.Set("Allow", "GET, HEAD, POST")
		return a
	}
	return wrongContent(r)
}

// identify adds the headers that let administrators trace a request.
func (s *Server) identify(r *http.Request, n int, a *answer) *answer {
	if a.header == nil {
		a.header = make(http.Header)
	}
	if a.bare {
		return a
	}
	a.header.Set("request-id", "ewstest-"+strconv.Itoa(n))
	a.header.Set("X-FEServer", "EWSTEST")
	if cookie := s.affinity(r); cookie != "" {
		a.header.Set("Set-Cookie", cookie)
	}
	if id := echoed(r.Header); id != "" {
		if a.wrongID {
			id = fmt.Sprintf("00000000-0000-4000-8000-%012x", n)
		}
		a.header.Set("client-request-id", id)
	}
	return a
}

func (s *Server) entry(r *http.Request, account string, req *ewsschema.Request, body []byte) *Request {
	header := r.Header.Clone()
	header.Del("Authorization")
	e := &Request{Operation: "Invalid", User: account, Anchor: header.Get("X-AnchorMailbox"), Header: header, Body: body}
	if req != nil {
		e.Operation = ews.Operation(req.Name)
		e.Version = req.VersionName
		e.Impersonated = req.Header.Child("ExchangeImpersonation").Child("ConnectingSID").First().Content()
	}
	return e
}

// latency returns what is added to the answers of an operation.
func (s *Server) latency(op ews.Operation) time.Duration {
	if d, ok := s.opts.Latencies[op]; ok {
		return d
	}
	return s.opts.Latency
}

// pause waits, on a bubble's clock inside a synctest bubble.
func (s *Server) pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// invalid turns the error of an invalid request into a server's fault.
// See ErrorInvalidRequest in
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/responsecode.
func invalid(err error, header http.Header) *refusal {
	if v, ok := errors.AsType[*ewsschema.Violation](err); ok {
		if v.Empty && header.Get("SOAPAction") != "" {
			return refuseText("ErrorInvalidRequest", "The request is invalid: it has a SOAPAction and nothing in its body.")
		}
		return &refusal{code: "ErrorSchemaValidation", text: "The request failed schema validation: " + v.Message, values: []value{
			{"LineNumber", strconv.Itoa(v.Line)}, {"LinePosition", strconv.Itoa(v.Position)}, {"Violation", v.Message},
		}}
	}
	if _, ok := errors.AsType[*ewsschema.VersionError](err); ok {
		return refuse("ErrorInvalidServerVersion")
	}
	if _, ok := errors.AsType[*ewsschema.OutdatedError](err); ok {
		return refuse("ErrorIncorrectSchemaVersion")
	}
	if h, ok := errors.AsType[*ewsschema.HeaderError](err); ok {
		return refuseText("ErrorDuplicateSOAPHeader", "The SOAP header "+h.Local+" stands twice.")
	}
	if u, ok := errors.AsType[*ewsschema.UnderstandError](err); ok {
		return &refusal{code: mustUnderstand, text: "SOAP header " + u.Local + " was not understood."}
	}
	return refuseText("ErrorInvalidRequest", "The request is invalid: "+err.Error())
}
