package graphmail_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/driver"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// From 2026-12-31 Graph may refuse to change the headers of a message. Messages are taken
// and given back all the same, and the receipts tell.
func TestHeadersAreRefused(t *testing.T) {
	t.Parallel()
	header := driver.Header{Name: "X-Quarantined", Value: "yes"}
	for name, before := range map[string]bool{"from the beginning": false, "after the header was set": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, &graphtest.Options{Sensitive: true, SensitiveHeaders: true})
				w.Mailbox(alice).Deliver(eml(theID, "Invoice", "Disposition-Notification-To: mallory@evil.example"))
				p := w.processWith(t, &quarantine.Options{
					Journal: new(quarantine.MemoryJournal), QuarantineHeader: header, UndoHeader: driver.Header{Name: "X-Restored", Value: "yes"},
				})
				refuse := func() {
					var roles []string
					for _, role := range graphtest.AllRoles() {
						if role != "Mail-Advanced.ReadWrite.All" {
							roles = append(roles, role)
						}
					}
					w.Consent("app", roles...)
				}
				if !before {
					refuse()
				}
				taken, err := p.Quarantine(t.Context(), target)
				require.NoError(t, err)
				require.NoError(t, taken.Err())
				assert.Equal(t, quarantine.Quarantined, taken.Outcome())
				assert.Equal(t, !before, strings.Contains(taken.Items[0].Residue, "the header was not set"), taken.Items[0].Residue)
				refuse()
				back, err := p.Restore(t.Context(), taken)
				require.NoError(t, err)
				require.NoError(t, back.Err())
				assert.Equal(t, quarantine.Restored, back.Outcome())
				told := back.Items[0].Residue
				assert.Contains(t, told, "the header X-Quarantined was not removed")
				assert.Contains(t, told, "the header was not set")
				assert.Len(t, w.in(alice, theID), 1)
				assert.Empty(t, w.in(vault, theID))
				assert.Empty(t, w.Notices())
			})
		})
	}
}
