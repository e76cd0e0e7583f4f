package selftest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/selftest"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail"
	"github.com/ewsquarantine/ewsquarantine/quarantine/graphmail/graphtest"
)

// newInPlaceScene returns a national cloud in which messages are kept in their mailboxes.
// The application has no right to export and import.
func newInPlaceScene(t *testing.T) *graphScene {
	t.Helper()
	s := newGraphScene(t, &graphtest.Options{National: true})
	s.without("MailboxItem.ImportExport.All", "MailboxItem.Read.All", "MailboxFolder.Read.All")
	s.cfg.QuarantineMailbox, s.cfg.QuarantineInPlace = "", true
	return s
}

// status returns the result of a check.
func status(t *testing.T, r *selftest.Report, name selftest.Name, mailbox string) selftest.Status {
	t.Helper()
	for _, c := range r.Checks {
		if c.Name == name && c.Mailbox == mailbox {
			return c.Status
		}
	}
	t.Fatalf("%s of %q is not in the report", name, mailbox)
	return ""
}

func TestGraphCheckInPlace(t *testing.T) {
	t.Parallel()
	s := newInPlaceScene(t)
	before := len(s.Mailbox(alice).Messages())
	r := s.check(t)
	assert.Equal(t, selftest.OK, r.Status(), "%s", r)
	for _, name := range []selftest.Name{selftest.CheckMailbox, selftest.CheckMailAccess, selftest.CheckQuarantineFolder} {
		assert.Equal(t, selftest.OK, status(t, r, name, alice), name)
	}
	assert.Equal(t, selftest.OK, status(t, r, selftest.CheckPermissions, ""))
	assert.NotContains(t, r.String(), string(selftest.CheckExportImport))
	assert.NotContains(t, r.String(), string(selftest.CheckQuarantineMailbox))
	assert.Len(t, s.Mailbox(alice).Messages(), before, "mailboxes are only read")

	// A folder of that name that its owner can see.
	s.Mailbox(bob).AddFolder(nil, graphmail.VaultFolder)
	r = s.check(t)
	assert.Equal(t, selftest.Failed, status(t, r, selftest.CheckQuarantineFolder, bob))
	assert.Equal(t, selftest.OK, status(t, r, selftest.CheckQuarantineFolder, alice))

	s = newInPlaceScene(t)
	s.opts.Mailboxes = nil
	r = s.check(t)
	assert.Equal(t, selftest.Warning, status(t, r, selftest.CheckMailbox, ""), "nothing is known of the rights to mail")

	for permission, check := range map[string]struct {
		name    selftest.Name
		mailbox string
	}{
		"Mail.ReadWrite": {selftest.CheckMailAccess, alice},
		"User.Read.All":  {selftest.CheckPermissions, ""},
	} {
		s := newInPlaceScene(t)
		s.without("MailboxItem.ImportExport.All", "MailboxItem.Read.All", "MailboxFolder.Read.All", permission)
		r := s.check(t)
		assert.Equal(t, selftest.Failed, status(t, r, check.name, check.mailbox), "%s\n%s", permission, r)
	}
}
