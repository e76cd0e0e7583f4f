package ews

import (
	"context"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// Event is something that happened in a mailbox.
type Event struct {
	Kind      EventKind
	Watermark string    // empty in a stream
	Time      time.Time // UTC, to the second

	// Item or Folder is the object of the event, as it is after the event, and Parent is
	// the folder that contains it. All are zero for [EventStatus].
	Item   ItemID
	Folder FolderID
	Parent FolderID

	// OldItem, OldFolder and OldParent identify the object before it was moved, or the
	// original of a copy.
	OldItem   ItemID
	OldFolder FolderID
	OldParent FolderID
}

// Notification is the events of one subscription, in order.
type Notification struct {
	Subscription string // id
	More         bool   // more events are already available; not set in a stream
	Watermark    string // to pass to the next GetEvents; not set in a stream
	Events       []Event
}

// GetEvents returns the next events, about 50 at most, of a subscription that is not a
// streaming one. watermark is [Subscription].Watermark at first, and then the latest
// [Notification].Watermark. After ErrorExpiredSubscription, ErrorSubscriptionNotFound,
// ErrorMissedNotificationEvents or ErrorInvalidWatermark, subscribe again without a
// watermark and examine the mailbox itself: events may have been lost.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getevents-operation.
func (c *Client) GetEvents(ctx context.Context, subscription, watermark string) (*Notification, error) {
	n, err := do(ctx, c, getEvents{subscription, watermark})
	if err != nil {
		return nil, err
	}
	return &n, nil
}

type getEvents struct{ subscription, watermark string }

func (r getEvents) task() (task, error) {
	t := task{op: OpGetEvents}
	if r.watermark == "" {
		return t, wrong("GetEvents argument watermark", "is empty: use that of the Subscription or of the last Notification")
	}
	return t, checkSubscription("GetEvents argument subscription", r.subscription)
}

func (r getEvents) encode(e *xmlwire.Encoder, _ Version) {
	e.Open("m:GetEvents")
	e.Leaf("m:SubscriptionId", r.subscription)
	e.Leaf("m:Watermark", r.watermark)
	e.Close()
}

func (r getEvents) decode(a *answer) (Notification, error) {
	found := false
	n, err := single(a, "", func(n *Notification) {
		if a.d.Local() == "Notification" {
			found = true
			*n = decodeNotification(a.d)
		}
	})
	switch {
	case err != nil:
		return n, err
	case !found:
		return n, a.malformed("a response message reports success without a notification")
	case n.Subscription != r.subscription:
		return n, a.misfit("it is about another subscription")
	case n.Watermark == "":
		return n, a.malformed("a notification without a watermark")
	}
	return n, nil
}

// decodeNotification reads the current element as a notification.
func decodeNotification(d *xmlwire.Decoder) Notification {
	var n Notification
	depth := d.Depth()
	for d.NextChild(depth) {
		switch d.Local() {
		case "SubscriptionId":
			n.Subscription = d.Text()
		case "PreviousWatermark":
		case "MoreEvents":
			n.More, _ = d.TryBool()
		default:
			event := decodeEvent(d)
			if event.Watermark != "" {
				n.Watermark = event.Watermark
			}
			n.Events = append(n.Events, event)
		}
	}
	return n
}

func decodeEvent(d *xmlwire.Decoder) Event {
	e := Event{Kind: EventKind(d.Local())}
	depth := d.Depth()
	for d.NextChild(depth) {
		switch d.Local() {
		case "Watermark":
			e.Watermark = d.Text()
		case "TimeStamp":
			e.Time, _ = d.TryTime()
		case "ItemId":
			e.Item = decodeItemID(d)
		case "FolderId":
			e.Folder = decodeFolderID(d)
		case "ParentFolderId":
			e.Parent = decodeFolderID(d)
		case "OldItemId":
			e.OldItem = decodeItemID(d)
		case "OldFolderId":
			e.OldFolder = decodeFolderID(d)
		case "OldParentFolderId":
			e.OldParent = decodeFolderID(d)
		}
	}
	return e
}
