package selftest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/selftest"
)

// of returns the result of a check.
func of(t *testing.T, report *selftest.Report, name selftest.Name, mailbox string) selftest.Result {
	t.Helper()
	for _, c := range report.Checks {
		if c.Name == name && c.Mailbox == mailbox {
			return c
		}
	}
	require.Failf(t, "no such check", "%s of %s", name, mailbox)
	return selftest.Result{}
}

// A cause is named only if the server named it: looking for a move that is not taking place
// can cost a night.
func TestCheckNamesNoCauseThatWasNotSeen(t *testing.T) {
	t.Parallel()
	for _, access := range []exchange.Access{exchange.FullAccess, exchange.Impersonation} {
		for code, says := range map[ews.ResponseCode]string{
			"ErrorInternalServerError":     "it is not known why",
			"ErrorInvalidOperation":        "it is not known why",
			"ErrorMailboxMoveInProgress":   "the mailbox is being moved",
			"ErrorMailboxStoreUnavailable": "the database of the mailbox is not available",
		} {
			t.Run(fmt.Sprint(access, code), func(t *testing.T) {
				t.Parallel()
				s := newCheckScene(t, access)
				s.Fail(ewstest.When{Operation: ews.OpGetFolder, Request: func(r *ewstest.Request) bool { return r.Anchor == alice }}, ewstest.MemberCode(code))
				report := s.check(t)
				c := of(t, report, selftest.CheckMailbox, alice)
				assert.Equal(t, selftest.Failed, c.Status)
				assert.Contains(t, c.Seen, string(code))
				assert.Contains(t, c.Remedy, says)
				if strings.Contains(says, "not known") {
					assert.NotContains(t, c.Remedy, "moved")
					assert.NotContains(t, c.Remedy, "mounted")
				}
			})
		}
	}
}

// A mailbox that has moved away means neither a missing right nor a wrong address.
func TestCheckOfAMailboxThatHasMovedAway(t *testing.T) {
	t.Parallel()
	for _, access := range []exchange.Access{exchange.FullAccess, exchange.Impersonation} {
		s := newCheckScene(t, access)
		s.answers = strings.NewReplacer("The SMTP address has no mailbox associated with it.", "No mailbox with such guid.")
		const gone = "gone@example.test"
		s.opts.Mailboxes = []string{gone}
		c := of(t, s.check(t), selftest.CheckMailbox, gone)
		assert.Equal(t, selftest.Failed, c.Status)
		assert.Contains(t, c.Seen, "the mailbox is no longer on this server")
		assert.Contains(t, c.Remedy, "where the mailbox is now")
		assert.NotContains(t, c.Remedy, "primary address")
	}
}

// If one way of carrying does not work, the report does not point to another that does not
// work either.
func TestCheckOfTheWaysThatAreLeft(t *testing.T) {
	t.Parallel()
	refuse := func(s *checkScene, ops ...ews.Operation) {
		for _, op := range ops {
			s.Fail(ewstest.When{Operation: op}, ewstest.MemberCode("ErrorInvalidOperation"))
		}
	}
	s := newCheckScene(t, exchange.FullAccess)
	refuse(s, ews.OpMoveItem)
	move := of(t, s.check(t), selftest.CheckMove, "")
	assert.Equal(t, selftest.Warning, move.Status)
	assert.Contains(t, move.Seen, "they are exported and uploaded")

	s = newCheckScene(t, exchange.FullAccess)
	refuse(s, ews.OpMoveItem, ews.OpExportItems)
	report := s.check(t)
	move = of(t, report, selftest.CheckMove, "")
	assert.Equal(t, selftest.Warning, move.Status)
	assert.NotContains(t, move.Seen, "exported and uploaded")
	assert.Contains(t, move.Seen, "as MIME")
	assert.Contains(t, report.String(), "Nothing failed, but read the warnings.")

	s = newCheckScene(t, exchange.FullAccess)
	refuse(s, ews.OpMoveItem, ews.OpExportItems)
	s.answers = strings.NewReplacer("<t:MimeContent", "<t:Missing", "</t:MimeContent", "</t:Missing")
	report = s.check(t)
	move = of(t, report, selftest.CheckMove, "")
	assert.Equal(t, selftest.Failed, move.Status, report)
	assert.Contains(t, move.Seen, "no way is left")
	assert.NotContains(t, report.String(), "Nothing failed")

	// The same if nothing can be moved, and if it is not known whether anything can.
	for _, c := range []struct {
		access exchange.Access
		status selftest.Status
		seen   string
	}{
		{exchange.Impersonation, selftest.Failed, "no way is left"},
		{exchange.FullAccess, selftest.Warning, "messages that the server does not move cannot be taken"},
	} {
		s = newCheckScene(t, c.access)
		refuse(s, ews.OpExportItems)
		s.answers = strings.NewReplacer("<t:MimeContent", "<t:Missing", "</t:MimeContent", "</t:Missing")
		export := of(t, s.check(t), selftest.CheckExportUpload, "")
		assert.Equal(t, c.status, export.Status)
		assert.Contains(t, export.Seen, c.seen)
		assert.NotContains(t, export.Seen, "transferred as MIME")
	}
}
