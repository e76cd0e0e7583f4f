package ewstest

import (
	"net/url"
	"time"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// subscribe creates a pull or streaming subscription to events of the caller's own
// mailbox. A server for tests calls nobody back, so there are no push subscriptions. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/subscribe-operation
// and [MS-OXWSNTIF].
func subscribe(c *call) *refusal {
	c.batch([]*ewsschema.Node{c.op.First()}, func(n *ewsschema.Node) (func(), *refusal) {
		if n.Local == "PushSubscriptionRequest" {
			return nil, c.noPush(n)
		}
		sub, refused := c.wish(n)
		if refused != nil {
			return nil, refused
		}
		if refused := c.room(sub.payer); refused != nil {
			return nil, refused
		}
		sub.id, sub.used = c.newID(), c.opts.Now()
		sub.backEnd = c.backEnd(c.turn.entry.Header, c.who.box)
		if c.subscribed.all == nil {
			c.subscribed.all = make(map[string]*subscription)
		}
		c.subscribed.all[sub.id] = sub
		c.acted = true
		return func() {
			c.out.Leaf("m:SubscriptionId", sub.id)
			if !sub.streaming {
				c.out.Leaf("m:Watermark", watermark(sub.box.GUID(), sub.position))
			}
		}, nil
	})
	return nil
}

// noPush refuses a push subscription.
func (c *call) noPush(n *ewsschema.Node) *refusal {
	u, err := url.Parse(n.Value("URL"))
	if err != nil || len(n.Value("URL")) >= 2083 || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return refuse("ErrorInvalidPushSubscriptionUrl")
	}
	return lacks.refusal(c.opts.Version, n.Local, true)
}

// wish reads a request for a subscription.
func (c *call) wish(n *ewsschema.Node) (*subscription, *refusal) {
	sub := &subscription{
		account: c.account, owner: c.who.account, payer: c.who.payer(),
		all: n.AttrBool("SubscribeToAllFolders", false), folders: make(map[uint64]bool), kinds: make(map[string]bool),
		streaming: n.Local == "StreamingSubscriptionRequest", idle: idleStream,
	}
	if !sub.streaming {
		sub.idle = time.Duration(n.Int("Timeout", 1)) * time.Minute
	}
	for _, k := range n.Child("EventTypes").Kids() {
		sub.kinds[k.Content()] = true
	}
	folders := n.Child("FolderIds").Kids()
	if !c.who.hasMailbox() {
		return nil, refuse("ErrorMissingEmailAddress")
	}
	if sub.all == (len(folders) > 0) {
		return nil, refuseText("ErrorInvalidSubscriptionRequest", "A subscription is either to all folders or to those of FolderIds.")
	}
	sub.box = c.who.box
	var archive [2]bool
	for _, id := range folders {
		f, refused := c.folder(id)
		switch {
		case refused != nil:
			return nil, refused
		case f.Mailbox != sub.box:
			return nil, refuseText("ErrorSubscriptionDelegateAccessNotSupported", "Subscriptions are not supported for delegate user access.")
		case f.Search != nil:
			return nil, lacks.refusal(c.opts.Version, "a subscription to a search folder", true)
		}
		archive[archiveIndex(f)] = true
		sub.folders[f.ID().Number] = true
	}
	if archive[0] && archive[1] {
		return nil, refuseText("ErrorInvalidSubscriptionRequest", "The folders of a subscription must be in one mailbox.")
	}
	sub.box.Watch()
	sub.position = sub.box.LastEvent()
	if text := n.Value("Watermark"); text != "" {
		number, ok := readWatermark(text, sub.box.GUID())
		if ok {
			_, ok = sub.box.EventsAfter(number)
		}
		if !ok {
			return nil, refuse("ErrorInvalidWatermark")
		}
		sub.position = number
	}
	return sub, nil
}

func archiveIndex(f *mailstore.Folder) int {
	if f.Archive {
		return 1
	}
	return 0
}

// unsubscribe ends a subscription, even if a connection is serving it. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/unsubscribe-operation.
func unsubscribe(c *call) *refusal {
	c.batch([]*ewsschema.Node{c.op}, func(n *ewsschema.Node) (func(), *refusal) {
		sub, refused := c.subscription(n.Value("SubscriptionId"))
		if refused != nil {
			return nil, refused
		}
		delete(c.subscribed.all, sub.id)
		if st := sub.stream; st != nil {
			st.lose(sub, "ErrorSubscriptionUnsubscribed")
		}
		c.acted = true
		return nil, nil
	})
	return nil
}
