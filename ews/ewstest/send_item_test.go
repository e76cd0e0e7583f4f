package ewstest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func sendXML(save, folder string, ids ...string) string {
	if folder != "" {
		folder = `<m:SavedItemFolderId>` + folder + `</m:SavedItemFolderId>`
	}
	return `<m:SendItem SaveItemToFolder="` + save + `"><m:ItemIds>` + strings.Join(ids, "") + `</m:ItemIds>` + folder + `</m:SendItem>`
}

// drafted saves a message as a draft of alice and returns it.
func drafted(c *caller, message string) *ewstest.Message {
	made := c.do(createXML(saveOnly, folderOf("drafts", ""), message))
	require.Equal(c.t, []string{"NoError"}, codes(made))
	return c.srv.Mailbox(alice).Message(ews.ItemID{ID: attrs(made, "ItemId", "Id")[0]})
}

func TestSendItem(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		for _, tt := range []struct {
			save, folder string
			kept         ews.FolderName
		}{{"true", "", ews.FolderSentItems}, {"true", folderOf("inbox", ""), ews.FolderInbox}, {"false", "", ""}} {
			now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
			c := newCaller(t, ewstest.Options{Version: version, Now: func() time.Time { return now }}).in(schema).as("alice")
			box := c.srv.Mailbox(alice)
			m := drafted(c, letter)
			now = now.Add(time.Hour)
			answer := c.do(sendXML(tt.save, tt.folder, itemID(m)))
			require.Equal(t, []string{"NoError"}, codes(answer), "%v on %s", tt, version)
			assert.Empty(t, attrs(answer, "ItemId", "Id"))
			got := c.srv.Mailbox(bob).Folder(ews.FolderInbox).Messages()
			require.Len(t, got, 1)
			assert.Equal(t, now, got[0].Sent)
			assert.Equal(t, now, got[0].Received)
			assert.Nil(t, box.Message(m.ID), "the draft is gone")
			if tt.kept == "" {
				assert.Empty(t, box.Messages())
				continue
			}
			kept := c.srv.Object(m.Object)
			assert.Equal(t, tt.kept, kept.Distinguished)
			assert.False(t, kept.Draft)
			assert.Equal(t, now, kept.Sent)
			assert.Equal(t, got[0].MessageID, kept.MessageID)
			assert.Equal(t, []string{"NoError"}, codes(c.do(sendXML("false", "", itemID(kept)))), "what was sent can be sent again")
			assert.Len(t, c.srv.Mailbox(bob).Folder(ews.FolderInbox).Messages(), 2)
		}
	}
}

func TestSendItemRefuses(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema).as("alice")
		box := c.srv.Mailbox(alice)
		m, lonely := drafted(c, letter), drafted(c, `<t:Message><t:Subject>a</t:Subject></t:Message>`)
		stale := itemID(m)
		require.Equal(t, []string{"NoError"}, codes(c.do(updateXML("AlwaysOverwrite", "", itemID(m), setField("item:Importance", `<t:Importance>High</t:Importance>`)))))
		m = c.srv.Object(m.Object)
		task := itemID(box.DeliverWith([]byte(plain), ewstest.Delivery{Class: "IPM.Task"}))
		for name, tt := range map[string]struct{ op, code string }{
			"folder without saving": {sendXML("false", folderOf("drafts", ""), itemID(m)), "ErrorInvalidSendItemSaveSettings"},
			"no folder":             {sendXML("true", folderOf("drafts", bob), itemID(m)), "ErrorSavedItemFolderNotFound"},
			"no change key":         {sendXML("true", "", `<t:ItemId Id="`+m.ID.ID+`"/>`), "ErrorChangeKeyRequiredForWriteOperations"},
			"old change key":        {sendXML("true", "", stale), "ErrorStaleObject"},
			"bad change key":        {sendXML("true", "", `<t:ItemId Id="`+m.ID.ID+`" ChangeKey="AAAA"/>`), "ErrorInvalidChangeKey"},
			"no message":            {sendXML("true", "", task), "ErrorInvalidItemForOperationSendItem"},
			"no recipient":          {sendXML("true", "", itemID(lonely)), "ErrorMissingRecipients"},
			"somebody's":            {sendXML("true", "", itemID(c.srv.Mailbox(bob).Deliver([]byte(plain)))), "ErrorItemNotFound"},
			"from somebody":         {sendXML("true", "", itemID(box.Deliver([]byte(plain)))), "ErrorSendAsDenied"},
		} {
			assert.Equal(t, []string{tt.code}, codes(c.do(tt.op)), "%s on %s", name, version)
		}
		assert.Empty(t, c.srv.Notices())
	}
}

