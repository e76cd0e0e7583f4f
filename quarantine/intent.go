package quarantine

import (
	"time"

	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Intent is one item that is about to be carried, as a [Journal] stores it.
//
// Its JSON names are stable: later versions read what this one wrote, and may add fields,
// which earlier ones ignore. So a journal that rewrites an intent, in an upgrade of its own
// for example, must keep the fields that it does not know.
type Intent struct {
	// Operation identifies the item: see [driver.Stamp]. An operation has at most one
	// intent.
	Operation string           `json:"operation"`
	Direction driver.Direction `json:"direction"`
	// Server is the Name in the [Options] of the service. Only a service of that name
	// settles it. Intents of earlier versions have none.
	Server string `json:"server,omitempty"`
	// Quarantine is the quarantine mailbox of the service, or the mailbox of the target if
	// messages are kept in place. Only a service with the same one settles it: any other
	// cannot see what has arrived. Intents of earlier versions have none.
	Quarantine string `json:"quarantine,omitempty"`
	Target     Target `json:"target"`
	// From is where the item was when the intent was written, as far as known.
	From Place `json:"from"`
	// MessageID and Received belong to the item.
	MessageID string    `json:"messageId,omitempty"`
	Received  time.Time `json:"received,omitzero"`
	// At is when the intent was written, by the clock of the machine that did the work.
	At time.Time `json:"at"`
	// Attempt and Lease are those of the stamp: see [driver.Stamp]. Intents of earlier
	// versions have none. This Lease is not the lease of a [Claim]: it is the time until
	// which whatever was sent for the item may take effect.
	Attempt string    `json:"attempt,omitempty"`
	Lease   time.Time `json:"lease,omitzero"`
}
