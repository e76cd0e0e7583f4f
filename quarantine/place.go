package quarantine

import (
	"cmp"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Place is where an item was at some time.
type Place struct {
	Mailbox string        `json:"mailbox"`
	Folder  driver.Folder `json:"folder"`
	// ItemID is the server's id, which changes whenever anyone moves the item.
	// Empty if the server did not return it.
	ItemID string `json:"itemId,omitempty"`
	// IDs is the mail system that ItemID and the folder's id belong to: see
	// [driver.Strategy]. With another system they are not used, and the item is searched
	// for by its stamp. Empty, as in receipts of earlier versions: [driver.SystemEWS].
	IDs string `json:"ids,omitempty"`
}

// place returns where an item is.
func (s *Service) place(it driver.Item) Place {
	return Place{Mailbox: it.Mailbox, Folder: it.Folder, ItemID: it.ID, IDs: s.strategy.System()}
}

// origin returns where an item was according to its stamp.
func origin(stamp driver.Stamp) Place {
	return Place{Mailbox: stamp.Mailbox, Folder: stamp.Folder, IDs: cmp.Or(stamp.IDs, driver.SystemEWS)}
}

// owns reports whether the ids of a place are those of the service's mail system.
func (s *Service) owns(at Place) bool { return driver.SameSystem(at.IDs, s.strategy.System()) }

// itemID returns the id of the item that was at a place, or "" if it is not known or
// belongs to another mail system.
func (s *Service) itemID(at Place) string {
	if !s.owns(at) {
		return ""
	}
	return at.ItemID
}

// sameFolder reports whether a folder is that of a place: by its id or, if the id
// belongs to another mail system, by its names.
func (s *Service) sameFolder(f driver.Folder, at Place) bool {
	if s.owns(at) {
		return f.ID == at.Folder.ID
	}
	return f.Base == at.Folder.Base && f.Below == at.Folder.Below
}
