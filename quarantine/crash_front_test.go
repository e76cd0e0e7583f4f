//go:build unix

package quarantine_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"sync"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// phase is a part of a call in which the client is killed.
type phase string

const (
	partSent     phase = "request partly sent"    // the server has a part of the request
	sent         phase = "request sent"           // the server has it, but does not act
	sentAndActs  phase = "sent, then server acts" // the server has it, and acts although the client is dead
	acted        phase = "server acted"           // but nothing of the answer was sent
	partAnswered phase = "answer partly sent"     // the client may have half of the answer
	answered     phase = "answered"               // the client may have all of the answer
	inJournal    phase = "about a journal write"  // between two calls
)

// strike determines in which call the client is killed, and when.
type strike struct {
	operation ews.Operation // empty: any that writes
	nth       int           // from 0
	phase     phase
	after     int // bytes of the request, for partSent
}

// isWrite holds the operations that change something on the server.
var isWrite = map[ews.Operation]bool{
	ews.OpUpdateItem: true, ews.OpMoveItem: true, ews.OpDeleteItem: true, ews.OpCreateItem: true,
	ews.OpUploadItems: true, ews.OpCreateFolder: true,
}

// step is a request that has passed.
type step struct {
	operation ews.Operation
	nth       int // of that operation, from 0
	length    int
	streamed  bool // its length was not known in advance
}

// front stands in front of an Exchange and kills the client on demand: it
// decides which bytes get through before that.
type front struct {
	exchange http.Handler
	at       *strike
	kill     func() // returns when the client is dead

	busy   sync.WaitGroup // requests in progress
	mu     sync.Mutex
	seen   map[ews.Operation]int
	writes int
	steps  []step
	struck bool // the client is dead or about to be; nothing more goes through
}

// ServeHTTP lets a request through, or kills its sender.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.busy.Add(1)
	defer f.busy.Done()
	body := bufio.NewReaderSize(r.Body, 16<<10)
	operation, err := peekOperation(body)
	if err != nil {
		panic(http.ErrAbortHandler) // the client was killed by another call's handler
	}
	phase, after, index := f.begin(operation, r.ContentLength < 0)
	if phase == partSent {
		part, err := io.ReadAll(io.LimitReader(body, int64(after)))
		if err == nil {
			f.strike()
			// How a server handles part of a request is its own business.
			f.serve(httptest.NewRecorder(), r, io.MultiReader(bytes.NewReader(part), failing{}))
		}
		panic(http.ErrAbortHandler)
	}
	whole, err := io.ReadAll(body)
	if err != nil || !f.arrived(index, len(whole)) {
		panic(http.ErrAbortHandler)
	}
	switch phase {
	case sent:
		f.strike()
		panic(http.ErrAbortHandler)
	case sentAndActs:
		f.strike()
		f.serve(httptest.NewRecorder(), r, bytes.NewReader(whole))
		panic(http.ErrAbortHandler)
	}
	answer := httptest.NewRecorder()
	f.serve(answer, r, bytes.NewReader(whole))
	out := answer.Body.Bytes()
	switch phase {
	case acted:
		f.strike()
		panic(http.ErrAbortHandler)
	case partAnswered:
		out = out[:len(out)/2]
	}
	maps.Copy(w.Header(), answer.Header())
	w.Header().Set("Content-Length", strconv.Itoa(answer.Body.Len()))
	w.WriteHeader(answer.Code)
	if phase == "" {
		_, _ = w.Write(out)
		return
	}
	f.mu.Lock()
	f.struck = true // before the client can send anything that follows from the answer
	f.mu.Unlock()
	_, _ = w.Write(out)
	_ = http.NewResponseController(w).Flush()
	f.strike()
	panic(http.ErrAbortHandler)
}

// begin counts a request and returns when its sender is to be killed.
func (f *front) begin(operation ews.Operation, streamed bool) (when phase, after, index int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.struck {
		panic(http.ErrAbortHandler)
	}
	nth, write := f.seen[operation], f.writes
	f.seen[operation]++
	if isWrite[operation] {
		f.writes++
	}
	index = len(f.steps)
	f.steps = append(f.steps, step{operation: operation, nth: nth, streamed: streamed})
	if f.at != nil && (f.at.operation == operation && f.at.nth == nth || f.at.operation == "" && isWrite[operation] && f.at.nth == write) {
		return f.at.phase, f.at.after, index
	}
	return "", 0, index
}

// arrived notes that all of a request has arrived. It reports whether the client is still
// alive: another call that is in progress when the client dies is cut off.
func (f *front) arrived(index, length int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.steps[index].length = length
	return !f.struck
}

// strike kills the client.
func (f *front) strike() {
	f.mu.Lock()
	f.struck = true
	f.mu.Unlock()
	f.kill()
}

// serve passes a request to the server whatever becomes of its sender.
func (f *front) serve(w http.ResponseWriter, r *http.Request, body io.Reader) {
	defer func() {
		if v := recover(); v != nil && v != any(http.ErrAbortHandler) {
			panic(v)
		}
	}()
	r = r.Clone(context.WithoutCancel(r.Context()))
	r.Body = io.NopCloser(body)
	f.exchange.ServeHTTP(w, r)
}

// failing is a broken connection.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

var firstInBody = regexp.MustCompile(`Body[^<>]*>\s*<(?:\w+:)?(\w+)[\s/>]`)

// peekOperation returns the name of the operation without consuming the part of
// the body that contains it.
func peekOperation(body *bufio.Reader) (ews.Operation, error) {
	for {
		if _, err := body.Peek(body.Buffered() + 1); err != nil {
			return "", err
		}
		have, _ := body.Peek(body.Buffered())
		if m := firstInBody.FindSubmatch(have); m != nil {
			return ews.Operation(m[1]), nil
		}
	}
}

// decisive reports whether the server has acted on the request that makes a copy, so
// that the item is at both ends, or on the one that removes the original.
func (b deathBlow) decisive() bool {
	if b.strike == nil || b.strike.phase != acted {
		return false
	}
	return b.operation == ews.OpUploadItems || b.operation == ews.OpCreateItem || b.operation == ews.OpDeleteItem
}
