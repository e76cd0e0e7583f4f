package ews

import (
	"context"
	"strconv"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

// SendItemRequest asks to send messages that are in a mailbox.
type SendItemRequest struct {
	IDs []ItemID // at least one, all of one mailbox, each with its change key
	// Save keeps a copy in Folder, or in Sent Items if Folder is nil. Without it, the
	// messages are gone once they are sent.
	Save   bool
	Folder FolderRef // only with Save; default: Sent Items of the caller's mailbox
}

// SendItem sends drafts. It is a write and is never repeated: after an error that is
// [Ambiguous], look for the message in Sent Items before trying again. A message that has
// changed since the change key of its id was read is refused. This module itself sends
// nothing but answers to reports, and those only if told to.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/senditem-operation.
func (c *Client) SendItem(ctx context.Context, req SendItemRequest) (Results[struct{}], error) {
	return do(ctx, c, sendItem(req))
}

type sendItem SendItemRequest

func (r sendItem) task() (task, error) {
	t := task{op: OpSendItem}
	if err := checkItemIDs("SendItemRequest.IDs", r.IDs); err != nil {
		return t, err
	}
	for i, id := range r.IDs {
		if id.ChangeKey == "" {
			return t, wrong("SendItemRequest.IDs"+at(i)+".ChangeKey", "is empty: the server needs the one that was read last")
		}
	}
	if r.Folder == nil {
		return t, nil
	}
	if !r.Save {
		return t, wrong("SendItemRequest.Folder", "is set without Save: set Save as well, or leave it out")
	}
	return t, checkFolder("SendItemRequest.Folder", r.Folder)
}

func (r sendItem) encode(e *xmlwire.Encoder, _ Version) {
	e.Open("m:SendItem")
	e.Attr("SaveItemToFolder", strconv.FormatBool(r.Save))
	encodeItemIDs(e, r.IDs)
	if r.Folder != nil {
		encodeFolders(e, "m:SavedItemFolderId", []FolderRef{r.Folder})
	}
	e.Close()
}

func (r sendItem) decode(a *answer) (Results[struct{}], error) {
	return batch(a, len(r.IDs), func(*struct{}) {})
}
