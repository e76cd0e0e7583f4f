package selftest_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/quarantine"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange"
	"github.com/ewsquarantine/ewsquarantine/quarantine/exchange/selftest"
)

func TestCheckReportForms(t *testing.T) {
	t.Parallel()
	report := &selftest.Report{
		Server: "Head office", URL: "https://mail.example.test/EWS/Exchange.asmx", Access: exchange.FullAccess,
		Checks: []selftest.Result{
			{Name: selftest.CheckDNS, Status: selftest.OK, Seen: "fine"},
			{
				Name: selftest.CheckFullAccess, Mailbox: alice, Status: selftest.Failed,
				Seen: "the server said \"\x1b[2J\u202Eevil\n\xff\"", Remedy: "give the right",
				Commands: []string{"Add-MailboxPermission -Identity 'alice@example.test'"},
			},
		},
	}
	assert.Equal(t, selftest.Failed, report.Status())
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
	var back selftest.Report
	require.NoError(t, json.Unmarshal(b, &back))
	assert.Equal(t, report.Checks[0], back.Checks[0])
	assert.Contains(t, string(b), `"check":"fullAccess","mailbox":"alice@example.test","status":"failed"`)
	assert.Error(t, report.WriteTable(failingWriter{}))
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("the pipe is closed") }

func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	_, err := selftest.Check(t.Context(), nil, nil)
	require.ErrorIs(t, err, quarantine.ErrInvalid)
	_, err = selftest.Check(t.Context(), &exchange.Config{}, nil)
	require.Error(t, err)
	s := newCheckScene(t, exchange.FullAccess)
	_, err = selftest.Check(t.Context(), &s.cfg, &selftest.Options{Mailboxes: []string{"nobody"}, Group: "none"})
	require.ErrorContains(t, err, "Mailboxes")
	require.ErrorContains(t, err, "Group")
}
