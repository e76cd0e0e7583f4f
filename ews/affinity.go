package ews

// Affinity directs requests for several mailboxes to one mailbox server, so that one
// connection of [Client.GetStreamingEvents] can serve the subscriptions of all of them,
// at most 200. Each request carries the first mailbox in X-AnchorMailbox,
// X-PreferServerAffinity and the cookie by which the front end remembers the server
// (X-BackEndOverrideCookie). These cookies are shared within the affinity and kept apart
// from those of other requests. The mailboxes should belong to the same group, as
// reported in Autodiscover's GroupingInformation. Exchange 2013 and later support this;
// earlier versions rely on the shared cookies alone.
//
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-maintain-affinity-between-group-of-subscriptions-and-mailbox-server.
type Affinity struct {
	anchor string
	state  *mailboxState
}

// Affinity returns a new affinity for the server of the mailbox with the given primary
// SMTP address. It starts without cookies.
func (c *Client) Affinity(anchor string) *Affinity {
	return &Affinity{anchor: anchor, state: c.states.apart()}
}

// WithAffinity returns a view of the client that works as this one does, but with the
// server of the affinity. It is meant for [Client.Subscribe],
// [Client.GetStreamingEvents], [Client.GetEvents] and [Client.Unsubscribe].
func (c *Client) WithAffinity(a *Affinity) *Client {
	view := *c
	view.affinity, view.state = a, a.state
	return &view
}
