package quarantine

import (
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/internal/passage"
)

// tooLate reports whether an item that carries the stamp of a restore is one too many:
// a copy that a server has made when its lease was long over, and the item had been
// restored by another. Found are the items in the mailbox, and all the items of the
// receipt: without one, it is not known how many there should be.
func tooLate(it driver.Item, found []driver.Item, all []ReceiptItem) bool {
	if it.Stamp.Attempt == "" || time.Now().Before(it.Stamp.Lease) {
		return false
	}
	others := 0 // operations of the same message whose item has no stamp any more
	for _, was := range all {
		if driver.SameMessageID(was.MessageID, it.MessageID) && driver.SameTime(was.Received, it.Received) && was.Operation != it.Stamp.Operation {
			others++
		}
	}
	bare := 0
	for _, f := range found {
		switch {
		case f.ID == it.ID || passage.Differs(it, f, false) != "":
		case f.Stamp == nil:
			bare++
		case f.Stamp.Operation != it.Stamp.Operation:
			others--
		}
	}
	return len(all) > 0 && bare > max(0, others)
}
