package ewstest

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// subscription is a client's request to be told about the events of a mailbox.
type subscription struct {
	id      string
	box     *mailstore.Mailbox
	account string // the account that signed in
	owner   string // the identity it acted as
	payer   string
	backEnd string          // the server that knows it
	all     bool            // every folder
	folders map[uint64]bool // otherwise only these
	kinds   map[string]bool

	streaming bool
	position  uint64        // the last event that was reported to the client, or that does not concern it
	idle      time.Duration // how long it can be unused before it ends
	used      time.Time
	stream    *stream // the connection that serves it; nil without one
}

// idleStream is how long a streaming subscription lasts without a connection.
const idleStream = 30 * time.Minute

// expired reports whether a subscription has not been used for too long.
func (s *subscription) expired(now time.Time) bool {
	return s.stream == nil && now.Sub(s.used) > s.idle
}

// subscriptions holds a server's subscriptions and the connections that are open for
// them. The server's lock guards them.
type subscriptions struct {
	all     map[string]*subscription
	streams map[*stream]bool
	closed  bool // the server has ended
}

// maxSubscriptions is the maximum number of subscriptions of a server, whatever the
// throttling policy allows.
const maxSubscriptions = 20000

// room makes room for one more subscription of a payer, by dropping expired ones.
func (s *Server) room(payer string) *refusal {
	s.sweepStreams()
	mine, now := 0, s.opts.Now()
	for id, sub := range s.subscribed.all {
		switch {
		case sub.expired(now):
			delete(s.subscribed.all, id)
		case sub.payer == payer:
			mine++
		}
	}
	if most := s.budget.subscriptions(payer, s.opts); mine >= most || len(s.subscribed.all) >= maxSubscriptions {
		return refuse("ErrorExceededSubscriptionCount")
	}
	return nil
}

// newID returns the id of a new subscription: a GUID, or, since Exchange 2013, the name
// of the server, a GUID and a number.
func (s *Server) newID() string {
	b := s.org.Random(24)
	if s.opts.Version < Exchange2013 {
		return mailstore.GUID(b[:16]).String()
	}
	const host = "ewstest"
	id := binary.LittleEndian.AppendUint16(nil, uint16(len(host)))
	id = append(id, host...)
	id = binary.LittleEndian.AppendUint32(id, 16)
	return base64.StdEncoding.EncodeToString(append(id, b...))
}

// subscription finds a subscription that the caller may use. An expired one is reported
// as expired once, and is then gone.
func (c *call) subscription(id string) (*subscription, *refusal) {
	sub := c.subscribed.all[id]
	switch {
	case sub == nil || sub.backEnd != c.backEnd(c.turn.entry.Header, c.who.box):
		return nil, refuse("ErrorSubscriptionNotFound")
	case sub.account != c.account || !sub.streaming && sub.owner != c.who.account:
		return nil, refuseText("ErrorSubscriptionAccessDenied", "Access is denied. Only the subscription owner may access the subscription.")
	case sub.expired(c.opts.Now()):
		delete(c.subscribed.all, id)
		return nil, refuse("ErrorExpiredSubscription")
	}
	return sub, nil
}

// watermark is the name of an event in the protocol: a version, the mailbox, the number
// of the event, and a mark that it belongs to the event queue.
func watermark(box mailstore.GUID, number uint64) string {
	b := binary.LittleEndian.AppendUint32(nil, 1)
	b = append(b, box[:]...)
	b = binary.LittleEndian.AppendUint64(b, number)
	return base64.StdEncoding.EncodeToString(append(b, 1))
}

// readWatermark returns the number of an event of a mailbox.
func readWatermark(text string, box mailstore.GUID) (uint64, bool) {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != 29 || watermark(box, binary.LittleEndian.Uint64(b[20:])) != text {
		return 0, false
	}
	return binary.LittleEndian.Uint64(b[20:]), true
}

// eventNames are the elements of the kinds of events.
var eventNames = map[mailstore.EventKind]string{
	mailstore.Created: "CreatedEvent", mailstore.Delivered: "NewMailEvent", mailstore.Modified: "ModifiedEvent",
	mailstore.Moved: "MovedEvent", mailstore.Copied: "CopiedEvent", mailstore.Deleted: "DeletedEvent",
	mailstore.FreeBusyChanged: "FreeBusyChangedEvent",
}

// told is an event as reported to a subscription.
type told struct {
	mailstore.Event
	number uint64
}

// next returns the next events of a subscription, limited to most, whether there are more
// after them, and the number up to which it has looked. It reports false if some events
// are no longer known.
func (c *Server) next(sub *subscription, most int) (found []told, more bool, upTo uint64, ok bool) {
	all, ok := sub.box.EventsAfter(sub.position)
	upTo = sub.position
	for _, e := range all {
		e, wanted := sub.sees(e, c.opts.Version)
		if wanted && len(found) == most {
			return found, true, upTo, ok
		}
		upTo++
		if wanted {
			found = append(found, told{e, upTo})
		}
	}
	return found, false, upTo, ok
}

// sees returns an event as the subscription shows it, and whether it shows it at all.
// What is deleted moves into Recoverable Items. A subscription to all folders does not
// see those folders; one to some folders sees a soft deletion as a move, except on
// Exchange 2010. See
// https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/pull-notifications-for-ews-deletion-related-mailbox-events-in-exchange.
func (sub *subscription) sees(e mailstore.Event, v Version) (mailstore.Event, bool) {
	hidden := func(number uint64) bool {
		f := sub.box.Folder(number)
		return f != nil && (f.Archive || f.Recoverable())
	}
	if e.Kept && !(e.Removal == mailstore.Soft && v >= Exchange2013 && !sub.all) && !sub.folders[e.Parent] {
		e = mailstore.Event{Kind: mailstore.Deleted, At: e.At, Number: e.OldNumber, Parent: e.OldParent, Unread: -1}
	}
	if !sub.kinds[eventNames[e.Kind]] {
		return e, false
	}
	if sub.all {
		return e, !hidden(e.Parent) && !(e.IsFolder && hidden(e.Number))
	}
	return e, sub.folders[e.Parent] || sub.folders[e.OldParent] || e.IsFolder && sub.folders[e.Number]
}

// writeEvent writes an event, with its watermark if the subscription has watermarks.
func (e *encoder) writeEvent(sub *subscription, v told) {
	box := sub.box.GUID()
	kind, name := mailstore.KindItem, "Item"
	if v.IsFolder {
		kind, name = mailstore.KindFolder, "Folder"
	}
	id := func(element string, kind mailstore.Kind, number uint64) {
		e.Open(element)
		e.Attr("Id", mailstore.ID{Mailbox: box, Kind: kind, Number: number}.String())
		e.Attr("ChangeKey", mailstore.NoChange(kind))
		e.Close()
	}
	e.Open("t:" + eventNames[v.Kind])
	if !sub.streaming {
		e.Leaf("t:Watermark", watermark(box, v.number))
	}
	e.Leaf("t:TimeStamp", ews.FormatTime(v.At.Truncate(time.Second)))
	id("t:"+name+"Id", kind, v.Number)
	id("t:ParentFolderId", mailstore.KindFolder, v.Parent)
	switch v.Kind {
	case mailstore.Moved, mailstore.Copied:
		id("t:Old"+name+"Id", kind, v.OldNumber)
		id("t:OldParentFolderId", mailstore.KindFolder, v.OldParent)
	case mailstore.Modified:
		if v.Unread >= 0 {
			e.Leaf("t:UnreadCount", fmt.Sprint(v.Unread))
		}
	}
	e.Close()
}
