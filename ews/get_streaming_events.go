package ews

import (
	"cmp"
	"context"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// StreamingEventsRequest asks for a connection on which events arrive as they happen.
type StreamingEventsRequest struct {
	Subscriptions []string // ids of streaming subscriptions: 1 to 200
	// Timeout is how long the server keeps the connection open: 1 to 30 minutes. Default:
	// 30 minutes.
	Timeout time.Duration
}

const (
	maxStreamed   = 200
	longestStream = 30 * time.Minute
)

// StreamedEvents is one message from the server on the connection. Without notifications
// it is a sign of life: the first one shows that the connection is open.
type StreamedEvents struct {
	Notifications []Notification
	// Failed are the ids of subscriptions that this connection no longer serves, and Err
	// is the reason: another connection has taken them over, events were lost, or the
	// mailbox was moved. Subscribe again and examine the mailbox itself. They can also
	// accompany the error that ends the loop: then, because of them, the connection
	// serves no subscription at all.
	Failed []string
	Err    error
}

// GetStreamingEvents opens a connection and returns what arrives on it, until the server
// closes it after the requested time: the loop then ends without an error. Open another
// connection then; it reports the events that happen in between. An error is terminal.
// The loop ends immediately when ctx ends.
//
// While the loop waits, other calls of the client proceed: the connection needs a
// permission of the limiter only while it is being opened. Servers count connections
// separately: an account may have 3 open at the same time with Exchange 2013, 10 with
// later versions (HangingConnectionLimit).
//
// When a connection breaks, events may be lost. If nothing arrives for 2 minutes, or for
// StallTimeout of [Options] if that is longer, the connection is given up; servers send a
// StatusEvent about every 45 seconds.
//
// It needs Exchange 2010 SP1 or later; otherwise the error is [ErrUnsupportedVersion].
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getstreamingevents-operation.
func (c *Client) GetStreamingEvents(ctx context.Context, req StreamingEventsRequest) iter.Seq2[StreamedEvents, error] {
	req.Subscriptions = slices.Clone(req.Subscriptions)
	return func(yield func(StreamedEvents, error) bool) {
		s, err := do(ctx, c, getStreamingEvents(req))
		if err != nil {
			yield(StreamedEvents{}, err)
			return
		}
		defer func() { s.a.close(s.err) }()
		for s.err == nil {
			if s.got.Notifications != nil || s.got.Failed != nil || !s.closed {
				if !yield(s.got, nil) {
					return
				}
			}
			if s.closed {
				return
			}
			s.err = s.next()
		}
		yield(StreamedEvents{Failed: s.got.Failed, Err: s.got.Err}, s.err)
	}
}

type getStreamingEvents StreamingEventsRequest

func (r getStreamingEvents) task() (task, error) {
	t := task{op: OpGetStreamingEvents, least: Exchange2010SP1, what: "GetStreamingEvents", live: cmp.Or(r.Timeout, longestStream)}
	switch n := len(r.Subscriptions); {
	case n == 0:
		return t, wrong("StreamingEventsRequest.Subscriptions", "is empty: at least one is required")
	case n > maxStreamed:
		return t, wrong("StreamingEventsRequest.Subscriptions", "has %d: a connection serves at most 200", n)
	}
	for i, id := range r.Subscriptions {
		if err := checkSubscription("StreamingEventsRequest.Subscriptions"+at(i), id); err != nil {
			return t, err
		}
	}
	if r.Timeout != 0 && (r.Timeout < time.Minute || r.Timeout > longestStream) {
		return t, wrong("StreamingEventsRequest.Timeout", "is %v: use 1 to 30 minutes", r.Timeout)
	}
	return t, nil
}

func (r getStreamingEvents) encode(e *xmlwire.Encoder, _ Version) {
	e.Open("m:GetStreamingEvents")
	e.Open("m:SubscriptionIds")
	for _, id := range r.Subscriptions {
		e.Leaf("t:SubscriptionId", id)
	}
	e.Close()
	e.Int("m:ConnectionTimeout", minutes(cmp.Or(r.Timeout, longestStream)))
	e.Close()
}

// eventStream is an open connection.
type eventStream struct {
	a      *answer
	got    StreamedEvents // the last document
	closed bool           // by the server
	err    error          // the error that ended it
}

// decode reads the first document, and keeps the answer open.
func (r getStreamingEvents) decode(a *answer) (*eventStream, error) {
	s := &eventStream{a: a}
	err := s.document()
	a.detached = err == nil || len(s.got.Failed) > 0
	switch {
	case err != nil && a.detached: // a refusal that names the subscriptions to blame
		s.err = err
		return s, nil
	case err != nil:
		return nil, err
	}
	// The connection is open, and no longer costs other calls anything.
	a.release(a.throttled, a.backOff)
	a.release = func(bool, time.Duration) {}
	return s, nil
}

// next waits for the next document.
func (s *eventStream) next() error {
	s.got = StreamedEvents{}
	err := s.a.nextDocument()
	if err == io.EOF {
		return &TransportError{Operation: s.a.op, Mailbox: s.a.client.mailbox, URL: s.a.client.place(), Err: io.ErrUnexpectedEOF}
	}
	if err != nil {
		return err
	}
	return s.document()
}

// document reads one document.
func (s *eventStream) document() error {
	a := s.a
	s.got = StreamedEvents{}
	var refusal error
	status := ""
	err := a.eachMessage(1, "", func(int) {
		switch a.d.Local() {
		case "Notifications":
			depth := a.d.Depth()
			for a.d.NextChild(depth) {
				s.got.Notifications = append(s.got.Notifications, decodeNotification(a.d))
			}
		case "ErrorSubscriptionIds":
			s.got.Failed = append(s.got.Failed, decodeStrings(a.d)...)
		case "ConnectionStatus":
			status = a.d.TextInterned()
		}
	}, func(_ int, e error) { refusal = e })
	switch {
	case err != nil:
		return err
	case a.messages == 0:
		return a.missing()
	}
	s.closed = status == "Closed"
	s.got.Err = refusal
	if refusal != nil && (s.closed || len(s.got.Failed) == 0) {
		return refusal
	}
	return nil
}
