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

// StreamingEventsRequest asks for a connection over which events come as they happen.
type StreamingEventsRequest struct {
	Subscriptions []string // ids of streaming subscriptions: 1 to 200
	// Timeout is after how long the server closes the connection: 1 to 30 minutes.
	// Default: 30 minutes.
	Timeout time.Duration
}

const (
	maxStreamed   = 200
	longestStream = 30 * time.Minute
)

// StreamedEvents is what came at once over a connection. Without notifications it is a
// sign of life: the first one says that the connection is open.
type StreamedEvents struct {
	Notifications []Notification
	// Failed are the ids of subscriptions that this connection serves no more, and Err
	// the reason: another connection has taken them, events were lost, the mailbox was
	// moved. Subscribe again, and look at the mailbox itself. They may also come with the
	// error that ends the loop: then the connection serves none, because of these.
	Failed []string
	Err    error
}

// GetStreamingEvents opens a connection and returns what comes over it, until the server
// closes it when its time is over: the loop then ends without an error. Then open another
// one; events that happen in between are told by that. An error is terminal. While the loop
// waits, other calls of the client go on: the connection needs a permission of the limiter
// only to be opened, and servers count it by itself: 3 at once for an account with Exchange
// 2013, 10 with later versions (HangingConnectionLimit). Events may be lost with a
// connection that breaks. If nothing comes for 2 minutes, or StallTimeout of [Options] if
// that is longer, the connection is given up; servers send a StatusEvent about every 45
// seconds. The loop is left at once when ctx ends.
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

// eventStream is a connection that is open.
type eventStream struct {
	a      *answer
	got    StreamedEvents // the last document
	closed bool           // by the server
	err    error          // that ended it
}

// decode reads the first document, and keeps the answer open.
func (r getStreamingEvents) decode(a *answer) (*eventStream, error) {
	s := &eventStream{a: a}
	err := s.document()
	a.detached = err == nil || len(s.got.Failed) > 0
	switch {
	case err != nil && a.detached: // a refusal that says because of which subscriptions
		s.err = err
		return s, nil
	case err != nil:
		return nil, err
	}
	// It is open, and costs other calls nothing any more.
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
