package ews

import (
	"context"
	"strconv"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// MarkAsJunkRequest asks to block or unblock the senders of messages.
type MarkAsJunkRequest struct {
	IDs  []ItemID // at least one, all of one mailbox
	Junk bool     // blocks the senders; false: unblocks them
	Move bool     // also moves the messages to Junk Email, or to the Inbox if Junk is false
}

// MarkAsJunk adds the senders of messages to the owner's list of blocked senders, or
// removes them from it. It returns the new ids of the messages that it moved, and zero
// ids for the others. It changes a setting of the owner that EWS cannot read. It is a
// write and is never repeated. It needs Exchange 2013 or later; otherwise the error is
// [ErrUnsupportedVersion].
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/markasjunk-operation.
func (c *Client) MarkAsJunk(ctx context.Context, req MarkAsJunkRequest) (Results[ItemID], error) {
	return do(ctx, c, markAsJunk(req))
}

type markAsJunk MarkAsJunkRequest

func (r markAsJunk) task() (task, error) {
	t := task{op: OpMarkAsJunk, least: Exchange2013, what: "MarkAsJunk"}
	return t, checkItemIDs("MarkAsJunkRequest.IDs", r.IDs)
}

func (r markAsJunk) encode(e *xmlwire.Encoder, _ Version) {
	e.Open("m:MarkAsJunk")
	e.Attr("IsJunk", strconv.FormatBool(r.Junk))
	e.Attr("MoveItem", strconv.FormatBool(r.Move))
	encodeItemIDs(e, r.IDs)
	e.Close()
}

func (r markAsJunk) decode(a *answer) (Results[ItemID], error) {
	return batch(a, len(r.IDs), func(id *ItemID) {
		if a.d.Local() == "MovedItemId" {
			*id = decodeItemID(a.d)
		}
	})
}
