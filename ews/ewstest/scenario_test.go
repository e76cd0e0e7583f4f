package ewstest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

const scenario = `{
  "version": "Exchange2013_SP1", "domain": "corp.example", "seed": 3, "latency": "1ms",
  "moveLeftover": "none", "impersonatedMove": "crossMailbox",
  "users": [{"name": "robot", "password": "secret"}],
  "mailboxes": [
    {"address": "a@corp.example", "displayName": "Anna", "language": "de", "archive": true, "folders": ["/Posteingang/Projekte"], "searchFolders": ["Alles"]},
    {"address": "q@corp.example", "proxyAddresses": ["x@corp.example"], "quotaBytes": 100000}
  ],
  "fullAccess": [{"user": "robot", "mailbox": "*"}],
  "impersonation": [{"user": "robot", "mailbox": "q@corp.example"}],
  "lists": [{"address": "all@corp.example", "members": ["a@corp.example"]}],
  "messages": [
    {"mailbox": "a@corp.example", "eml": "Subject: one\r\n\r\n", "folder": "/Posteingang/Projekte", "received": "2026-11-24T10:00:00Z", "read": true},
    {"mailbox": "x@corp.example", "file": "two.eml", "categories": ["Red"], "importance": "High", "flag": "Flagged"}
  ],
  "budgets": [{"user": "robot", "requestsPerMinute": 3}],
  "faults": [{"fault": "ErrorTimeoutExpired", "asFault": true, "at": 0}, {"fault": "BusyItem", "operation": "FindItem", "backOff": "2s"}]
}`

func TestScenario(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "two.eml"), []byte("Subject: two\r\n\r\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "s.json"), []byte(scenario), 0o600))
	sc, err := ewstest.LoadScenarioFile(filepath.Join(dir, "s.json"))
	require.NoError(t, err)
	srv, err := sc.NewServer(nil)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	assert.Equal(t, ewstest.Exchange2013SP1, srv.Version())
	one := srv.Mailbox("a@corp.example").Messages()
	require.Len(t, one, 1)
	assert.Equal(t, "/Posteingang/Projekte", one[0].Folder)
	assert.True(t, one[0].Read)
	assert.Equal(t, time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC), one[0].Received)
	assert.NotNil(t, srv.Mailbox("a@corp.example").Folder(ews.FolderArchiveRoot))
	two := srv.Mailbox("q@corp.example").Messages()
	require.Len(t, two, 1)
	assert.Equal(t, []any{"two", "High", "Flagged"}, []any{two[0].Subject, two[0].Importance, two[0].Flag.Status})

	c := &caller{t: t, srv: srv, user: "robot", version: "Exchange2013"}
	find := findXML(folderOf("inbox", "a@corp.example"), "")
	var seen []string
	for range 5 {
		seen = append(seen, codes(c.do(find))...)
	}
	assert.Equal(t, []string{"ErrorTimeoutExpired", "ErrorServerBusy", "NoError", "NoError", "ErrorServerBusy"}, seen)
}

// Delivery to lists, the archive, deleted messages, and folder names in other
// languages.
func TestScenarioMail(t *testing.T) {
	t.Parallel()
	sc, err := ewstest.LoadScenario(strings.NewReader(`{
	  "description": "a test",
	  "mailboxes": [
	    {"address": "a@corp.example", "description": "German", "language": "de", "archive": true, "folders": ["inbox/Projekte"]},
	    {"address": "b@corp.example", "proxyAddresses": ["bb@corp.example"], "hidden": true},
	    {"address": "c@jp.corp.example", "language": "ja"},
	    {"address": "d@corp.example"}
	  ],
	  "contacts": [{"address": "x@other.example", "displayName": "X"}],
	  "lists": [
	    {"address": "all@corp.example", "displayName": "All of us", "members": ["a@corp.example", "japan@corp.example", "more@corp.example", "x@other.example"]},
	    {"address": "more@corp.example", "members": ["BB@corp.example", "A@corp.example", "all@corp.example"], "hidden": true},
	    {"address": "japan@corp.example", "dynamic": "*@jp.corp.example"}
	  ],
	  "messages": [
	    {"mailbox": "ALL@corp.example", "eml": "Subject: one\r\nReferences: <0@x>\r\nThread-Index: AdyfMv8wcLnsxTpvRuqCj/TMRHRz3g==\r\n\r\n", "received": "2026-11-24T10:00:00Z"},
	    {"mailbox": "a@corp.example", "eml": "Subject: two\r\n\r\n", "folder": "inbox/Projekte/Alt", "read": true},
	    {"mailbox": "a@corp.example", "eml": "Subject: three\r\n\r\n", "folder": "archivemsgfolderroot/2025"},
	    {"mailbox": "a@corp.example", "eml": "Subject: four\r\n\r\n", "folder": "recoverableitemsdeletions"},
	    {"mailbox": "a@corp.example", "eml": "Subject: five\r\n\r\n", "folder": "archiverecoverableitemsdeletions"}
	  ]}`))
	require.NoError(t, err)
	srv, err := sc.NewServer(nil)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	where := map[string]string{}
	for _, address := range []string{"a@corp.example", "b@corp.example", "c@jp.corp.example", "d@corp.example"} {
		for _, m := range srv.Mailbox(address).Messages() {
			where[address[:1]+" "+m.Subject] += m.Folder
			assert.False(t, m.Draft)
			assert.Equal(t, m.Subject == "two", m.Read)
		}
	}
	assert.Equal(t, map[string]string{
		"a one": "/Posteingang", "b one": "/Inbox", "c one": "/受信トレイ",
		"a two": "/Posteingang/Projekte/Alt", "a three": "/Archive/2025",
		"a four": "/Recoverable Items/Deletions", "a five": "/Archive/Recoverable Items/Deletions",
	}, where, "one each, however many lists they are in")
	one := srv.Mailbox("b@corp.example").Messages()[0]
	assert.Equal(t, "<0@x>", one.Properties[ews.ExtendedField{Tag: 0x1039, Type: ews.TypeString}].Value)
	assert.Equal(t, "AdyfMv8wcLnsxTpvRuqCj/TMRHRz3g==", one.Properties[ews.ExtendedField{Tag: 0x0071, Type: ews.TypeBinary}].Value)
}

