package ewsmail

import (
	"context"
	"errors"
	"io"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// rebuild carries items as [carryByMIME] does: one GetItem reads what MIME does not
// contain, and the answer to another is streamed into one CreateItem. If the MIME form of
// an item cannot be read, the CreateItem is cut off and the server does nothing with it;
// all items of the load are then left to be carried alone.
func (b *cargo) rebuild(ctx context.Context, members []int) {
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
	raws, err := b.from.detailsOf(reserved, ids)
	if err != nil {
		b.uploadCut(ctx, members, err)
		return
	}
	var going []int
	var items []ews.CreateItemRequest
	c := new(convoy)
	ids = ids[:0]
	for n, i := range members {
		if raws[n].Err != nil {
			b.uploadCut(ctx, []int{i}, raws[n].Err)
			continue
		}
		place := len(going)
		going, ids = append(going, i), append(ids, raws[n].Value.ID)
		items = append(items, newItem(raws[n].Value, b.carriages[i].Item.Stamp, func() (io.ReadCloser, error) { return c.open(place) }))
	}
	if len(going) == 0 {
		return
	}
	c.get = func() (contents, error) {
		mimes, err := b.from.client.OpenMIMEs(reserved, ids)
		if err != nil {
			return nil, err
		}
		return rebuilt{mimes}, nil
	}
	defer c.close()
	if err := c.begin(); err != nil {
		b.uploadCut(ctx, going, err)
		return
	}
	results, err := b.to.client.CreateItems(reserved, b.folder, items)
	b.carried(ctx, going, c, results, err)
}

// rebuilt is MIME on its way into a CreateItem.
type rebuilt struct{ *ews.MIMEs }

// Reader returns the MIME of the item. It fails instead of ending in the marker of a
// truncated export.
func (r rebuilt) Reader() io.Reader { return unmarked{r.MIME()} }

// errNoDetails means that the properties read may belong to another item.
var errNoDetails = errors.New("the response does not say which item it is about")

// detailsOf reads, for several items, what MIME does not contain. An answer that does not
// name the requested id counts only if a single item was requested.
func (m *mailbox) detailsOf(ctx context.Context, ids []ews.ItemID) (ews.Results[ews.Item], error) {
	results, err := m.client.GetItem(ctx, ews.GetItemRequest{IDs: ids, Shape: ews.ItemShape{Properties: m.detailFields()}})
	for i, r := range results {
		if r.Err == nil && r.Value.ID.ID != ids[i].ID && len(ids) > 1 {
			results[i].Err = errNoDetails
		}
	}
	return results, err
}

// newItem returns the request that makes a copy of an item.
func newItem(raw ews.Item, stamp *driver.Stamp, open func() (io.ReadCloser, error)) ews.CreateItemRequest {
	flag, flagProperties := flagOf(raw)
	request := ews.CreateItemRequest{
		MIME:       ews.Content{Size: -1, Open: open},
		Class:      raw.Class,
		Importance: raw.Importance,
		Categories: raw.Categories,
		Flag:       flag,
		IsRead:     &raw.IsRead,
		Extended:   append(mimeProperties(raw, stamp), flagProperties...),
	}
	if raw.Kind == "PostItem" {
		request.Kind = raw.Kind // any other element would not accept its class
	}
	return request
}
