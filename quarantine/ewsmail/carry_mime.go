package ewsmail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// carryByMIME creates a new item from the MIME form of the item and sets what
// MIME does not contain: read state, dates, class, importance, categories, flag,
// stamp. The search key, retention tags, reply and forward state, and all other
// properties that MIME cannot represent are lost.
// See https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-import-items-by-using-ews-in-exchange.
func carryByMIME(ctx context.Context, from, to *mailbox, c driver.Carriage) (driver.Carried, error) {
	ctx, done, err := reserve(ctx, from, to)
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
		return unmarked{content}, nil
	}}
	defer mime.close()
	request := newItem(raw, c.Item.Stamp, func() (io.ReadCloser, error) { return mime.open(ctx) })
	request.Folder = ews.FolderID{ID: c.Folder.ID}
	id, err := to.client.CreateItem(ctx, request)
	if mime.failed != nil {
		return driver.Carried{}, sourceFailed{asGone(mime.failed)}
	}
	if err != nil {
		return driver.Carried{}, asGone(err)
	}
	return driver.Carried{ItemID: id.ID}, nil
}

// errMarked reports that a MIME form may be incomplete. A copy of it could not be proved,
// so none is made.
var errMarked = errors.New("its MIME form ends in the marker of a truncated export, so it may not be complete")

// unmarked is a MIME form that fails instead of ending in the marker.
type unmarked struct{ *ews.MIME }

// Read fails at the end, before the request that carries the content is complete.
func (u unmarked) Read(p []byte) (int, error) {
	n, err := u.MIME.Read(p)
	if err == io.EOF && u.Truncated() {
		err = errMarked
	}
	return n, err
}

// details reads what MIME does not contain.
func (m *mailbox) details(ctx context.Context, itemID string) (ews.Item, error) {
	results, err := m.detailsOf(ctx, []ews.ItemID{{ID: itemID}})
	if err == nil {
		err = results[0].Err
	}
	if err != nil {
		return ews.Item{}, err
	}
	return results[0].Value, nil
}

// detailFields returns the properties that MIME does not contain.
func (m *mailbox) detailFields() []ews.PropertyPath {
	properties := []ews.PropertyPath{
		ews.FieldItemClass, ews.FieldImportance, ews.FieldCategories, ews.FieldIsRead, ews.FieldIsDraft,
		ews.FieldDateTimeReceived, ews.FieldDateTimeSent, ews.FieldDateTimeCreated,
		ews.PidTagMessageDeliveryTime, ews.PidTagClientSubmitTime,
	}
	flag := flagFields
	if m.client.Version() >= ews.Exchange2013 {
		properties = append(properties, ews.FieldFlag)
		flag = flagDates
	}
	for _, f := range flag {
		properties = append(properties, f)
	}
	return properties
}

// Bits of PidTagMessageFlags ([MS-OXCMSG] 2.2.1.6) that can be set when an item
// is created. Without the property it becomes a draft.
const (
	flagRead   = 0x1
	flagUnsent = 0x8
)

// firstTime returns the first time that is not zero.
func firstTime(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

func mimeProperties(raw ews.Item, stamp *driver.Stamp) []ews.ExtendedProperty {
	flags := 0
	if raw.IsRead {
		flags |= flagRead
	}
	if raw.IsDraft {
		flags |= flagUnsent
	}
	properties := []ews.ExtendedProperty{{Field: ews.PidTagMessageFlags, Value: fmt.Sprint(flags)}}
	// Without PidTagMessageDeliveryTime the copy would be dated today. If the item has
	// none, use the time that the server shows instead, or the nearest one known.
	for _, known := range []struct {
		field ews.ExtendedField
		other time.Time
	}{
		{ews.PidTagMessageDeliveryTime, firstTime(raw.Received, raw.Sent, raw.Created)},
		{ews.PidTagClientSubmitTime, raw.Sent},
	} {
		p, ok := raw.Property(known.field)
		if !ok && !known.other.IsZero() {
			p, ok = ews.ExtendedProperty{Field: known.field, Value: ews.FormatTime(known.other)}, true
		}
		if ok {
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