func TestScenarioMistakes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"mailboxs": []}`: "mailboxs",
		`{"mailboxes": [{"address": "a@x", "colour": "red"}]}`:                  "colour",
		`{"version": "Exchange5"}`:                                              "Exchange2013_SP1",
		`{"latency": "soon"}`:                                                   "soon",
		`{"impersonatedMove": "maybe"}`:                                         "toFolder",
		`{"moveLeftover": "inbox"}`:                                             "recoverableitemspurges",
		`{"mailboxes": [{"address": "a"}]}`:                                     "mailboxes[0]",
		`{"mailboxes": [{"address": "a@x"}, {"address": "A@x"}]}`:               "twice",
		`{"mailboxes": [{"address": "a@x", "language": "tlh"}]}`:                "tlh",
		`{"mailboxes": [{"address": "a@x", "folders": ["x"]}]}`:                 "begin with /",
		`{"messages": [{"mailbox": "a@x", "eml": "x"}]}`:                        "nor a list of the scenario",
		`{"mailboxes": [{"address": "a@x"}], "messages": [{"mailbox": "a@x"}]}`: "exactly one of eml and file",
		`{"mailboxes": [{"address": "a@x"}], "messages": [{"mailbox": "a@x", "eml": "x", "importance": "Huge"}]}`: "Huge",
		`{"mailboxes": [{"address": "a@x"}], "messages": [{"mailbox": "a@x", "eml": "x", "flag": "Maybe"}]}`:      "Maybe",
		`{"lists": [{"address": "all"}]}`:                                     "lists[0]",
		`{"lists": [{"address": "l@x"}, {"address": "L@x"}]}`:                 "twice",
		`{"lists": [{"address": "l@x", "dynamic": "["}]}`:                     "pattern",
		`{"lists": [{"address": "l@x", "dynamic": "*", "members": ["a@x"]}]}`: "both given",
		`{"lists": [{"address": "l@x"}], "mailboxes": [{"address": "l@x"}]}`:  "twice",
		`{"contacts": [{"address": "c"}]}`:                                    "contacts[0]",
		`{"faults": [{"fault": "Nothing"}]}`:                                  "Nothing",
		`{"faults": [{"fault": "Busy", "probability": 2}]}`:                   "between 0 and 1",
		`{"faults": [{"fault": "busy"}]}`:                                     "neither the name of a fault",
		`{"authentication": ["Kerberos"]}`:                                    "Negotiate",
		`{"authentication": ["bearer"]}`:                                      "tenantId",
		`{"extendedProtection": "perhaps"}`:                                   "require",
		`{} {}`:                                                               "after the end",
		`[]`:                                                                  "cannot unmarshal",
	} {
		_, err := ewstest.LoadScenario(strings.NewReader(text))
		assert.ErrorContains(t, err, want, text)
	}
	for text, want := range map[string]string{
		`{"mailboxes": [{"address": "a@x"}], "messages": [{"mailbox": "a@x", "eml": "x", "folder": "inbx"}]}`:                          "inbx",
		`{"mailboxes": [{"address": "a@x", "folders": ["archiveinbox/Old"]}]}`:                                                         "archiveinbox/Old",
		`{"lists": [{"address": "l@x", "members": ["c@y"]}], "messages": [{"mailbox": "l@x", "eml": "x"}]}`:                            "no mailboxes",
		`{"mailboxes": [{"address": "a@x"}], "messages": [{"mailbox": "a@x", "file": "/no/such/file"}]}`:                               "/no/such/file",
		`{"authentication": ["Bearer"], "azure": {"tenantId": "t", "applications": [{"id": "a", "certificateFile": "/no/such.cer"}]}}`: "azure.applications[0]",
	} {
		sc, err := ewstest.LoadScenario(strings.NewReader(text))
		require.NoError(t, err)
		_, err = sc.NewServer(nil)
		assert.ErrorContains(t, err, want, text)
	}
}

func FuzzLoadScenario(f *testing.F) {
	f.Add(scenario)
	f.Add(`{"faults": [{"fault": "Busy", "count": 3}]}`)
	f.Add(`{"faults": [{"fault": "Shortened", "keep": 0.5, "member": 1}, {"fault": "Late", "time": "1h", "messageId": "<1@x>"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = ewstest.LoadScenario(strings.NewReader(text))
	})
}
