package ewstest

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// heartbeat is the longest time a connection is silent. It follows the clock of the
// machine, or of a synctest bubble, not Options.Now.
const heartbeat = 45 * time.Second

// stream is the connection of a GetStreamingEvents. It has no goroutine of its own: the
// goroutine that reads the answer, or sends it, waits for the events. The server's lock
// guards it.
type stream struct {
	server *Server
	payer  string
	subs   []*subscription
	until  time.Time // end of its time
	beat   time.Time // of the next StatusEvent
	lost   []lostSubscription
	over   bool
	cut    bool          // because the server was closed
	wake   chan struct{} // wakes whoever waits for something to send; nil if nobody does
}

// lostSubscription is a subscription whose loss the client has yet to be told.
type lostSubscription struct {
	id   string
	code ews.ResponseCode
}

// openStream opens a connection, which takes its subscriptions from others.
func (s *Server) openStream(payer string, subs []*subscription, d time.Duration) *stream {
	now := time.Now()
	st := &stream{server: s, payer: payer, until: now.Add(d), beat: now.Add(heartbeat)}
	if s.subscribed.streams == nil {
		s.subscribed.streams = make(map[*stream]bool)
	}
	if s.subscribed.closed {
		st.cut = true
		return st
	}
	s.subscribed.streams[st] = true
	for _, sub := range subs {
		switch sub.stream {
		case st:
			continue // named twice
		case nil:
		default:
			sub.stream.lose(sub, "ErrorNewEventStreamConnectionOpened")
		}
		sub.stream = st
		st.subs = append(st.subs, sub)
	}
	return st
}

// lose takes a subscription away from a connection, which then tells its client.
func (st *stream) lose(sub *subscription, code ews.ResponseCode) {
	sub.stream, sub.used = nil, st.server.opts.Now()
	st.subs = slices.DeleteFunc(st.subs, func(other *subscription) bool { return other == sub })
	st.lost = append(st.lost, lostSubscription{sub.id, code})
	if len(st.subs) == 0 {
		delete(st.server.subscribed.streams, st)
	}
	st.rouse()
}

// sweepStreams closes the connections that are past their time because nobody reads what
// they send.
func (s *Server) sweepStreams() {
	now := time.Now()
	for st := range s.subscribed.streams {
		if now.After(st.until) {
			st.close()
		}
	}
}

// rouse wakes whoever waits for something to send.
func (st *stream) rouse() {
	if st.wake != nil {
		close(st.wake)
		st.wake = nil
	}
}

// close closes the connection and releases its subscriptions.
func (st *stream) close() {
	st.over = true
	for _, sub := range st.subs {
		sub.stream, sub.used = nil, st.server.opts.Now()
	}
	st.subs = nil
	delete(st.server.subscribed.streams, st)
	st.rouse()
}

// end closes a connection whose client has gone.
func (st *stream) end() {
	st.server.mu.Lock()
	defer st.server.mu.Unlock()
	st.close()
}

// happened wakes the connections with a subscription to a mailbox.
func (s *Server) happened(box *mailstore.Mailbox) {
	for st := range s.subscribed.streams {
		if slices.ContainsFunc(st.subs, func(sub *subscription) bool { return sub.box == box }) {
			st.rouse()
		}
	}
}

// cutStreams breaks off all connections when the server is closed.
func (s *Server) cutStreams() {
	s.subscribed.closed = true
	for st := range s.subscribed.streams {
		st.cut = true
		st.close()
	}
}

// next waits for the next document. It fails with io.EOF after the last one, and with
// another error if the client or the server has gone.
func (st *stream) next(ctx context.Context, closed <-chan struct{}) ([]byte, error) {
	for {
		if ctx.Err() != nil { // anything sent to a client that has gone is lost
			st.end()
			return nil, context.Cause(ctx)
		}
		document, wait, err := st.look()
		if document != nil || err != nil {
			return document, err
		}
		t := time.NewTimer(wait.after)
		select {
		case <-wait.wake:
		case <-t.C:
		case <-ctx.Done():
			err = context.Cause(ctx)
		case <-closed:
			err = io.ErrClosedPipe
		}
		t.Stop()
		if err != nil {
			st.end()
			return nil, err
		}
	}
}

// waiting is what a connection with nothing to send waits for.
type waiting struct {
	wake  <-chan struct{}
	after time.Duration
}

