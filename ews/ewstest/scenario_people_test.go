package ewstest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

const peopleScenario = `{
  "domain": "corp.example",
  "mailboxes": [
    {"address": "a@corp.example", "archive": true, "moreFolders": 21, "proxyAddresses": ["aa@corp.example"]},
    {"address": "svc@corp.example"}
  ],
  "fullAccess": [{"user": "svc", "mailbox": "*"}],
  "messages": [
    {"mailbox": "a@corp.example", "eml": "Message-ID: <1@x.example>\r\nSubject: one\r\n\r\n"},
    {"mailbox": "a@corp.example", "eml": "Message-ID: <2@x.example>\r\nSubject: two\r\n\r\n"},
    {"mailbox": "a@corp.example", "eml": "Subject: old\r\n\r\n", "received": "2020-01-01T00:00:00Z"}
  ],
  "policies": [
    {"mailbox": "a@corp.example", "name": "archive", "trigger": "contents", "action": "MoveToArchive", "age": "8760h"},
    {"mailbox": "aa@corp.example", "description": "a rule", "action": "MoveToFolder", "to": "inbox/News", "subject": "two"}
  ],
  "steps": `

// play runs a scenario with steps, each given as the members of an object, and
// sends requests; it returns the story without the mailbox and the server.
func play(t *testing.T, requests int, steps ...string) ([]string, *ewstest.Server) {
	t.Helper()
	list := make([]string, len(steps))
	for i, s := range steps {
		list[i] = `{"mailbox": "a@corp.example", ` + s + `}`
	}
	sc, err := ewstest.LoadScenario(strings.NewReader(peopleScenario + "[" + strings.Join(list, ",") + "]}"))
	require.NoError(t, err)
	srv, err := sc.NewServer(nil)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	c := &caller{t: t, srv: srv, user: "svc", version: "Exchange2013"}
	for range requests {
		c.do(findXML(folderOf("drafts", "a@corp.example"), ""))
	}
	var lines []string
	for _, d := range srv.Story() {
		if d.When != "before the first call" {
			lines = append(lines, strings.Replace(d.String(), " of a@corp.example", "", 1))
		}
	}
	return lines, srv
}

func TestScenarioPolicies(t *testing.T) {
	t.Parallel()
	_, srv := play(t, 0)
	box := srv.Mailbox("a@corp.example")
	where := map[string]string{}
	for _, m := range box.Messages() {
		if m.Distinguished != ews.FolderRecoverableItemsDeletions {
			where[m.Subject] = m.Folder
		}
	}
	assert.Equal(t, map[string]string{"one": "/Inbox", "two": "/Inbox", "old": "/Archive/Inbox"}, where)
	assert.Equal(t, "/Inbox/News", box.Deliver([]byte("Subject: two\r\n\r\n")).Folder)
	assert.Equal(t, "/Inbox", box.Deliver([]byte("Subject: one\r\n\r\n")).Folder)
	assert.Equal(t, "/Folder 021", box.AddFolders(nil, 21)[20].Path())
}

// Covers every deed that a step can do.
func TestScenarioSteps(t *testing.T) {
	t.Parallel()
	one := `"messageId": "<1@x.example>"`
	story, srv := play(t, 17,
		`"call": 1, "do": "read", `+one,
		`"call": 2, "do": "unread", "subject": "one"`,
		`"call": 3, "do": "flag", "flag": "Flagged", `+one,
		`"call": 4, "who": "Ann", "do": "file", "to": "/Projects", `+one,
		`"call": 5, "do": "copy", "to": "inbox", "folder": "/Projects"`,
		`"call": 6, "do": "edit", "newSubject": "1", "folder": "/Projects"`,
		`"call": 7, "do": "edit", "body": "b", "folder": "/Projects"`,
		`"call": 8, "operation": "FindItem", "after": true, "do": "renameFolder", "folder": "/Projects", "name": "Done"`,
		`"call": 9, "do": "moveFolder", "folder": "/Projects", "to": "inbox"`,
		`"call": 10, "do": "deleteFolder", "folder": "/Projects"`,
		`"call": 11, "do": "delete", "subject": "two"`,
		`"call": 12, "do": "emptyDeletedItems"`,
		`"call": 13, "do": "recover", "subject": "two"`,
		`"call": 14, "do": "shiftDelete", "folder": "inbox", "subject": "two"`,
		`"call": 15, "do": "purge", "subject": "two"`,
		`"call": 16, "do": "purge", "subject": "none"`,
		`"call": 17, "chance": 1, "once": true, "do": "moveAway", "time": "1h"`,
	)
	assert.Equal(t, []string{
		`before call 1 (FindItem): owner reads message 1 <1@x.example>`,
		`before call 2 (FindItem): owner marks as unread message 1 <1@x.example>`,
		`before call 3 (FindItem): owner flags as Flagged message 1 <1@x.example>`,
		`before call 4 (FindItem): Ann files message 1 <1@x.example> into "/Projects"`,
		`before call 5 (FindItem): owner copies message 1 <1@x.example> into "/Inbox"`,
		`before call 6 (FindItem): owner edits message 1 <1@x.example>`,
		`before call 7 (FindItem): owner edits message 1 <1@x.example>`,
		`after call 8 (FindItem): owner renames the folder "/Projects" to "Done"`,
		`before call 9 (FindItem): owner moves the folder "/Done" below "/Inbox"`,
		`before call 10 (FindItem): owner deletes the folder "/Inbox/Done"`,
		`before call 11 (FindItem): owner deletes message 2 <2@x.example>`,
		`before call 12 (FindItem): owner empties Deleted Items of 2 messages`,
		`before call 13 (FindItem): owner recovers message 2 <2@x.example>`,
		`before call 14 (FindItem): owner shift-deletes message 2 <2@x.example>`,
		`before call 15 (FindItem): owner purges message 2 <2@x.example>`,
		`before call 16 (FindItem): owner purges a message: impossible: it is not there: no message was found`,
		`before call 17 (FindItem): mailbox a@corp.example moves for 1h0m0s`,
	}, story)
	requests := srv.Requests()
	assert.Equal(t, []string{"NoError", "ErrorMailboxMoveInProgress"}, []string{requests[15].Code, requests[16].Code})
	edited := srv.Object(1)
	assert.Equal(t, []string{"1", "/Recoverable Items/Deletions", "Flagged"}, []string{edited.Subject, edited.Folder, edited.Flag.Status})
	assert.Contains(t, string(edited.MIME), "\r\nb")
	assert.Equal(t, "/Recoverable Items/Purges", srv.Object(2).Folder)
}

