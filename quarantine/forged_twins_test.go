package quarantine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// Two messages from one sender have the same forged stamp, Message-ID and second of
// receipt, and the second arrives after the first has been taken: neither is mistaken for
// the other. The same holds with an attempt that nobody made, and a lease until the end
// of the century.
func TestForgedStampOnTwins(t *testing.T) {
	at := time.Date(2026, 11, 20, 8, 30, 0, 0, time.UTC)
	leased := driver.Stamp{
		Operation: "abcdefghijklmnopqrstuvwxy2", Attempt: "abcdefghijklmnopqrstuvwxy3", Mailbox: alice, Folder: driver.Folder{Path: "/Inbox", Base: "inbox"},
		Direction: driver.ToQuarantine, At: at, Lease: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	var lease []ews.ExtendedProperty
	for name, v := range leased.Values() {
		lease = append(lease, ews.ExtendedProperty{Field: ews.ExtendedField{GUID: driver.StampSet, Name: name, Type: ews.TypeString}, Value: v})
	}
	everyAccess(t, func(t *testing.T, o worldOptions) {
		for name, stamp := range map[string][]ews.ExtendedProperty{"first version": forged(driver.ToQuarantine), "with a lease": lease} {
			w := newWorld(t, o)
			for i, subject := range []string{"Lunch on Friday?", "Pay this invoice now"} {
				w.Mailbox(alice).DeliverWith(eml(theID, subject), ewstest.Delivery{Extended: stamp, Received: at})
				r, err := w.newService(t, o).Quarantine(t.Context(), theTarget)
				require.NoError(t, err)
				require.NoError(t, r.Err(), name)
				assert.Equal(t, quarantine.Quarantined, r.Outcome(), name)
				w.count(t, 0, i+1, name)
				assert.True(t, strings.HasPrefix(w.in(vault, theID)[i].Subject, subject[:5]), name)
			}
		}
	})
}
