package ews

// Affinity leads requests about several mailboxes to one mailbox server, so that one
// connection of [Client.GetStreamingEvents] serves the subscriptions of all of them, at most
// 200. Each request carries X-AnchorMailbox of the first mailbox, X-PreferServerAffinity and
// the cookie by which the front end remembers the server (X-BackEndOverrideCookie); these are
// shared, and kept apart from those of other requests. The mailboxes should be of one group,
// as Autodiscover's GroupingInformation tells them. Exchange 2013 and later; earlier versions
// go by the shared cookies alone.
//
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-maintain-affinity-between-group-of-subscriptions-and-mailbox-server.
type Affinity struct {
	anchor string
	state  *mailboxState
}

// Affinity returns a new affinity to the server of a mailbox, given by its primary SMTP
// address. It knows no cookies yet.
func (c *Client) Affinity(anchor string) *Affinity {
	return &Affinity{anchor: anchor, state: c.states.apart()}
}

// WithAffinity returns a view of the client for [Client.Subscribe],
// [Client.GetStreamingEvents], [Client.GetEvents] and [Client.Unsubscribe]: it acts as this
// one does, at the server of the affinity.
func (c *Client) WithAffinity(a *Affinity) *Client {
	view := *c
	view.affinity, view.state = a, a.state
	return &view
}
