package ews

import (
	"context"
	"io"
)

// Exports is the answer to ExportItems, read from the server while the caller
// reads:
//
//	exports, err := client.ExportItems(ctx, ids)
//	if err != nil { … }
//	defer exports.Close()
//	for exports.Next() {
//		if err := exports.ItemErr(); err != nil { … }
//		_, err := io.Copy(dst, exports.Reader())
//	}
//	err = exports.Err()
//
// It holds a place of the limiter until it is closed or Next returned false.
type Exports struct{}

// ExportItems returns items as opaque streams that hold every MAPI property,
// for [Client.UploadItems]. The change keys of the ids are not sent. At most a
// hundred items a call are advisable; large ones go alone.
//
// Exchange 2010 SP1 and later; [ErrUnsupportedVersion] before.
// See https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/exportitems-operation.
func (c *Client) ExportItems(ctx context.Context, ids []ItemID) (*Exports, error) {
	return nil, errUnbuilt
}

// Next advances to the next item and reports whether there is one. What the
// caller has not read of the item before is skipped.
func (e *Exports) Next() bool { return false }

// Index returns the position of the item among those asked for.
func (e *Exports) Index() int { return 0 }

// ID returns the id of the item as it was asked for.
func (e *Exports) ID() ItemID { return ItemID{} }

// ItemErr returns the error of the item, nil if it has data.
func (e *Exports) ItemErr() error { return nil }

// Reader returns the data as the base64 text that the server sent, without
// white space, ready for a [Content] with Base64 set. Instead of io.EOF it
// returns an error matching [ErrTruncated] if the data ends in the server's
// truncation marker, and another if the answer breaks off. It is valid until
// Next or Close.
func (e *Exports) Reader() io.Reader { return nil }

// Decoded returns the data itself, under the same conditions. Only one of
// Reader and Decoded can be used for an item.
func (e *Exports) Decoded() io.Reader { return nil }

// Err returns the error that ended the loop, if any. An answer that was not
// read to its well-formed end is one.
func (e *Exports) Err() error { return nil }

// Close ends the call. After Next returned false it does nothing.
func (e *Exports) Close() error { return nil }
