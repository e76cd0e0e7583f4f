package ewsmail

import (
	"context"
	"fmt"
	"io"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// carryByMIME creates a new item from the MIME form of the item and sets what
// MIME does not contain: read state, dates, class, importance, categories, flag,
// stamp. The search key, retention tags, reply and forward state, and all other
// properties that MIME cannot represent are lost.
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-import-items-by-using-ews-in-exchange.
func carryByMIME(ctx context.Context, from, to *mailbox, c driver.Carriage) (driver.Carried, error) {
	ctx, done, err := from.x.reserve(ctx, from, to)
	if err != nil {
		return driver.Carried{}, err
	}
	defer done()

	raw, err := from.details(ctx, c.Item.ID)
	if err != nil {
		return driver.Carried{}, sourceFailed{asGone(err)}
	}
	mime := &source{get: func(ctx context.Context) (io.ReadCloser, error) {
		content, err := from.client.OpenMIME(ctx, raw.ID)
		if err != nil {
			return nil, err
		}
		return content, nil
	}}
	defer mime.close()
	request := ews.CreateItemRequest{
		Folder:     ews.FolderID{ID: c.Folder.ID},
		MIME:       ews.Content{Size: -1, Open: func() (io.ReadCloser, error) { return mime.open(ctx) }},
		Class:      raw.Class,
		Importance: raw.Importance,
		Categories: raw.Categories,
		Flag:       raw.Flag,
		IsRead:     &raw.IsRead,
		Extended:   mimeProperties(raw, c.Item.Stamp),
	}
	if raw.Kind == "PostItem" {
		request.Kind = raw.Kind // another one does not take its class
	}
	id, err := to.client.CreateItem(ctx, request)
	if mime.failed != nil {
		return driver.Carried{}, sourceFailed{asGone(mime.failed)}
	}
	if err != nil {
		return driver.Carried{}, asGone(err)
	}
	return driver.Carried{ItemID: id.ID}, nil
}

// details reads what MIME does not contain.
func (m *mailbox) details(ctx context.Context, itemID string) (ews.Item, error) {
	properties := []ews.PropertyPath{
		ews.FieldItemClass, ews.FieldImportance, ews.FieldCategories, ews.FieldIsRead, ews.FieldIsDraft,
		ews.PidTagMessageDeliveryTime, ews.PidTagClientSubmitTime,
	}
	if m.client.Version() >= ews.Exchange2013 {
		properties = append(properties, ews.FieldFlag)
	}
	results, err := m.client.GetItem(ctx, ews.GetItemRequest{IDs: []ews.ItemID{{ID: itemID}}, Shape: ews.ItemShape{Properties: properties}})
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		return ews.Item{}, err
	}
	return results[0].Value, nil
}

// Bits of PidTagMessageFlags ([MS-OXCMSG] 2.2.1.6) that can be set when an item
// is created. Without the property it becomes a draft.
const (
	flagRead   = 0x1
	flagUnsent = 0x8
)

func mimeProperties(raw ews.Item, stamp *driver.Stamp) []ews.ExtendedProperty {
	flags := 0
	if raw.IsRead {
		flags |= flagRead
	}
	if raw.IsDraft {
		flags |= flagUnsent
	}
	properties := []ews.ExtendedProperty{{Field: ews.PidTagMessageFlags, Value: fmt.Sprint(flags)}}
	for _, field := range []ews.ExtendedField{ews.PidTagMessageDeliveryTime, ews.PidTagClientSubmitTime} {
		if p, ok := raw.Property(field); ok {
			properties = append(properties, p)
		}
	}
	if stamp != nil {
		rebuilt := *stamp
		rebuilt.Rebuilt = true
		values := rebuilt.Values()
		for _, name := range driver.StampNames() {
			properties = append(properties, ews.ExtendedProperty{Field: stampField(name), Value: values[name]})
		}
	}
	return properties
}
