package quarantine_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

// What servers answer about mailboxes that were moved away, were never opened, are
// closed or do not exist is never reported as "not found", and does not send anybody
// looking for a permission that is not what is missing.
func TestMailboxesThatWereNotOpened(t *testing.T) {
	t.Parallel()
	const moved, unused = "it was moved, perhaps to another organisation or to Exchange Online", "was never opened"
	for _, c := range []struct {
		code ews.ResponseCode
		text string
		says string
		fair bool // a permission may be what is missing
	}{
		{"ErrorNonExistentMailbox", "No mailbox with such guid.", moved, false},
		{"ErrorNonExistentMailbox", "NO MAILBOX WITH SUCH GUID: 11111111-2222-3333-4444-555555555555", moved, false},
		{"ErrorNonExistentMailbox", "There is no mailbox with such GUID", moved, false},
		{"ErrorNonExistentMailbox", "The SMTP address has no mailbox associated with it.", "", true},
		{"ErrorItemNotFound", "The specified object was not found in the store., Default folder Root not found.", unused, false},
		{"ErrorFolderNotFound", "The specified folder could not be found in the store., default folder Inbox not found.", unused, false},
		{"ErrorItemNotFound", "Mailbox does not exist.", "", true},
		{"ErrorFolderNotFound", "The specified folder could not be found in the store.", "", true},
		{"ErrorMailboxStoreUnavailable", "The mailbox database is temporarily unavailable., Cannot open mailbox /o=x/ou=y/cn=z.", "temporarily unavailable", false},
		{"ErrorConnectionFailed", "Connection did not succeed. Try again later., Cannot open mailbox.", "Try again later", false},
		{"ErrorMailboxConfiguration", "", "ErrorMailboxConfiguration", false},
		{"ErrorAccountDisabled", "The account is disabled.", "The account is disabled", false},
		{"ErrorMailboxFailover", "Mailbox is failing over.", "failing over", false},
		{"ErrorMissingExchangePrincipal", "", "ErrorMissingExchangePrincipal", false},
	} {
		for _, impersonation := range []bool{false, true} {
			for _, op := range []ews.Operation{ews.OpGetFolder, ews.OpFindFolder} {
				t.Run(fmt.Sprint(c.code, " ", impersonation, " ", op), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						o := worldOptions{impersonation: impersonation, gate: &gate{instead: func(asked ews.Operation, _ int, _ string) string {
							if asked != op {
								return ""
							}
							return enveloped(fmt.Sprintf(`<m:%sResponse><m:ResponseMessages><m:%[1]sResponseMessage ResponseClass="Error"><m:MessageText>%s</m:MessageText>`+
								`<m:ResponseCode>%s</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey></m:%[1]sResponseMessage></m:ResponseMessages></m:%[1]sResponse>`, op, c.text, c.code))
						}}}
						w := newWorld(t, o)
						w.Mailbox(alice).Deliver(eml(theID, "Invoice"))
						r, err := w.service.Quarantine(t.Context(), quarantine.Target{Mailbox: alice, MessageID: theID})
						if err == nil {
							err = r.Err()
						}
						require.Error(t, err)
						assert.ErrorContains(t, err, c.says)
						if !c.fair {
							assert.NotContains(t, err.Error(), "no right")
							assert.NotContains(t, err.Error(), "FullAccess")
							assert.NotContains(t, strings.ToLower(err.Error()), "impersonat")
						}
						if c.says == moved || c.says == unused {
							require.ErrorIs(t, err, quarantine.ErrUnreachable)
						}
						assert.Len(t, w.in(alice, theID), 1)
					})
				})
			}
		}
	}
}
