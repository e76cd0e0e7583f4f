package ewstest

import (
	"net/http"
	"slices"
	"sync"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// Request is one request seen.
type Request struct {
	Operation    ews.Operation
	User         string      // who signed in
	Impersonated string      // address, or empty
	Anchor       string      // X-AnchorMailbox
	Header       http.Header // Authorization left out
	Version      string      // RequestServerVersion as sent
	Body         []byte      // whole, save large content (MimeContent, Data), which is cut to its first 1 KiB
	Fault        string      // name of an injected fault that struck
	Code         string      // response code of the fault or first response message
	Acted        bool        // the server changed its state
}

// journal is the requests seen, and who wants to hear of them.
type journal struct {
	mu       sync.Mutex
	seen     int
	requests []*Request
	before   []func(int, *Request)
	after    []func(int, *Request)
	capture  *capture
}

// Requests returns the requests seen so far, in order. Requests that could not
// be signed in are not among them.
//
// If the environment variable EWSTEST_CAPTURE names a directory when the server
// is made, bodies are also written there, below a directory of each server, as
// NNNN-Operation-request.xml and NNNN-Operation-response.xml, large content cut
// to its first 1 KiB: so all traffic of a test run can be held against the
// schema. Answers that a fault made unreadable are left out.
func (s *Server) Requests() []Request {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	all := make([]Request, len(s.log.requests))
	for i, r := range s.log.requests {
		all[i] = *r
	}
	return all
}

// ResetRequests forgets the requests seen; their numbers run on.
func (s *Server) ResetRequests() {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.requests = nil
}

// OnRequest registers a hook that is called before a request is processed, in
// order, with its running number; a test may change the state there. No lock is
// held, so all methods of the server may be called.
func (s *Server) OnRequest(f func(n int, r *Request)) {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.before = append(s.log.before, f)
}

// OnResponse registers a hook that is called when a request was processed and
// its outcome is known, before the answer is sent: in between, a test may end a
// client, or change the state. No lock is held.
func (s *Server) OnResponse(f func(n int, r *Request)) {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.after = append(s.log.after, f)
}

// begin records a request and calls the hooks.
func (j *journal) begin(r *Request) (n int) {
	j.mu.Lock()
	n = j.seen
	j.seen++
	j.requests = append(j.requests, r)
	hooks := slices.Clone(j.before)
	j.mu.Unlock()
	for _, f := range hooks {
		f(n, r)
	}
	return n
}

// end records the outcome and calls the hooks.
func (j *journal) end(n int, r *Request, fault, code string, acted bool) {
	j.mu.Lock()
	r.Fault, r.Code, r.Acted = fault, code, acted
	hooks := slices.Clone(j.after)
	j.mu.Unlock()
	for _, f := range hooks {
		f(n, r)
	}
}
