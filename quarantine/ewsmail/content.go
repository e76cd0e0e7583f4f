package ewsmail

import (
	"context"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/mimescan"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// content reads the MIME form of an item. The server generates it separately at each end,
// so comparisons use the form of package mimescan.
func (m *mailbox) content(ctx context.Context, it driver.Item) (driver.Content, error) {
	message, err := m.client.OpenMIME(ctx, ews.ItemID{ID: it.ID})
	if err != nil {
		return driver.Content{}, asGone(err)
	}
	defer message.Close()
	c, err := readContent(message)
	return c, asGone(err)
}

// readContent reads a MIME form to its end.
func readContent(message *ews.MIME) (driver.Content, error) {
	read, err := mimescan.ReadContent(message)
	if err != nil {
		return driver.Content{}, err
	}
	c := driver.Content{Unended: read.Unended, Truncated: message.Truncated()}
	for _, p := range read.Parts {
		c.Parts = append(c.Parts, driver.ContentPart{Kind: kinds[p.Kind], SHA256: p.SHA256, Size: p.Size, Alternative: p.Alternative})
	}
	return c, nil
}

var kinds = map[mimescan.Kind]driver.PartKind{
	mimescan.KindSubject: driver.PartSubject, mimescan.KindText: driver.PartText, mimescan.KindHTML: driver.PartHTML,
	mimescan.KindAttachment: driver.PartAttachment, mimescan.KindMessage: driver.PartMessage, mimescan.KindSigned: driver.PartSigned,
	mimescan.KindEncrypted: driver.PartEncrypted, mimescan.KindRaw: driver.PartRaw,
}