// look returns the document to send now, or what to wait for.
func (st *stream) look() ([]byte, waiting, error) {
	st.server.mu.Lock()
	defer st.server.mu.Unlock()
	switch {
	case st.cut:
		return nil, waiting{}, io.ErrUnexpectedEOF
	case st.over:
		return nil, waiting{}, io.EOF
	}
	now := time.Now()
	document := st.due(now)
	if document == nil {
		st.wake = make(chan struct{})
		after := st.beat
		if st.until.Before(after) {
			after = st.until
		}
		return nil, waiting{st.wake, after.Sub(now)}, nil
	}
	st.beat = now.Add(heartbeat)
	return document, waiting{}, nil
}

// due returns the document to send now, or nil if nothing is due.
func (st *stream) due(now time.Time) []byte {
	events := st.collect()
	if len(st.lost) > 0 {
		code := st.lost[0].code
		var ids []string
		st.lost = slices.DeleteFunc(st.lost, func(l lostSubscription) bool {
			if l.code == code {
				ids = append(ids, l.id)
			}
			return l.code == code
		})
		last := len(st.subs) == 0 && len(st.lost) == 0
		if last {
			st.close()
		}
		return st.lostDocument(code, ids, last)
	}
	if events != nil {
		return st.advance(events)
	}
	switch {
	case !now.Before(st.until):
		st.close()
		return st.closedDocument()
	case !now.Before(st.beat):
		return st.notifications(st.subs, nil)
	}
	return nil
}

// collect returns the next events of each subscription, or nil if there are none at all.
// It drops the subscriptions whose mailbox is gone or that have lost events.
func (st *stream) collect() [][]told {
	some := false
	var events [][]told
	for _, sub := range slices.Clone(st.subs) {
		found, _, upTo, ok := st.server.next(sub, mostEvents)
		switch {
		case sub.box.Gone:
			st.drop(sub, "ErrorInvalidSubscription")
		case !ok:
			st.drop(sub, "ErrorMissedNotificationEvents")
		case len(found) == 0:
			sub.position = upTo
			events = append(events, nil)
		default:
			some = true
			events = append(events, found)
		}
	}
	if !some {
		return nil
	}
	return events
}

// drop ends a subscription.
func (st *stream) drop(sub *subscription, code ews.ResponseCode) {
	delete(st.server.subscribed.all, sub.id)
	st.lose(sub, code)
}

// advance returns the document with the events of the subscriptions, and marks the events
// as reported.
func (st *stream) advance(events [][]told) []byte {
	var of []*subscription
	var theirs [][]told
	for i, sub := range st.subs {
		if n := len(events[i]); n > 0 {
			of, theirs = append(of, sub), append(theirs, events[i])
			sub.position = events[i][n-1].number
		}
	}
	return st.notifications(of, theirs)
}

// send sends the documents over a socket, each immediately.
func (st *stream) send(ctx context.Context, w http.ResponseWriter) {
	flush := http.NewResponseController(w).Flush
	for err := flush(); ; err = flush() {
		if err != nil {
			st.end()
			panic(http.ErrAbortHandler)
		}
		document, err := st.next(ctx, nil)
		if err == io.EOF {
			return
		}
		if err == nil {
			_, err = w.Write(document)
		}
		if err != nil {
			st.end()
			panic(http.ErrAbortHandler)
		}
	}
}

// streamBody is the answer as the body of a response in process.
type streamBody struct {
	first io.Reader
	text  []byte // the unread part of the current document
	next  func() ([]byte, error)
	end   func()
}

func newStreamBody(ctx context.Context, first io.ReadCloser, st *stream) *streamBody {
	closed := make(chan struct{})
	return &streamBody{
		first: first,
		next:  func() ([]byte, error) { return st.next(ctx, closed) },
		end: sync.OnceFunc(func() {
			close(closed)
			_ = first.Close()
			st.end()
		}),
	}
}

// Read reads what is available, or waits for the next document.
func (b *streamBody) Read(p []byte) (int, error) {
	if b.first != nil {
		n, err := b.first.Read(p)
		if err == io.EOF {
			b.first, err = nil, nil
		}
		if n > 0 || err != nil || len(p) == 0 {
			return n, err
		}
	}
	if len(b.text) == 0 {
		document, err := b.next()
		if err != nil {
			return 0, err
		}
		b.text = document
	}
	n := copy(p, b.text)
	b.text = b.text[n:]
	return n, nil
}

// Close ends the connection.
func (b *streamBody) Close() error {
	b.end()
	return nil
}
