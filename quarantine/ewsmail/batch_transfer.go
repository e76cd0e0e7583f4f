package ewsmail

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// A load is what one upload contains: few items, and few bytes, as the server counts them;
// a large item goes alone. A request of 64 MB, of which an upload is a third more than its
// items, is what servers take.
const (
	loadItems = 10
	loadBytes = 8 << 20
)

// loads divides members of a cargo. What is too large for a load is to be carried alone.
func (b *cargo) loads(members []int) (loads [][]int) {
	var bytes int64
	var load []int
	for _, i := range members {
		size := b.carriages[i].Item.Size
		if size > loadBytes {
			b.replies[i] = alone[driver.Carried]()
			continue
		}
		if len(load) == loadItems || bytes+size > loadBytes {
			loads, load, bytes = append(loads, load), nil, 0
		}
		load, bytes = append(load, i), bytes+size
	}
	if len(load) > 0 {
		loads = append(loads, load)
	}
	return loads
}

// transfer streams the answer to one export into one upload. If an item cannot be exported,
// the upload is cut off, and the server does nothing with it: then all of the load are to be
// carried alone.
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
	c := &convoy{get: func() (*ews.Exports, error) { return b.from.client.ExportItems(reserved, ids) }}
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
	if c.failed != nil {
		b.uploadCut(ctx, members, c.failed)
		return
	}
	b.conclude(members, results, err)
	for n, i := range members {
		if err == nil && results[n].Err == nil {
			b.replies[i].Value.ItemID = results[n].Value.ID // the engine looks whether it is this one's
		}
	}
}

// uploadCut ends an upload that was cut off because of its export. The server has done
// nothing, and which of the members is to blame does not matter: each is carried alone, if
// that may work now.
func (b *cargo) uploadCut(ctx context.Context, members []int, err error) {
	for _, i := range members {
		b.replies[i] = alone[driver.Carried]()
		if ctx.Err() != nil || ews.IsThrottled(err) {
			b.replies[i].Err = translate(sourceFailed{err})
		}
	}
}

// convoy is the exports of several items on their way into a request, one after the other.
// A request that is sent again begins again with the first one.
type convoy struct {
	get     func() (*ews.Exports, error)
	exports *ews.Exports // nil: none is open
	next    int          // which item is opened next
	failed  error        // why an item could not be read completely
}

// begin asks for the items.
func (c *convoy) begin() error {
	c.close()
	c.exports, c.failed = c.get()
	c.next = 0
	return c.failed
}

// open opens the export of an item. What it returns is valid until the next one is opened.
func (c *convoy) open(n int) (io.ReadCloser, error) {
	if n == 0 && (c.exports == nil || c.next > 0) {
		if err := c.begin(); err != nil {
			return nil, err
		}
	}
	if n != c.next || c.exports == nil {
		return nil, c.fail(fmt.Errorf("item %d of an export was asked for out of turn", n))
	}
	c.next++
	if !c.exports.Next() {
		err := c.exports.Err()
		if err == nil {
			err = errors.New("the server exported fewer items than it was asked for")
		}
		return nil, c.fail(err)
	}
	if err := c.exports.ItemErr(); err != nil {
		return nil, c.fail(err)
	}
	return io.NopCloser(c), nil
}

// Read reads from the item that is open, and remembers why it failed.
func (c *convoy) Read(p []byte) (int, error) {
	n, err := c.exports.Reader().Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		c.fail(err)
	}
	return n, err
}

func (c *convoy) fail(err error) error {
	c.failed = err
	return err
}

func (c *convoy) close() {
	if c.exports != nil {
		c.exports.Close()
		c.exports = nil
	}
}
