package ewstest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// scenarioError returns the error for a scenario that has alice's mailbox, the list
// staff, and more.
func scenarioError(more string) error {
	sc, err := ewstest.LoadScenario(strings.NewReader(`{
	  "mailboxes": [{"address": "alice@example.test", "searchFolders": ["All"]}],
	  "lists": [{"address": "staff@example.test", "members": ["alice@example.test"]}], ` + more + `}`))
	if err != nil {
		return err
	}
	srv, err := sc.NewServer(nil)
	if err == nil {
		srv.Close()
	}
	return err
}

// The error for a mistake names the field and what to do; nothing without effect is
// accepted silently.
func TestScenarioMistypes(t *testing.T) {
	t.Parallel()
	const alicesMessage = `"messages": [{"mailbox": "alice@example.test", "eml": "x", `
	for more, want := range map[string]string{
		`"latency": "-5s"`: "latency must not be negative",
		`"latency": 5`:     `latency must be a time such as "20ms" or "1h30m", not number`,
		`"faults": [{"fault": "Lag", "time": "5"}]`: `faults.time must be a time such as "20ms" or "1h30m", not "5"`,
		`"faults": [{"messageId": 1}]`:              "faults.messageId must be a text in quotation marks, not number",
		`"faults": [{"always": "yes"}]`:             "faults.always must be true or false, not string",
		`"steps": [{"call": 1.5}]`:                  "steps.call must be a whole number, not number 1.5",
		`"steps": [{"chance": "x"}]`:                "steps.chance must be a number, not string",
		`"seed": -1`:                                "seed must be a whole number that is not negative",
		`"odd": "all"`:                              "odd must be a list in square brackets, not string",
		`"azure": []`:                               "azure must be an object in braces, not array",
		alicesMessage + `"received": "yesterday"}]`: `messages.received must be a date and time such as "2026-11-24T10:00:00Z", not "yesterday"`,
		alicesMessage + `"folder": "/a//b"}]`:       `messages[0]: folder "/a//b" is neither a path of names`,
		alicesMessage + `"folder": "inbox/"}]`:      `messages[0]: folder "inbox/" is neither a path of names`,
		alicesMessage + `"folder": "/All"}]`:        `messages[0]: folder "/All" is a search folder`,
		`"maxConcurrency": -1`:                      "maxConcurrency must not be negative",
		`"maxStreams": -1`:                          "maxStreams must not be negative",
		`"requestsPerMinute": -1`:                   "requestsPerMinute must not be negative",
		`"domain": "@x"`:                            `domain "@x" is not`,
		`"odd": ["-noTransfer"]`:                    "odd: ewstest: -noTransfer takes away what is not there",

		`"lists": [{"address": "l@x", "members": ["alice"]}]`:                   "lists[0]: members must be SMTP addresses",
		`"mailboxes": [{"address": "a@x", "quotaBytes": -1}]`:                   "mailboxes[0]: quotaBytes must not be negative",
		`"mailboxes": [{"address": "a@x", "proxyAddresses": ["b"]}]`:            `mailboxes[0]: proxyAddresses: "b" is not an SMTP address`,
		`"users": [{"password": "p"}]`:                                          "users[0]: name is missing",
		`"users": [{"name": "svc"}, {"name": "EXAMPLE\\SVC"}]`:                  `users[1]: "EXAMPLE\\SVC" is there already`,
		`"users": [{"name": "alice", "password": "other"}]`:                     `users[0]: "alice" is there already`,
		`"fullAccess": [{"user": "svc", "mailbox": "*"}]`:                       `fullAccess[0]: user "svc" is neither in users nor in mailboxes`,
		`"impersonation": [{"user": "alice", "mailbox": "alcie@example.test"}]`: `impersonation[0]: mailbox "alcie@example.test" is not a mailbox`,
		`"sendAs": [{"user": "svc", "mailbox": "*"}]`:                           `sendAs[0]: user "svc" is neither in users nor in mailboxes`,
		`"sendOnBehalf": [{"user": "alice", "mailbox": "nobody@example.test"}]`: `sendOnBehalf[0]: mailbox "nobody@example.test" is neither a mailbox nor a list`,
		`"budgets": [{"user": "svc"}]`:                                          `budgets[0]: user "svc" is neither`,
		`"budgets": [{"user": "alice", "maxStreams": -1}]`:                      "budgets[0]: maxStreams must not be negative",
		`"budgets": [{"user": "alice", "requestsPerMinute": -1}]`:               "budgets[0]: requestsPerMinute must not be negative",

		`"faults": [{"fault": "OnlyCopies", "operation": "DeleteItem"}]`:                                     "faults[0]: OnlyCopies cannot strike DeleteItem",
		`"faults": [{"fault": "Ghost", "operation": "FindItem"}]`:                                            "faults[0]: Ghost cannot strike FindItem",
		`"faults": [{"fault": "RestrictionRefused", "operation": "GetItem"}]`:                                "faults[0]: RestrictionRefused cannot strike GetItem",
		`"faults": [{"fault": "NoResponseMessage", "operation": "ExpandDL"}]`:                                "faults[0]: NoResponseMessage cannot strike ExpandDL",
		`"faults": [{"fault": "Busy", "operation": "FindFolder", "messageId": "<1@x>"}]`:                     "faults[0]: messageId does not apply to FindFolder",
		`"faults": [{"fault": "Busy", "messageId": "1@x"}]`:                                                  `faults[0]: no message has the messageId "1@x"`,
		`"faults": [{"fault": "Busy", "at": 1}, {"fault": "BusyItem", "at": 1}]`:                             "faults[1]: at 1 is used twice",
		`"faults": [{"fault": "Busy", "probability": 0}]`:                                                    "faults[0]: probability must be between 0 and 1, and more than 0",
		`"faults": [{"fault": "Busy", "count": 0}]`:                                                          "faults[0]: count must be from 1",
		`"faults": [{"fault": "Busy", "count": 2000000000}]`:                                                 "faults[0]: count must be from 1",
		`"faults": [{"fault": "Late", "time": "1h", "acted": true}]`:                                         "faults[0]: acted and actedAfter do not apply to Late",
		`"faults": [{"fault": "Error of mine"}]`:                                                             "faults[0]: fault",
		`"faults": [{"fault": "RestrictionRefused", "code": "Denied"}]`:                                      `faults[0]: code "Denied"`,
		`"policies": [{"mailbox": "alice@example.test", "action": "MoveToFolder", "to": "inbox"}]`:           "policies[0]: To is the folder in which it acts",
		`"policies": [{"mailbox": "alice@example.test", "action": "PermanentlyDelete", "messageId": "1@x"}]`: "policies[0]: no message has the messageId",
		`"steps": [{"mailbox": "alice@example.test", "do": "read", "messageId": "1@x"}]`:                     "steps[0]: no message has the messageId",
	} {
		assert.ErrorContains(t, scenarioError(more), want, more)
	}
}

// What looks like a mistake but is not.
func TestScenarioTakesWhatIsMeant(t *testing.T) {
	t.Parallel()
	for _, more := range []string{
		`"users": [{"name": "svc"}], "fullAccess": [{"user": "EXAMPLE\\svc", "mailbox": "ALICE"}], "budgets": [{"user": "svc@example.test"}]`,
		`"messages": [{"mailbox": "staff@example.test", "eml": "Message-ID: 1@x\r\n\r\n", "folder": "/"}], "faults": [{"fault": "Ghost", "messageId": "1@x"}]`,
		`"faults": [{"fault": "ErrorOfTomorrow", "operation": "GetStreamingEvents", "count": 1000000}]`,
	} {
		assert.NoError(t, scenarioError(more), more)
	}
}

// A count strikes that many requests, each at most once.
func TestScenarioCounts(t *testing.T) {
	t.Parallel()
	c, m := faulty(t, `{"fault": "BusyItem", "count": 3}, {"fault": "Busy", "count": 2}`)
	struck := 0
	for range 8 {
		if codes(c.do(getItemXML(idOnly, itemID(m))))[0] == "ErrorServerBusy" {
			struck++
		}
	}
	require.Equal(t, 5, struck)
}
