package ewstest

import (
	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// markAllItemsAsRead marks all items of folders, but not of their subfolders, as read or
// unread. See
// https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/markallitemsasread-operation.
func markAllItemsAsRead(c *call) *refusal {
	read, suppress := c.op.Bool("ReadFlag", false), c.op.Bool("SuppressReadReceipts", false)
	c.batch(c.op.Child("FolderIds").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		f, refused := c.folder(n)
		if refused != nil {
			return nil, refused
		}
		for _, it := range f.Items() {
			if it.Associated || it.Read() == read {
				continue
			}
			c.acted = true
			it.Update([]ews.ExtendedProperty{mailstore.ReadState(it, read)}, nil, suppress)
		}
		return nil, nil
	})
	return nil
}
