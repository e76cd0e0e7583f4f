package ewsmail

import (
	"context"
	"errors"
	"io"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// carryByTransfer exports the item from one mailbox and uploads it to the other.
// It streams the answer to the export into the upload request.
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/exporting-and-importing-items-by-using-ews-in-exchange.
func carryByTransfer(ctx context.Context, from, to *mailbox, c driver.Carriage) (driver.Carried, error) {
	ctx, done, err := reserve(ctx, from, to)
	if err != nil {
		return driver.Carried{}, err
	}
	defer done()

	item := &source{get: func(ctx context.Context) (io.ReadCloser, error) {
		return export(ctx, from.client, ews.ItemID{ID: c.Item.ID})
	}}
	defer item.close()
	// Open the export first, so that an item that cannot be exported costs no upload.
	first, err := item.open(ctx)
	if err != nil {
		return driver.Carried{}, sourceFailed{asGone(err)}
	}
	upload := ews.UploadItem{
		Parent: ews.FolderID{ID: c.Folder.ID},
		Data: ews.Content{Size: -1, Base64: true, Open: func() (io.ReadCloser, error) {
			if first != nil {
				r := first
				first = nil
				return r, nil
			}
			return item.open(ctx) // the request is sent again
		}},
	}
	results, err := to.client.UploadItems(ctx, []ews.UploadItem{upload})
	if item.failed != nil {
		// The upload failed because the export did.
		return driver.Carried{}, sourceFailed{asGone(item.failed)}
	}
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		return driver.Carried{}, asGone(err)
	}
	return driver.Carried{ItemID: results[0].Value.ID}, nil
}

// export opens the export of one item.
func export(ctx context.Context, client *ews.Client, id ews.ItemID) (io.ReadCloser, error) {
	exports, err := client.ExportItems(ctx, []ews.ItemID{id})
	if err != nil {
		return nil, err
	}
	if exports.Next() {
		err = exports.ItemErr()
	} else if err = exports.Err(); err == nil {
		err = errors.New("the server exported nothing")
	}
	if err != nil {
		exports.Close()
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{exports.Reader(), exports}, nil
}
