package ewstest

import (
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// mostEvents is the maximum number of events in a notification.
const mostEvents = 50

// getEvents returns the next events of a pull subscription, or a StatusEvent if there are
// none. The watermark must be the last one given to the client. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/getevents-operation.
func getEvents(c *call) *refusal {
	c.batch([]*ewsschema.Node{c.op}, func(n *ewsschema.Node) (func(), *refusal) {
		sub, refused := c.subscription(n.Value("SubscriptionId"))
		switch {
		case refused != nil:
			return nil, refused
		case sub.streaming:
			return nil, refuseText("ErrorInvalidPullSubscriptionId", "SubscriptionId is invalid. Subscription is not a pull subscription.")
		}
		if refused := c.reachable(sub.box); refused != nil {
			return nil, refused
		}
		before := n.Value("Watermark")
		if number, ok := readWatermark(before, sub.box.GUID()); !ok || number != sub.position {
			return nil, refuse("ErrorInvalidWatermark")
		}
		all, more, upTo, ok := c.next(sub, mostEvents)
		if !ok {
			delete(c.subscribed.all, sub.id)
			return nil, refuse("ErrorMissedNotificationEvents")
		}
		sub.position, sub.used = upTo, c.opts.Now()
		if len(all) > 0 {
			sub.position = all[len(all)-1].number
		}
		return func() {
			c.out.Open("m:Notification")
			c.out.Leaf("t:SubscriptionId", sub.id)
			c.out.Leaf("t:PreviousWatermark", before)
			c.out.Bool("t:MoreEvents", more)
			for _, e := range all {
				c.out.writeEvent(sub, e)
			}
			if len(all) == 0 {
				c.out.Open("t:StatusEvent")
				c.out.Leaf("t:Watermark", watermark(sub.box.GUID(), sub.position))
				c.out.Close()
			}
			c.out.Close()
		}, nil
	})
	return nil
}