func TestScenarioPeopleRefused(t *testing.T) {
	t.Parallel()
	for step, want := range map[string]string{
		`"mailbox": "x@corp.example", "do": "read"`: `steps[0]: mailbox "x@corp.example" is not a mailbox of the scenario`,
		`"do": "dance"`:                                `steps[0]: do "dance" is not one of copy, delete, deleteFolder, edit, `,
		`"do": "read", "operation": "Fetch"`:           `steps[0]: operation "Fetch" is not one of ApplyConversationAction, ArchiveItem, ConvertId, `,
		`"do": "read", "call": -1`:                     `steps[0]: call must not be negative`,
		`"do": "read", "chance": 2`:                    `steps[0]: chance must be between 0 and 1`,
		`"do": "moveAway", "time": "-1s"`:              `steps[0]: time must not be negative`,
		`"do": "moveAway"`:                             `steps[0]: moveAway needs time`,
		`"do": "file"`:                                 `steps[0]: file needs to`,
		`"do": "read", "to": "inbox"`:                  `steps[0]: read does not take to`,
		`"do": "edit"`:                                 `steps[0]: edit needs newSubject or body`,
		`"do": "flag", "flag": "Pink"`:                 `steps[0]: flag "Pink" is not one of NotFlagged, Flagged, Complete`,
		`"do": "emptyDeletedItems", "subject": "x"`:    `steps[0]: emptyDeletedItems does not take subject`,
		`"do": "read", "what": "x"`:                    `unknown field "what"`,
		`"do": "read"}], "policies": [{"mailbox": "x"`: `policies[0]: mailbox "x" is not a mailbox of the scenario`,
		`"do": "read"}], "policies": [{"mailbox": "a@corp.example", "trigger": "x"`:                                `policies[0]: trigger "x" is not one of deliveries, arrivals, contents`,
		`"do": "read"}], "policies": [{"mailbox": "a@corp.example", "action": "x"`:                                 `policies[0]: action "x" is not one of DeleteAndAllowRecovery, `,
		`"do": "read"}], "policies": [{"mailbox": "a@corp.example", "action": "MoveToFolder"`:                      `policies[0]: to must be given with MoveToFolder, and with nothing else`,
		`"do": "read"}], "policies": [{"mailbox": "a@corp.example", "action": "PermanentlyDelete", "to": "inbox"`:  `policies[0]: to must be given with MoveToFolder, and with nothing else`,
		`"do": "read"}], "policies": [{"mailbox": "svc@corp.example", "action": "MoveToArchive"`:                   `policies[0]: MoveToArchive needs a mailbox with an archive`,
		`"do": "read"}], "policies": [{"mailbox": "a@corp.example", "action": "PermanentlyDelete", "delay": "-1s"`: `policies[0]: age and delay must not be negative`,
		`"do": "read"}], "mailboxes": [{"address": "a@corp.example", "moreFolders": -1`:                            `mailboxes[0]: moreFolders must be from 0 to 10000`,
	} {
		if !strings.Contains(step, "mailbox\": \"x@") {
			step = `"mailbox": "a@corp.example", ` + step
		}
		_, err := ewstest.LoadScenario(strings.NewReader(peopleScenario + "[{" + step + "}]}"))
		require.ErrorContains(t, err, want)
	}
	for step, want := range map[string]string{
		`"do": "file", "to": "archiveinbox/x"`: `steps[0]: folder "archiveinbox/x" is neither a path`,
		`"do": "read", "folder": "nothing"`:    `steps[0]: folder "nothing" is neither a path`,
		`"do": "read"}], "policies": [{"mailbox": "svc@corp.example", "action": "MoveToFolder", "to": "recoverableitemspurges"`: `policies[0]: nothing can be moved into To`,
		`"do": "read"}], "policies": [{"mailbox": "svc@corp.example", "action": "PermanentlyDelete", "folder": "x"`:             `policies[0]: folder "x" is neither a path`,
	} {
		text := peopleScenario + `[{"mailbox": "svc@corp.example", ` + step + "}]}"
		require.True(t, json.Valid([]byte(text)), text)
		sc, err := ewstest.LoadScenario(strings.NewReader(text))
		require.NoError(t, err)
		_, err = sc.NewServer(nil)
		require.ErrorContains(t, err, want)
	}
}
