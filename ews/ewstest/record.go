package ewstest

import (
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// Request is a request that the server received.
type Request struct {
	Operation    ews.Operation
	User         string      // who signed in
	Impersonated string      // address, or empty
	Anchor       string      // X-AnchorMailbox
	Header       http.Header // without Authorization
	Version      string      // RequestServerVersion as sent
	Body         []byte      // complete except for large content (MimeContent, Data), which is cut to its first 1 KiB
	Fault        string      // names of the injected faults that struck, with "; " between them
	Code         string      // response code of the fault or first response message; if acted on later, of the later act
	Acted        bool        // the server changed its state

	n       int // in the sequence of requests
	Waiting int // how many times the server will still act on it; see [Fault.ActedAfter]
}

// journal holds the requests received and the hooks to call.
type journal struct {
	most     int // requests to keep; 0: all
	mu       sync.Mutex
	seen     int
	requests []*Request
	before   []func(int, *Request)
	members  []func(int, int, *Request)
	after    []func(int, *Request)
	capture  *capture
}

// Requests returns the requests received so far, in order, without those that failed to
// sign in; with Options.MaxRecords, only the latest.
//
// If the environment variable EWSTEST_CAPTURE names a directory when the server
// is created, bodies are also written there, in a subdirectory for each server,
// as NNNN-Operation-request.xml and NNNN-Operation-response.xml, with large
// content cut to its first 1 KiB, so that all traffic of a test run can be
// checked against the schema. Answers made unreadable by a fault are omitted.
func (s *Server) Requests() []Request {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	all := make([]Request, len(s.log.requests))
	for i, r := range s.log.requests {
		all[i] = *r
	}
	return all
}

// ResetRequests forgets the requests received so far; the numbering continues.
func (s *Server) ResetRequests() {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.requests = nil
}

// OnRequest registers a hook that is called before a request is processed, with its
// sequence number; a test can change the state there. Hooks are called in order. No lock
// is held, so all methods of the server can be called. Nil removes all hooks registered
// so far; a request that has begun may still call them.
func (s *Server) OnRequest(f func(n int, r *Request)) {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.before = hooked(s.log.before, f)
}

// OnResponse registers a hook that is called after a request has been processed and its
// outcome is known, but before the answer is sent, so a test can stop a client or change
// the state in between. No lock is held. Nil removes all hooks, as in [Server.OnRequest].
func (s *Server) OnResponse(f func(n int, r *Request)) {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.after = hooked(s.log.after, f)
}

// hooked returns the hooks with one more, or none if f is nil.
func hooked(hooks []func(int, *Request), f func(int, *Request)) []func(int, *Request) {
	if f == nil {
		return nil
	}
	return append(hooks, f)
}

// now returns a request as it is now. The server may act on it late while a caller is
// reading it.
func (j *journal) now(r *Request) *Request {
	j.mu.Lock()
	defer j.mu.Unlock()
	c := *r
	return &c
}

// wait counts one more time that a request will be acted on.
func (j *journal) wait(r *Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r.Waiting++
}

// actedLate records what became of a request after its answer.
func (j *journal) actedLate(t *turn) {
	j.mu.Lock()
	defer j.mu.Unlock()
	t.entry.Waiting--
	t.entry.Code = string(t.code)
	t.entry.Acted = t.entry.Acted || t.acted
	for _, name := range t.struck {
		t.entry.Fault = joined(t.entry.Fault, name)
	}
}

// joined adds the name of a fault to those that struck, unless it is already there.
func joined(names, name string) string {
	all := strings.Split(names, "; ")
	if names == "" {
		all = nil
	}
	if slices.Contains(all, name) {
		return names
	}
	return strings.Join(append(all, name), "; ")
}

// newest returns the last records, at most as many as given; 0 means all.
func newest[T any](all []T, most int) []T {
	if most <= 0 || len(all) <= most {
		return all
	}
	return slices.Delete(all, 0, len(all)-most)
}

// begin records a request and calls the hooks.
func (j *journal) begin(r *Request) (n int) {
	j.mu.Lock()
	n = j.seen
	j.seen++
	r.n = n
	j.requests = newest(append(j.requests, r), j.most)
	hooks := slices.Clone(j.before)
	j.mu.Unlock()
	for _, f := range hooks {
		f(n, j.now(r))
	}
	return n
}

// outcome records the outcome.
func (j *journal) outcome(r *Request, fault, code string, acted bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r.Fault, r.Code, r.Acted = fault, code, acted
}

// end calls the hooks after a request.
func (j *journal) end(n int, r *Request) {
	j.mu.Lock()
	hooks := slices.Clone(j.after)
	j.mu.Unlock()
	for _, f := range hooks {
		f(n, j.now(r))
	}
}
