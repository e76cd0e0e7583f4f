package mailstore

import (
	"slices"
	"strconv"
	"strings"
)

// domainSID is the security identifier of the domain of all accounts.
const domainSID = "S-1-5-21-1004336348-1177238915-682003330"

// firstUser is the number of the first user in the domain.
const firstUser = 1103

// SID returns the security identifier of the mailbox's account.
func (m *Mailbox) SID() string {
	return domainSID + "-" + strconv.Itoa(firstUser+slices.Index(m.org.mailboxes, m))
}

// BySID returns the mailbox of the account with a security identifier, or nil if it does
// not exist.
func (o *Organisation) BySID(sid string) *Mailbox {
	user, ok := strings.CutPrefix(strings.ToUpper(sid), domainSID+"-")
	number, err := strconv.ParseUint(user, 10, 32)
	if i := int(number) - firstUser; ok && err == nil && i >= 0 && i < len(o.mailboxes) {
		return o.mailboxes[i]
	}
	return nil
}
