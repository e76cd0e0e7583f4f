package ews

import (
	"context"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// DistributionList holds the members of a distribution list, one level deep. Members that
// are themselves lists must be expanded in turn.
type DistributionList struct {
	Members []Mailbox
	// Complete reports whether the server returned all the members it knows. Hidden
	// members and members without an address are never returned.
	Complete bool
}

// ExpandDL returns the members of a distribution list, given by its address, or by its
// ItemID for a private list. A caller without a mailbox is refused: impersonate a user
// who has one.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/expanddl-operation.
func (c *Client) ExpandDL(ctx context.Context, list Mailbox) (*DistributionList, error) {
	dl, err := do(ctx, c, expandDL(list))
	if err != nil {
		return nil, err
	}
	return &dl, nil
}

type expandDL Mailbox

func (r expandDL) task() (task, error) {
	t := task{op: OpExpandDL}
	if r.EmailAddress == "" && r.ItemID.IsZero() {
		return t, wrong("ExpandDL argument list", "has neither EmailAddress nor ItemID")
	}
	return t, nil
}

func (r expandDL) encode(e *xmlwire.Encoder, _ Version) {
	e.Open("m:ExpandDL")
	encodeMailbox(e, "m:Mailbox", Mailbox(r))
	e.Close()
}

func (r expandDL) decode(a *answer) (DistributionList, error) {
	found := false
	dl, err := single(a, "", func(dl *DistributionList) {
		if a.d.Local() != "DLExpansion" {
			return
		}
		found = true
		p := decodePaging(a.d)
		dl.Members = decodeRecipients(a.d)
		dl.Complete = p.complete(len(dl.Members))
	})
	if err == nil && !found {
		err = a.malformed("a response message reports success without an expansion")
	}
	return dl, err
}