// Sending for others needs the right to do so; FullAccess does not include it.
func TestSendingForOthers(t *testing.T) {
	t.Parallel()
	const from = `<t:From><t:Mailbox><t:EmailAddress>bob@example.test</t:EmailAddress></t:Mailbox></t:From>`
	message := `<t:Message><t:Subject>Hi</t:Subject><t:ToRecipients><t:Mailbox><t:EmailAddress>carol@example.test</t:EmailAddress></t:Mailbox></t:ToRecipients>` + from + `</t:Message>`
	got := func(c *caller) (from, sender string) {
		all := c.srv.Mailbox("carol@example.test").Folder(ews.FolderInbox).Messages()
		require.NotEmpty(t, all)
		answer := c.as("carol").do(getItemXML(shapeOf("", "message:From", "message:Sender"), itemID(all[len(all)-1])))
		people := texts(answer, "EmailAddress")
		require.Len(t, people, 2)
		return people[1], people[0]
	}
	c := newCaller(t, ewstest.Options{}).as("alice")
	send := func(c *caller) []string { return codes(c.do(createXML(`MessageDisposition="SendOnly"`, "", message))) }
	assert.Equal(t, []string{"ErrorSendAsDenied"}, send(c))
	c.srv.GrantSendOnBehalf("alice", bob)
	require.Equal(t, []string{"NoError"}, send(c))
	author, sender := got(c)
	assert.Equal(t, []string{bob, alice}, []string{author, sender})
	c.srv.GrantSendAs("alice", bob)
	require.Equal(t, []string{"NoError"}, send(c))
	author, sender = got(c)
	assert.Equal(t, []string{bob, bob}, []string{author, sender})
	c.srv.RevokeSendAs("alice", bob)
	c.srv.RevokeSendOnBehalf("alice", bob)
	assert.Equal(t, []string{"ErrorSendAsDenied"}, send(c))

	assert.Equal(t, []string{"ErrorSendAsDenied"}, send(c.as("svc")), "FullAccess is no right to send")
	require.Equal(t, []string{"NoError"}, send(c.as("svc").impersonating(bob)), "who is impersonated sends")
	m := drafted(c, letter)
	assert.Equal(t, []string{"ErrorSendAsDenied"}, codes(c.as("svc").do(sendXML("true", "", itemID(m)))))
	c.srv.GrantSendOnBehalf("svc", "*")
	require.Equal(t, []string{"NoError"}, codes(c.as("svc").do(sendXML("true", "", itemID(m)))))
	author, sender = got(c)
	assert.Equal(t, []string{alice, "svc@example.test"}, []string{author, sender})
	assert.Equal(t, ews.FolderSentItems, c.srv.Object(m.Object).Distinguished, "of the mailbox that it was in")
	assert.Equal(t, alice, c.srv.Object(m.Object).Mailbox)
}

// A scenario can give the rights, including rights to lists.
func TestScenarioOfSenders(t *testing.T) {
	t.Parallel()
	sc, err := ewstest.LoadScenario(strings.NewReader(`{
	  "mailboxes": [{"address": "alice@example.test"}, {"address": "bob@example.test"}, {"address": "carol@example.test"}],
	  "lists": [{"address": "staff@example.test", "members": ["carol@example.test"]}],
	  "sendAs": [{"user": "alice", "mailbox": "staff@example.test"}], "sendOnBehalf": [{"user": "alice", "mailbox": "BOB"}]}`))
	require.NoError(t, err)
	srv, err := sc.NewServer(nil)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	c := (&caller{t: t, srv: srv, version: "Exchange2013"}).as("alice")
	for from, want := range map[string]string{"staff": "NoError", bob: "NoError", "carol": "ErrorSendAsDenied", "eve@evil.example": "ErrorSendAsDenied"} {
		if !strings.Contains(from, "@") {
			from += "@example.test"
		}
		letter := lettersTo(`<t:From><t:Mailbox><t:EmailAddress>`+from+`</t:EmailAddress></t:Mailbox></t:From>`, "carol@example.test")
		assert.Equal(t, []string{want}, codes(c.do(createXML(`MessageDisposition="SendOnly"`, "", letter))), from)
	}
}
