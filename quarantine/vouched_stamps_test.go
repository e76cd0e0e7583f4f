package quarantine_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
)

// A message with a forged stamp is sent to the quarantine mailbox. With keys, it is
// neither called quarantined nor delivered to the user whom it names, unless somebody with
// the right to do so has put it into the quarantine folder. Without keys, nobody can tell,
// which is reported.
func TestForgedStampMailedToQuarantine(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		for _, keys := range [][][]byte{nil, {[]byte("0123456789abcdef")}} {
			keyed := o
			keyed.settings = func(s *quarantine.Options) {
				if o.settings != nil {
					o.settings(s)
				}
				s.StampKeys = keys
			}
			w := newWorld(t, keyed)
			sent := w.Mailbox(vault).DeliverWith(eml(theID, "Invoice"), ewstest.Delivery{Extended: forged(driver.ToQuarantine)})
			r := w.taken(t)
			require.NoError(t, r.Err())
			require.Len(t, r.Notes, 1)
			if keys == nil {
				assert.Equal(t, quarantine.AlreadyQuarantined, r.Outcome())
				assert.Contains(t, r.Notes[0], "can forge")
			} else {
				assert.Equal(t, quarantine.NotFound, r.Outcome())
				assert.Contains(t, r.Notes[0], `outside the folder "Quarantine"`)
			}
			for h, err := range w.service.List(t.Context(), quarantine.ListRequest{}) {
				require.NoError(t, err)
				if keys == nil {
					break
				}
				back, err := w.service.Restore(t.Context(), h.Receipt())
				require.NoError(t, err)
				assert.Equal(t, quarantine.Refused, back.Outcome())
			}
			back, err := w.service.RestoreMessage(t.Context(), theTarget)
			require.NoError(t, err)
			if keys == nil {
				assert.Equal(t, quarantine.Restored, back.Outcome())
				assert.Len(t, back.Notes, 1)
				continue
			}
			assert.Equal(t, quarantine.Refused, back.Outcome())
			assert.ErrorContains(t, back.Err(), "none of the stamp keys has sealed")
			w.count(t, 0, 1, "refused")

			w.Mailbox(vault).MoveMessage(sent.ID, w.Mailbox(vault).AddFolder(nil, "Quarantine"))
			time.Sleep(time.Hour)
			r = w.taken(t)
			require.NoError(t, r.Err())
			assert.Equal(t, quarantine.AlreadyQuarantined, r.Outcome(), "within the folder")
			back, err = w.service.RestoreMessage(t.Context(), theTarget)
			require.NoError(t, err)
			require.NoError(t, back.Err())
			w.count(t, 1, 0, "restored")
		}
	})
}

// What was deleted in quarantine is restored from Recoverable Items, but not if its stamp may
// have been forged.
func TestForgedStampDeletedInQuarantine(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		keyed := o
		keyed.settings = func(s *quarantine.Options) {
			if o.settings != nil {
				o.settings(s)
			}
			s.StampKeys = [][]byte{[]byte("0123456789abcdef")}
		}
		w := newWorld(t, keyed)
		sent := w.Mailbox(vault).DeliverWith(eml(theID, "Invoice"), ewstest.Delivery{Extended: forged(driver.ToQuarantine)})
		_, err := w.Mailbox(vault).Person("an analyst").ShiftDelete(sent)
		require.NoError(t, err)
		back, err := w.service.RestoreMessage(t.Context(), theTarget)
		require.NoError(t, err)
		assert.Equal(t, quarantine.Refused, back.Outcome())
		assert.Empty(t, w.in(alice, theID))
	})
}

// A sealed item is restored from wherever in the quarantine mailbox it was put, or deleted
// from, even if the path of its folder is too long for a stamp.
func TestSealedElsewhereInQuarantine(t *testing.T) {
	everyAccess(t, func(t *testing.T, o worldOptions) {
		for _, depth := range []int{1, 12} {
			keyed := o
			keyed.settings = func(s *quarantine.Options) {
				if o.settings != nil {
					o.settings(s)
				}
				s.StampKeys = [][]byte{[]byte("0123456789abcdef")}
			}
			w := newWorld(t, keyed)
			v := w.Mailbox(vault)
			v.AddPolicy(ewstest.Policy{Trigger: ewstest.Arrivals, Folder: v.AddFolder(nil, "Quarantine"), To: v.AddFolder(nil, "Held")})
			var path []string
			for range depth {
				path = append(path, "Kunden | Verträge und Rechnungen")
			}
			w.Mailbox(alice).DeliverWith(eml(theID, "Invoice"), ewstest.Delivery{Folder: w.Mailbox(alice).AddFolder(nil, path...)})
			require.NoError(t, w.taken(t).Err())
			r := w.taken(t)
			require.NoError(t, r.Err())
			assert.Equal(t, quarantine.AlreadyQuarantined, r.Outcome())
			assert.Empty(t, r.Notes)
			back, err := w.service.RestoreMessage(t.Context(), theTarget)
			require.NoError(t, err)
			require.NoError(t, back.Err(), depth)
			w.count(t, 1, 0, "restored")
		}
	})
}
