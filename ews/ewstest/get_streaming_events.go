package ewstest

import (
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// mostStreamed is the maximum number of subscriptions on one connection.
const mostStreamed = 200

// getStreamingEvents opens a connection that delivers the events of streaming
// subscriptions until its time has elapsed. The answer is a sequence of documents, the
// first of which comes immediately. If one of the subscriptions does not exist, none is
// served. A subscription that another connection serves is taken from it. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getstreamingevents-operation.
func getStreamingEvents(c *call) *refusal {
	var missing []string
	c.out.extra = func() {
		c.out.spoilt = c.out.spoilt || len(missing) > 0 // see streamFailed
		c.out.streamFailed(missing, true)
	}
	c.batch([]*ewsschema.Node{c.op}, func(n *ewsschema.Node) (func(), *refusal) {
		var refused *refusal
		var subs []*subscription
		for _, id := range n.Child("SubscriptionIds").Kids() {
			sub, err := c.subscription(id.Content())
			if err == nil && (!sub.streaming || sub.box.Gone) {
				err = refuse("ErrorInvalidSubscription")
			}
			switch {
			case err == nil:
				subs = append(subs, sub)
				continue
			case err.code != "ErrorSubscriptionAccessDenied":
				err = refuse("ErrorInvalidSubscription")
			}
			missing = append(missing, id.Content())
			if refused == nil {
				refused = err
			}
		}
		if refused == nil && len(n.Child("SubscriptionIds").Kids()) > mostStreamed {
			refused = refuse("ErrorInvalidArgument")
		}
		if refused == nil {
			refused = c.hanging(c.who.payer(), subs)
		}
		if refused != nil {
			return nil, refused
		}
		if !c.turn.late { // the client of a late act is gone
			c.stream = c.openStream(c.who.payer(), subs, time.Duration(n.Int("ConnectionTimeout", 1))*time.Minute)
		}
		return func() { c.out.Leaf("m:ConnectionStatus", "OK") }, nil
	})
	return nil
}

// hanging refuses another connection of a payer that already has the maximum number.
// Those that the new one closes do not count.
func (c *call) hanging(payer string, subs []*subscription) *refusal {
	taken := make(map[*stream]int)
	for _, sub := range subs {
		if sub.stream != nil {
			taken[sub.stream]++
		}
	}
	c.sweepStreams()
	open := 0
	for st := range c.subscribed.streams {
		if st.payer == payer && len(st.subs) > taken[st] {
			open++
		}
	}
	if open >= c.budget.streams(payer, c.opts) {
		return refuse("ErrorExceededConnectionCount")
	}
	return nil
}

// streamFailed writes which subscriptions failed. Real servers write their ids in the
// namespace of messages, and clients read them there, whatever the schema says.
func (e *encoder) streamFailed(ids []string, closed bool) {
	if len(ids) > 0 {
		e.Open("m:ErrorSubscriptionIds")
		for _, id := range ids {
			e.Leaf("m:SubscriptionId", id)
		}
		e.Close()
	}
	if closed {
		e.Leaf("m:ConnectionStatus", "Closed")
	}
}

// beginStreamed begins an answer of GetStreamingEvents: with an unprefixed Envelope, as
// in a published capture of Exchange 15.1, because clients split the documents there; and
// without a declaration, which they would take for text between two documents.
func (r *reply) beginStreamed(v Version) {
	r.References = true
	r.Open("Envelope")
	r.Attr("xmlns", xmlwire.URISOAP)
	r.Open("soap11:Header")
	r.Attr("xmlns:soap11", xmlwire.URISOAP)
	r.Open("ServerVersionInfo")
	r.Attr("xmlns", xmlwire.URITypes)
	r.version(v)
	r.Close()
	r.Close()
	r.Open("soap11:Body")
	r.Attr("xmlns:soap11", xmlwire.URISOAP)
}

// document returns one document of a streamed answer.
func (s *Server) document(write func(*reply)) []byte {
	r := newReply("GetStreamingEvents", s.opts.Version)
	write(r)
	pieces := r.finish()
	return pieces[0].raw
}

// closedDocument reports that the time of a connection has elapsed.
func (st *stream) closedDocument() []byte {
	return st.server.document(func(r *reply) {
		r.success(func() { r.Leaf("m:ConnectionStatus", "Closed") })
	})
}

// lostDocument reports that subscriptions failed, and whether the connection ends.
func (st *stream) lostDocument(code ews.ResponseCode, ids []string, last bool) []byte {
	return st.server.document(func(r *reply) {
		r.withClass("Error", refuse(code), func() { r.streamFailed(ids, last) })
	})
}

// notifications returns the events of subscriptions; without events, a StatusEvent for
// each.
func (st *stream) notifications(of []*subscription, events [][]told) []byte {
	return st.server.document(func(r *reply) {
		r.success(func() {
			r.Open("m:Notifications")
			for i, sub := range of {
				// In the namespace of messages, where clients read it; see streamFailed.
				r.Open("m:Notification")
				r.Leaf("t:SubscriptionId", sub.id)
				if events == nil {
					r.Open("t:StatusEvent")
					r.Close()
				} else {
					for _, e := range events[i] {
						r.writeEvent(sub, e)
					}
				}
				r.Close()
			}
			r.Close()
		})
	})
}
