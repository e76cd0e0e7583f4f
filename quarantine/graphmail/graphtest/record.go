package graphtest

import (
	"bytes"
	"net/http"
	"slices"
	"sync"
)

// OpUnknown is the operation of a request that fits none.
const OpUnknown Operation = "Unknown"

// Request is a request that the server received, or a part of a batch.
type Request struct {
	Operation Operation
	Method    string
	URL       string // path and query as sent; without the query, which is a secret, at the import host
	App       string // application that signed in; empty at the import host
	Mailbox   string // address of the mailbox that it is about, or empty
	Header    http.Header
	Body      []byte // cut to the first KiB if it is longer
	Part      bool   // it is part of a batch
	Fault     string // name of the injected fault that struck
	Status    int    // status of the answer; 0: none
	Code      string // error code
	Acted     bool   // the server changed its state
}

// largeText is how much of a body is kept.
const largeText = 1 << 10

func cut(b []byte) []byte { return bytes.Clone(b[:min(len(b), largeText)]) }

// journal holds the requests received and the hooks to call.
type journal struct {
	most     int
	mu       sync.Mutex
	seen     int
	requests []*Request
	before   []func(int, *Request)
	after    []func(int, *Request)
	capture  *capture
	last     map[Operation]*answer
}

// Requests returns the requests received so far, in order, including those that failed to
// sign in; with Options.MaxRecords, only the last ones. A batch precedes its parts.
//
// If the environment variable GRAPHTEST_CAPTURE names a directory when the server is
// created, requests and answers are also written there, in a subdirectory for each
// server, as NNNN-operation.json: method, path, query, content types and bodies. Bodies
// that are not JSON are cut to their first KiB. Omitted are refused requests, requests
// that a fault has struck, answers that deviate from the correct ones
// (Options.OtherSpellings, MIME that is too large), answers of more than 1 MiB, and
// answers of the import host.
func (s *Server) Requests() []Request {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	all := make([]Request, len(s.log.requests))
	for i, r := range s.log.requests {
		all[i] = *r
	}
	return all
}

// ResetRequests forgets the requests received; their numbering continues.
func (s *Server) ResetRequests() {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.requests = nil
}

// OnRequest registers a hook that is called with the sequence number of a request before
// the request is processed; a test may change the state there. Hooks are called in the
// order of registration. No lock is held, so all methods of the server may be called. Nil
// removes all hooks.
func (s *Server) OnRequest(f func(n int, r *Request)) {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.before = hooked(s.log.before, f)
}

// OnResponse registers a hook that is called after a request has been processed and its
// outcome is known, but before the answer is sent. Nil removes all hooks.
func (s *Server) OnResponse(f func(n int, r *Request)) {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.after = hooked(s.log.after, f)
}

func hooked(hooks []func(int, *Request), f func(int, *Request)) []func(int, *Request) {
	if f == nil {
		return nil
	}
	return append(hooks, f)
}

// begin records a request and calls the hooks.
func (j *journal) begin(r *Request) int {
	j.mu.Lock()
	n := j.seen
	j.seen++
	j.requests = append(j.requests, r)
	if j.most > 0 && len(j.requests) > j.most {
		j.requests = slices.Delete(j.requests, 0, len(j.requests)-j.most)
	}
	hooks, seen := slices.Clone(j.before), *r
	j.mu.Unlock()
	for _, f := range hooks {
		f(n, &seen)
	}
	return n
}

// earlier returns the last answer to an operation, nil if there was none yet.
func (j *journal) earlier(op Operation) *answer {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last[op]
}

// end records the outcome and calls the hooks.
func (j *journal) end(c *call, a *answer) {
	j.mu.Lock()
	c.entry.Status, c.entry.Code, c.entry.Acted = a.status, a.code, c.acted
	if a.drop {
		c.entry.Status = 0
	}
	if c.box != nil {
		c.entry.Mailbox = c.box.Address
	}
	if c.fault != nil && c.claimed {
		c.entry.Fault = c.fault.Name
	}
	if !a.drop && !a.cut && c.route != nil {
		if j.last == nil {
			j.last = make(map[Operation]*answer)
		}
		j.last[c.route.operation] = a
	}
	hooks, seen := slices.Clone(j.after), *c.entry
	j.mu.Unlock()
	if j.capture != nil && !c.importing && c.entry.Fault == "" && a.status < 400 && !a.odd {
		j.capture.write(c, a)
	}
	for _, f := range hooks {
		f(c.number, &seen)
	}
}
