package ews

import (
	"context"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// Unsubscribe ends a subscription, given by its id. A connection of
// [Client.GetStreamingEvents] that serves it is notified.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/unsubscribe-operation.
func (c *Client) Unsubscribe(ctx context.Context, id string) error {
	_, err := do(ctx, c, unsubscribe(id))
	return err
}

type unsubscribe string

func (r unsubscribe) task() (task, error) {
	return task{op: OpUnsubscribe}, checkSubscription("Unsubscribe argument id", string(r))
}

func checkSubscription(field, id string) error {
	if id == "" {
		return wrong(field, "is empty: use the ID of a Subscription")
	}
	return nil
}

func (r unsubscribe) encode(e *xmlwire.Encoder, _ Version) {
	e.Open("m:Unsubscribe")
	e.Leaf("m:SubscriptionId", string(r))
	e.Close()
}

func (r unsubscribe) decode(a *answer) (struct{}, error) {
	return single(a, "", func(*struct{}) {})
}
