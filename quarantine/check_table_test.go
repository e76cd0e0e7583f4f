package quarantine_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
)

func TestCheckReportForms(t *testing.T) {
	t.Parallel()
	report := &quarantine.CheckReport{
		Server: "Head office", URL: "https://mail.example.test/EWS/Exchange.asmx", Access: quarantine.AccessFull,
		Checks: []quarantine.CheckResult{
			{Name: quarantine.CheckDNS, Status: quarantine.CheckOK, Seen: "fine"},
			{
				Name: quarantine.CheckFullAccess, Mailbox: alice, Status: quarantine.CheckFailed,
				Seen: "the server said \"\x1b[2J\u202Eevil\n\xff\"", Remedy: "give the right",
				Commands: []string{"Add-MailboxPermission -Identity 'alice@example.test'"},
			},
		},
	}
	assert.Equal(t, quarantine.CheckFailed, report.Status())
	assert.Equal(t, strings.Join([]string{
		"STATUS  CHECK       MAILBOX             SEEN",
		"ok      dns         -                   fine",
		`failed  fullAccess  alice@example.test  the server said "\x1b[2J\u202eevil\n\ufffd"`,
		"",
		"fullAccess alice@example.test (failed): give the right",
		"    Add-MailboxPermission -Identity 'alice@example.test'",
		"",
	}, "\n"), report.String())

	b, err := json.Marshal(report)
	require.NoError(t, err)
	var back quarantine.CheckReport
	require.NoError(t, json.Unmarshal(b, &back))
	assert.Equal(t, report.Checks[0], back.Checks[0])
	assert.Contains(t, string(b), `"check":"fullAccess","mailbox":"alice@example.test","status":"failed"`)
	assert.Error(t, report.WriteTable(failingWriter{}))
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("the pipe is closed") }

func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	_, err := quarantine.Check(t.Context(), nil, nil)
	require.ErrorIs(t, err, quarantine.ErrInvalid)
	_, err = quarantine.Check(t.Context(), &quarantine.Config{}, nil)
	require.Error(t, err)
	s := newCheckScene(t, quarantine.AccessFull)
	_, err = quarantine.Check(t.Context(), &s.cfg, &quarantine.CheckOptions{Mailboxes: []string{"nobody"}, Group: "none"})
	require.ErrorContains(t, err, "Mailboxes")
	require.ErrorContains(t, err, "Group")
}
