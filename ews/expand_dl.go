package ews

import "context"

// DistributionList is the members of a distribution list, one level deep:
// members that are lists themselves have to be expanded in turn.
type DistributionList struct {
	Members []Mailbox
	// Complete says that the server returned all members it knows. Hidden
	// members, and those without an address, are never returned.
	Complete bool
}

// ExpandDL returns the members of a distribution list, named by its address,
// or by its ItemID if it is a private one. A caller without a mailbox is
// refused; impersonating one that has a mailbox helps.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/expanddl-operation.
func (c *Client) ExpandDL(ctx context.Context, list Mailbox) (*DistributionList, error) {
	return nil, errUnbuilt
}
