package ewsmail

import (
	"context"
	"io"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// transfer streams the answer to one export into one upload. If an item cannot be
// exported, the upload is cut off and the server does nothing with it; all items of the
// load are then left to be carried alone.
func (b *cargo) transfer(ctx context.Context, members []int) {
	reserved, done, err := reserve(ctx, b.from, b.to)
	if err != nil {
		b.conclude(members, nil, err)
		return
	}
	defer done()
	ids := make([]ews.ItemID, len(members))
	for n, i := range members {
		ids[n] = ews.ItemID{ID: b.carriages[i].Item.ID}
	}
	c := &convoy{get: func() (contents, error) {
		exports, err := b.from.client.ExportItems(reserved, ids)
		if err != nil {
			return nil, err
		}
		return exports, nil
	}}
	defer c.close()
	if err := c.begin(); err != nil {
		b.uploadCut(ctx, members, err)
		return
	}
	uploads := make([]ews.UploadItem, len(members))
	for n := range members {
		uploads[n] = ews.UploadItem{Parent: b.folder, Data: ews.Content{Size: -1, Base64: true, Open: func() (io.ReadCloser, error) { return c.open(n) }}}
	}
	results, err := b.to.client.UploadItems(reserved, uploads)
	b.carried(ctx, members, c, results, err)
}

// carried records the outcome of a request that made copies from a convoy.
func (b *cargo) carried(ctx context.Context, members []int, c *convoy, results ews.Results[ews.ItemID], err error) {
	if c.failed != nil {
		b.uploadCut(ctx, members, c.failed)
		return
	}
	b.conclude(members, results, err)
	for n, i := range members {
		if err == nil && results[n].Err == nil {
			b.replies[i].Value.ItemID = results[n].Value.ID // the engine checks whether it is the right copy
		}
	}
}

// uploadCut handles a request that was cut off, or never made, because its content could
// not be read. The server has done nothing, and it does not matter which member is to
// blame: each is carried alone, if that may work now.
func (b *cargo) uploadCut(ctx context.Context, members []int, err error) {
	for _, i := range members {
		b.replies[i] = alone[driver.Carried]()
		if ctx.Err() != nil || ews.IsThrottled(err) {
			b.replies[i].Err = translate(sourceFailed{err})
		}
	}
}
