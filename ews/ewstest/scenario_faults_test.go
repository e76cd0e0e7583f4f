package ewstest_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// faulty returns a caller of a server with the faults, and one message in Alice's
// Inbox.
func faulty(t *testing.T, faults string) (*caller, *ewstest.Message) {
	t.Helper()
	sc, err := ewstest.LoadScenario(strings.NewReader(`{"mailboxes": [{"address": "alice@example.test"}, {"address": "quarantine@example.test"}],
		"users": [{"name": "svc"}], "fullAccess": [{"user": "svc", "mailbox": "*"}], "faults": [` + faults + `]}`))
	require.NoError(t, err, faults)
	srv, err := sc.NewServer(nil)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	c := &caller{t: t, srv: srv, user: "svc", version: "Exchange2013_SP1"}
	return c, srv.Mailbox(alice).Deliver([]byte(plain))
}

// Every fault can be named in a scenario, and strikes there under its name in Go.
func TestScenarioNamesEveryFault(t *testing.T) {
	t.Parallel()
	move := func(m *ewstest.Message) string { return moveXML(folderOf("inbox", quar), itemID(m)) }
	get := func(m *ewstest.Message) string {
		return getItemXML(idOnly+`<t:IncludeMimeContent>true</t:IncludeMimeContent>`, itemID(m))
	}
	export := func(m *ewstest.Message) string { return exportXML(itemID(m)) }
	update := func(m *ewstest.Message) string {
		return updateXML("AutoResolve", "", `<t:ItemId Id="`+m.ID.ID+`" ChangeKey="none"/>`, setExtended(markPath, `<t:Value>x</t:Value>`))
	}
	lose := func(m *ewstest.Message) string {
		return updateXML("AlwaysOverwrite", "", itemID(m), setExtended(markPath, `<t:Value>x</t:Value>`))
	}
	find := func(*ewstest.Message) string {
		return findXML(folderOf("inbox", alice), byMessageID("&lt;1@evil.example&gt;"))
	}
	several := func(*ewstest.Message) string {
		return findXML(folderOf("inbox", alice)+folderOf("drafts", alice), "")
	}
	for text, tt := range map[string]struct {
		want ewstest.Fault
		op   func(*ewstest.Message) string
	}{
		`"DropBefore"`: {ewstest.DropBefore, get}, `"DropAfter"`: {ewstest.DropAfter, get}, `"Unavailable"`: {ewstest.Unavailable, get},
		`"Busy"`: {ewstest.Busy, get}, `"BusyItem"`: {ewstest.BusyItem, get}, `"BusyInner"`: {ewstest.BusyInner, get},
		`"TruncatedExport"`: {ewstest.TruncatedExport, export}, `"TruncatedExportEncoded"`: {ewstest.TruncatedExportEncoded, export},
		`"TruncatedExportAfter"`: {ewstest.TruncatedExportAfter, export}, `"StaleChangeKey"`: {ewstest.StaleChangeKey, update},
		`"MailboxMoving"`: {ewstest.MailboxMoving, get}, `"HTMLPage"`: {ewstest.HTMLPage, get}, `"EmptyBody"`: {ewstest.EmptyBody, get},
		`"CutResponse"`: {ewstest.CutResponse, get}, `"MoveFailedCopyLeft"`: {ewstest.MoveFailedCopyLeft, move},
		`"CrossMailboxRefused"`: {ewstest.CrossMailboxRefused, move}, `"Withheld"`: {ewstest.Withheld, move},
		`"OperationUnknown"`: {ewstest.OperationUnknown, export}, `"OperationInvalid"`: {ewstest.OperationInvalid, export},
		`"OperationNotSupported"`: {ewstest.OperationNotSupported, export}, `"OperationNotImplemented"`: {ewstest.OperationNotImplemented, export},
		`"EarlierAnswer"`: {ewstest.EarlierAnswer, get}, `"TwoAnswers"`: {ewstest.TwoAnswers, get},
		`"NoResponseMessage"`: {ewstest.NoResponseMessage, move}, `"ResponseMessageTwice"`: {ewstest.ResponseMessageTwice, get},
		`"FalseSuccess"`: {ewstest.FalseSuccess, move}, `"OnlyCopies"`: {ewstest.OnlyCopies, move}, `"Ghost"`: {ewstest.Ghost, get},
		`"PropertiesLost"`: {ewstest.PropertiesLost, lose}, `"ChangeKeysIgnored"`: {ewstest.ChangeKeysIgnored, update},
		`"PagesStuck"`: {ewstest.PagesStuck, find}, `"PagesEmpty"`: {ewstest.PagesEmpty, find}, `"PagesSame"`: {ewstest.PagesSame, find},
		`"PagesWithoutLast"`: {ewstest.PagesWithoutLast, find}, `"SeveralFoldersRefused"`: {ewstest.SeveralFoldersRefused, several},
		`"Blind"`: {ewstest.Blind, find},

		`"Late", "time": "1h"`:                                    {ewstest.Late(time.Hour), move},
		`"Slow", "time": "1ms"`:                                   {ewstest.Slow(time.Millisecond), get},
		`"Stall", "time": "1ms"`:                                  {ewstest.Stall(time.Millisecond), get},
		`"Lag", "time": "1h"`:                                     {ewstest.Lag(time.Hour), find},
		`"Shortened", "keep": 0.25`:                               {ewstest.Shortened(0.25), get},
		`"RowFails", "row": 0`:                                    {ewstest.RowFails(0), find},
		`"Gateway", "status": 413`:                                {ewstest.Gateway(413), get},
		`"RestrictionRefused"`:                                    {ewstest.RestrictionRefused(""), find},
		`"RestrictionRefused", "code": "ErrorInvalidRestriction"`: {ewstest.RestrictionRefused("ErrorInvalidRestriction"), find},
		`"ErrorTimeoutExpired", "member": 0`:                      {ewstest.MemberCode(timeout), get},
		`"ErrorTimeoutExpired", "asFault": true`:                  {ewstest.FaultCode(timeout), get},
		`"Busy", "acted": true`:                                   {ewstest.Busy.Acted(), get},
		`"BusyItem", "actedAfter": "1h"`:                          {ewstest.BusyItem.ActedAfter(time.Hour), move},
	} {
		c, m := faulty(t, `{"fault": `+text+`}`)
		_, _, _ = c.try(tt.op(m))
		_, _, _ = c.try(tt.op(m))
		seen := c.srv.Requests()
		var struck []string
		for _, r := range seen {
			if r.Fault != "" {
				struck = append(struck, r.Fault)
			}
		}
		assert.Equal(t, []string{tt.want.Name}, struck, "%s: once", text)
	}
}

