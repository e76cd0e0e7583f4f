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
	srv, err := sc.NewServer(ewstest.Options{})
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
		`{"messages": [{"mailbox": "a@x", "eml": "x"}]}`:                        "none of the scenario",
		`{"mailboxes": [{"address": "a@x"}], "messages": [{"mailbox": "a@x"}]}`: "exactly one of eml and file",
		`{"mailboxes": [{"address": "a@x"}], "messages": [{"mailbox": "a@x", "eml": "x", "importance": "Huge"}]}`: "Huge",
		`{"mailboxes": [{"address": "a@x"}], "messages": [{"mailbox": "a@x", "eml": "x", "flag": "Maybe"}]}`:      "Maybe",
		`{"faults": [{"fault": "Nothing"}]}`:                "Nothing",
		`{"faults": [{"fault": "Busy", "probability": 2}]}`: "between 0 and 1",
		`{"authentication": ["Kerberos"]}`:                  "Negotiate",
		`{"authentication": ["bearer"]}`:                    "tenantId",
		`{"extendedProtection": "perhaps"}`:                 "require",
		`{} {}`:                                             "after the end",
		`[]`:                                                "cannot unmarshal",
	} {
		_, err := ewstest.LoadScenario(strings.NewReader(text))
		assert.ErrorContains(t, err, want, text)
	}
	for text, want := range map[string]string{
		`{"mailboxes": [{"address": "a@x"}], "messages": [{"mailbox": "a@x", "eml": "x", "folder": "inbx"}]}`:                          "inbx",
		`{"mailboxes": [{"address": "a@x"}], "messages": [{"mailbox": "a@x", "file": "/no/such/file"}]}`:                               "/no/such/file",
		`{"authentication": ["Bearer"], "azure": {"tenantId": "t", "applications": [{"id": "a", "certificateFile": "/no/such.cer"}]}}`: "azure.applications[0]",
	} {
		sc, err := ewstest.LoadScenario(strings.NewReader(text))
		require.NoError(t, err)
		_, err = sc.NewServer(ewstest.Options{})
		assert.ErrorContains(t, err, want, text)
	}
}

func FuzzLoadScenario(f *testing.F) {
	f.Add(scenario)
	f.Add(`{"faults": [{"fault": "Busy", "count": 3}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = ewstest.LoadScenario(strings.NewReader(text))
	})
}
