package ews

import (
	"cmp"
	"context"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// EventKind is a kind of event in a mailbox, as the protocol spells it.
type EventKind string

// Kinds of events.
const (
	EventNewMail         EventKind = "NewMailEvent" // mail was delivered
	EventCreated         EventKind = "CreatedEvent"
	EventDeleted         EventKind = "DeletedEvent"
	EventModified        EventKind = "ModifiedEvent"
	EventMoved           EventKind = "MovedEvent"
	EventCopied          EventKind = "CopiedEvent"
	EventFreeBusyChanged EventKind = "FreeBusyChangedEvent" // Exchange 2010 SP1 and later

	// EventStatus means that nothing has happened; it cannot be subscribed to.
	EventStatus EventKind = "StatusEvent"
)

// SubscribeRequest asks for notifications of events in the caller's own mailbox. A
// delegate cannot subscribe to another user's mailbox: impersonate its owner.
type SubscribeRequest struct {
	Folders    []FolderRef // the folders to watch; none with AllFolders
	AllFolders bool        // watches every folder except those of Recoverable Items
	Events     []EventKind // at least one

	// Streaming asks for a subscription for [Client.GetStreamingEvents] instead of one
	// for [Client.GetEvents]. It needs Exchange 2010 SP1 or later.
	Streaming bool
	// Timeout, without Streaming, is how long the subscription lasts without a call of
	// GetEvents: 1 to 1440 minutes. Default: 30 minutes. A subscription with Streaming
	// lasts about half an hour without a connection.
	Timeout time.Duration
	// Watermark, without Streaming, is the watermark of an event of an earlier
	// subscription, from which this one continues. Default: from now on.
	Watermark string
}

// Subscription identifies a subscription to events. It belongs to the account that made
// it.
type Subscription struct {
	ID        string
	Watermark string // for the first call of [Client.GetEvents]; empty with Streaming
}

// Subscribe makes a subscription. Servers limit their number for an account or mailbox:
// to 20 with Exchange Online (EWSMaxSubscriptions). The request is not repeated after an
// error; a subscription that was made nevertheless expires. From Exchange 2013 on, a
// subscription is known to one mailbox server only. Later requests are led there by the
// cookies that this client keeps for each mailbox.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/subscribe-operation.
func (c *Client) Subscribe(ctx context.Context, req SubscribeRequest) (Subscription, error) {
	return do(ctx, c, subscribe(req))
}

type subscribe SubscribeRequest

const defaultSubscription = 30 * time.Minute

func (r subscribe) task() (task, error) {
	t := task{op: OpSubscribe}
	if r.Streaming {
		t.least, t.what = Exchange2010SP1, "streaming notifications"
	}
	switch {
	case r.AllFolders && len(r.Folders) > 0:
		return t, wrong("SubscribeRequest.Folders", "is set together with AllFolders: use only one of them")
	case !r.AllFolders:
		if err := checkFolders("SubscribeRequest.Folders", r.Folders); err != nil {
			return t, err
		}
	}
	if len(r.Events) == 0 {
		return t, wrong("SubscribeRequest.Events", "is empty: at least one kind is required")
	}
	for i, kind := range r.Events {
		switch kind {
		case EventNewMail, EventCreated, EventDeleted, EventModified, EventMoved, EventCopied:
		case EventFreeBusyChanged:
			t.least, t.what = Exchange2010SP1, string(kind)
		default:
			return t, wrong("SubscribeRequest.Events"+at(i), "is %q: use one of this package's kinds except EventStatus", kind)
		}
	}
	switch {
	case r.Streaming && (r.Timeout != 0 || r.Watermark != ""):
		return t, wrong("SubscribeRequest.Streaming", "is set with Timeout or Watermark, which only the other kind of subscription has")
	case r.Timeout != 0 && (r.Timeout < time.Minute || r.Timeout > 1440*time.Minute):
		return t, wrong("SubscribeRequest.Timeout", "is %v: use 1 minute to 24 hours", r.Timeout)
	}
	return t, nil
}

func (r subscribe) encode(e *xmlwire.Encoder, _ Version) {
	e.Open("m:Subscribe")
	if r.Streaming {
		e.Open("m:StreamingSubscriptionRequest")
	} else {
		e.Open("m:PullSubscriptionRequest")
	}
	if r.AllFolders {
		e.Attr("SubscribeToAllFolders", "true")
	} else {
		encodeFolders(e, "t:FolderIds", r.Folders)
	}
	e.Open("t:EventTypes")
	for _, kind := range r.Events {
		e.Leaf("t:EventType", string(kind))
	}
	e.Close()
	if !r.Streaming {
		if r.Watermark != "" {
			e.Leaf("t:Watermark", r.Watermark)
		}
		e.Int("t:Timeout", minutes(cmp.Or(r.Timeout, defaultSubscription)))
	}
	e.Close()
	e.Close()
}

// minutes returns a duration in whole minutes, rounded up.
func minutes(d time.Duration) int64 { return int64((d + time.Minute - 1) / time.Minute) }

func (r subscribe) decode(a *answer) (Subscription, error) {
	sub, err := single(a, "", func(s *Subscription) {
		switch a.d.Local() {
		case "SubscriptionId":
			s.ID = a.d.Text()
		case "Watermark":
			s.Watermark = a.d.Text()
		}
	})
	if err == nil && (sub.ID == "" || !r.Streaming && sub.Watermark == "") {
		err = a.malformed("a response message reports success without SubscriptionId and Watermark")
	}
	return sub, err
}