func TestScenarioNamesWrongRequestID(t *testing.T) {
	t.Parallel()
	c, m := faulty(t, `{"fault": "WrongRequestID"}`)
	c.transport = c.srv.Direct()
	echo, _ := c.told(getItemXML(idOnly, itemID(m)), "mine")
	assert.NotEqual(t, "mine", echo)
}

func TestScenarioLingers(t *testing.T) {
	t.Parallel()
	c, m := faulty(t, `{"fault": "Linger", "time": "1h", "always": true}`)
	c.srv.Mailbox(alice).DeleteMessage(m.ID)
	for range 2 {
		assert.Equal(t, []string{"Invoice"}, texts(c.do(findXML(folderOf("inbox", alice), "")), "Subject"))
	}
}

func TestScenarioSaysWhenFaultsStrike(t *testing.T) {
	t.Parallel()
	for faults, want := range map[string]string{
		`{"fault": "Busy"}`: "x....",
		`{"fault": "Busy", "count": 2}, {"fault": "BusyItem"}`:                         "xxx..",
		`{"fault": "Busy", "skip": 1, "count": 2}`:                                     ".xx..",
		`{"fault": "Busy", "skip": 3, "always": true}`:                                 "...xx",
		`{"fault": "Busy", "at": 2}`:                                                   "..x..",
		`{"fault": "BusyItem", "messageId": "<1@evil.example>"}`:                       "x....",
		`{"fault": "BusyItem", "messageId": "<2@evil.example>", "always": true}`:       ".....",
		`{"fault": "Busy", "operation": "MoveItem", "always": true}`:                   ".....",
		`{"fault": "Busy", "operation": "GetItem", "probability": 1}`:                  "xxxxx",
		`{"fault": "Busy", "probability": 1, "count": 2}`:                              "xx...",
		`{"fault": "Busy", "probability": 1}, {"fault": "BusyItem", "probability": 1}`: "xxxxx",
	} {
		c, m := faulty(t, faults)
		var seen strings.Builder
		for range 5 {
			seen.WriteString(map[bool]string{true: ".", false: "x"}[codes(c.do(getItemXML(idOnly, itemID(m))))[0] == "NoError"])
		}
		assert.Equal(t, want, seen.String(), faults)
	}
}

func TestScenarioActsLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, m := faulty(t, `{"fault": "Unavailable", "operation": "MoveItem", "backOff": "2s", "actedAfter": "10m"}`)
		status, _, err := c.try(moveXML(folderOf("inbox", quar), itemID(m)))
		require.NoError(t, err)
		assert.Equal(t, 503, status)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		assert.Len(t, c.srv.Mailbox(quar).Folder(ews.FolderInbox).Messages(), 1)
	})
}

func TestScenarioFaultMistakes(t *testing.T) {
	t.Parallel()
	for fault, want := range map[string]string{
		`"Late"`:                                    "Late requires time",
		`"Shortened"`:                               "requires keep",
		`"RowFails"`:                                "requires row",
		`"Gateway"`:                                 "requires status",
		`"Gateway", "status": 200`:                  "between 400 and 599",
		`"Shortened", "keep": 1`:                    "less than 1",
		`"RowFails", "row": -1`:                     "negative",
		`"Late", "time": "-1s"`:                     "negative",
		`"Busy", "row": 1`:                          "row does not apply to Busy",
		`"ErrorTimeoutExpired", "time": "1s"`:       "time does not apply",
		`"Busy", "code": "ErrorServerBusy"`:         "code does not apply",
		`"DropAfter", "backOff": "1s"`:              "backOff does not apply to DropAfter",
		`"DropAfter", "acted": true`:                "do not apply to DropAfter",
		`"FalseSuccess", "actedAfter": "1s"`:        "do not apply to FalseSuccess",
		`"Busy", "acted": true, "actedAfter": "1s"`: "both given",
		`"Busy", "member": 1`:                       "strikes whole requests",
		`"BusyItem", "member": -1`:                  "negative",
		`"Busy", "asFault": true`:                   "only to response codes",
		`"Busy", "always": true, "count": 2`:        "both given",
		`"Busy", "count": -1`:                       "from 1",
		`"Busy", "at": 1, "operation": "GetItem"`:   "cannot be combined",
		`"Busy", "operation": "MoveItems"`:          `"MoveItems"`,
		`"Busy", "messageID": "<1@x>", "every": 2`:  "every",
		`"Nothing"`:                                 "neither the name of a fault",

		`"TruncatedExport", "operation": "GetItem"`:    "TruncatedExport cannot strike GetItem, only ExportItems",
		`"RestrictionRefused", "operation": "GetItem"`: "only FindItem, FindFolder",
	} {
		_, err := ewstest.LoadScenario(strings.NewReader(fmt.Sprintf(`{"faults": [{"fault": %s}]}`, fault)))
		assert.ErrorContains(t, err, want, fault)
	}
}
