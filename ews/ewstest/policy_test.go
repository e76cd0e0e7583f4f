package ewstest_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// folders returns where the objects are now.
func folders(srv *ewstest.Server, all ...*ewstest.Message) []string {
	var where []string
	for _, m := range all {
		folder := "gone"
		if now := srv.Object(m.Object); now != nil {
			folder = now.Folder
		}
		where = append(where, folder)
	}
	return where
}

func subject(s string) func(*ewstest.Message) bool {
	return func(m *ewstest.Message) bool { return m.Subject == s }
}

// An Inbox rule acts on what is delivered there, and on nothing else.
func TestInboxRule(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	old := box.Deliver([]byte("Subject: news\r\n\r\n"))
	to := box.AddFolder(nil, "News")
	remove := box.AddPolicy(ewstest.Policy{Name: "rule", To: to, Match: subject("news")})
	struck := box.Deliver([]byte("Subject: news\r\n\r\n"))
	assert.Equal(t, "/News", struck.Folder, "Deliver returns what the rule left")
	other := box.Deliver([]byte("Subject: other\r\n\r\n"))
	elsewhere := box.DeliverWith([]byte("Subject: news\r\n\r\n"), ewstest.Delivery{Folder: box.Folder(ews.FolderDrafts)})
	hidden := box.DeliverWith([]byte("Subject: news\r\n\r\n"), ewstest.Delivery{Associated: true})
	assert.Equal(t, []string{"/Inbox", "/Inbox", "/Drafts", "/Inbox"}, folders(c.srv, old, other, elsewhere, hidden))
	_, err := box.Person("").File(elsewhere, box.Folder(ews.FolderInbox))
	require.NoError(t, err)
	assert.Equal(t, []string{"/Inbox"}, folders(c.srv, elsewhere), "a move runs no rule")
	assert.Contains(t, c.srv.Story().String(), `rule of alice@example.test moves message 2 into "/News"`)

	remove()
	assert.Equal(t, "/Inbox", box.Deliver([]byte("Subject: news\r\n\r\n")).Folder)
}

// Mail from another mailbox of the organisation runs rules too.
func TestInboxRuleOnSentMail(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	c.srv.Mailbox(bob).AddPolicy(ewstest.Policy{Action: ewstest.DeleteAndAllowRecovery})
	mime := mimeOf("To: bob@example.test\r\nSubject: x\r\n\r\nx")
	require.Equal(t, []string{"NoError"}, codes(c.do(`<m:CreateItem MessageDisposition="SendOnly"><m:Items><t:Message>`+mime+`</t:Message></m:Items></m:CreateItem>`)))
	got := c.srv.Mailbox(bob).Messages()
	require.Len(t, got, 1)
	assert.Equal(t, "/Recoverable Items/Deletions", got[0].Folder)
	assert.Contains(t, c.srv.Story().String(), "during call 1 (CreateItem): policy of bob@example.test deletes message")
}

// A policy on arrivals acts before the answer is sent, whatever brings the item: the id
// in the answer is the item's previous one.
func TestPolicyActsOnArrivals(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	vault, box := c.srv.Mailbox(quar), c.srv.Mailbox(alice)
	m := box.Deliver([]byte(plain))
	data := texts(c.do(`<m:ExportItems><m:ItemIds>`+itemID(m)+`</m:ItemIds></m:ExportItems>`), "Data")[0]
	inbox, swept := vault.Folder(ews.FolderInbox), vault.AddFolder(nil, "Swept")
	lying := vault.Deliver([]byte(plain))
	vault.AddPolicy(ewstest.Policy{Trigger: ewstest.Arrivals, Folder: inbox, To: swept})
	to := `<t:FolderId Id="` + inbox.ID().ID + `"/>`
	for name, op := range map[string]string{
		"upload": `<m:UploadItems><m:Items><t:Item CreateAction="CreateNew"><t:ParentFolderId Id="` + inbox.ID().ID + `"/><t:Data>` + data + `</t:Data></t:Item></m:Items></m:UploadItems>`,
		"create": `<m:CreateItem MessageDisposition="SaveOnly"><m:SavedItemFolderId>` + to + `</m:SavedItemFolderId><m:Items><t:Message>` + mimeOf(plain) + `</t:Message></m:Items></m:CreateItem>`,
		"move":   moveXML(to, itemID(vault.DeliverWith([]byte(plain), ewstest.Delivery{Folder: vault.Folder(ews.FolderDrafts)}))),
		"copy":   strings.ReplaceAll(moveXML(to, itemID(vault.DeliverWith([]byte(plain), ewstest.Delivery{Folder: vault.Folder(ews.FolderDrafts)}))), "MoveItem", "CopyItem"),
	} {
		before := swept.Count()
		answer := c.do(op)
		require.Equal(t, []string{"NoError"}, codes(answer), name)
		assert.Equal(t, before+1, swept.Count(), name)
		ids := attrs(answer, "ItemId", "Id")
		require.Len(t, ids, 1, name)
		assert.Equal(t, []string{"ErrorItemNotFound"}, codes(c.do(getItemXML(idOnly, `<t:ItemId Id="`+ids[0]+`"/>`))), name)
	}
	require.Equal(t, []string{"NoError"}, codes(c.do(moveXML(to, itemID(m)))))
	assert.Equal(t, []string{"/Swept", "/Inbox"}, folders(c.srv, m, lying), "also across mailboxes; what lay there stays")
	for _, left := range swept.Messages() {
		assert.Equal(t, quar, left.Mailbox)
	}
}

func TestPolicyActions(t *testing.T) {
	t.Parallel()
	for action, want := range map[ewstest.Action]string{
		ewstest.MoveToDeletedItems:     "/Deleted Items",
		ewstest.DeleteAndAllowRecovery: "/Recoverable Items/Deletions",
		ewstest.PermanentlyDelete:      "/Recoverable Items/Purges",
		ewstest.MoveToArchive:          "/Archive/Inbox/Old",
	} {
		srv := ewstest.NewServer(nil)
		t.Cleanup(srv.Close)
		box := srv.AddMailbox("dora@example.test", &ewstest.MailboxOptions{Archive: true})
		m := box.DeliverWith([]byte(receiptAsked), ewstest.Delivery{Folder: box.AddFolder(box.Folder(ews.FolderInbox), "Old")})
		box.AddPolicy(ewstest.Policy{Trigger: ewstest.Contents, Action: action})
		assert.Equal(t, []string{want}, folders(srv, m), "what lies there counts")
		assert.Empty(t, srv.Notices())
		again := box.Deliver([]byte(plain))
		assert.Equal(t, strings.TrimSuffix(want, "/Old"), again.Folder)
	}
}

// Items of the archive are acted on where a policy names their folder.
func TestPolicyInArchive(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	t.Cleanup(srv.Close)
	box := srv.AddMailbox("dora@example.test", &ewstest.MailboxOptions{Archive: true})
	inbox := box.Folder(ews.FolderArchiveInbox)
	m := box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: inbox})
	box.AddPolicy(ewstest.Policy{Trigger: ewstest.Contents, Action: ewstest.MoveToDeletedItems})
	assert.Equal(t, []string{"/Archive/Inbox"}, folders(srv, m))
	box.AddPolicy(ewstest.Policy{Trigger: ewstest.Contents, Folder: inbox, Action: ewstest.MoveToArchive})
	require.Len(t, srv.Story(), 1)
	require.ErrorIs(t, srv.Story()[0].Err, ewstest.ErrImpossible, "it is there already")
	box.AddPolicy(ewstest.Policy{Trigger: ewstest.Contents, Folder: inbox, Action: ewstest.MoveToDeletedItems})
	assert.Equal(t, []string{"/Archive/Deleted Items"}, folders(srv, m))
}

// Delays and ages pass in virtual time. What has left the folder is not acted on.
func TestPolicyWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, ewstest.Options{})
		box := c.srv.Mailbox(alice)
		owner, to := box.Person(""), box.AddFolder(nil, "Late")
		remove := box.AddPolicy(ewstest.Policy{Delay: time.Hour, To: to})
		box.AddPolicy(ewstest.Policy{Trigger: ewstest.Contents, Folder: to, Action: ewstest.DeleteAndAllowRecovery, Age: 24 * time.Hour, Match: subject("aged")})
		aged, fresh := box.Deliver([]byte("Subject: aged\r\n\r\n")), box.Deliver([]byte("Subject: fresh\r\n\r\n"))
		filed, back := box.Deliver([]byte(plain)), box.Deliver([]byte(plain))
		after := func(d time.Duration) []string {
			time.Sleep(d)
			synctest.Wait()
			return folders(c.srv, aged, fresh, filed, back)
		}
		assert.Equal(t, []string{"/Inbox", "/Inbox", "/Inbox", "/Inbox"}, after(59*time.Minute))
		_, err := owner.File(filed, box.Folder(ews.FolderDrafts))
		require.NoError(t, err)
		for _, name := range []ews.FolderName{ews.FolderDrafts, ews.FolderInbox} {
			_, err = owner.File(back, box.Folder(name))
			require.NoError(t, err)
		}
		assert.Equal(t, []string{"/Late", "/Late", "/Drafts", "/Inbox"}, after(2*time.Minute), "it came back as something else than a delivery")
		assert.Equal(t, "/Late", after(22 * time.Hour)[0])
		assert.Equal(t, []string{"/Recoverable Items/Deletions", "/Late", "/Drafts", "/Inbox"}, after(2*time.Hour))
		assert.Contains(t, c.srv.Story().String(), "policy of alice@example.test deletes message 1")

		never := box.Deliver([]byte(plain))
		remove()
		after(2 * time.Hour)
		assert.Equal(t, []string{"/Inbox"}, folders(c.srv, never), "taken away while it waited")
	})
}

// A mailbox that is moving keeps policies waiting, and its ids stay valid.
func TestMailboxMovesAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, ewstest.Options{})
		box := c.srv.Mailbox(alice)
		to := box.AddFolder(nil, "Late")
		m, trash := box.Deliver([]byte(plain)), box.Deliver([]byte("Subject: trash\r\n\r\n"))
		folder := box.Folder(ews.FolderInbox).ID()
		box.AddPolicy(ewstest.Policy{Delay: time.Minute, To: to})
		late := box.Deliver([]byte(plain))
		tray := box.AddFolder(nil, "Tray")
		box.AddPolicy(ewstest.Policy{Trigger: ewstest.Arrivals, Folder: tray, To: to})
		get := func() []string {
			return append(codes(c.do(getItemXML(idOnly, itemID(m)))), codes(c.do(findXML(`<t:FolderId Id="`+folder.ID+`"/>`, "")))...)
		}
		box.MoveAway(5 * time.Minute)
		assert.Equal(t, []string{"ErrorMailboxMoveInProgress", "ErrorMailboxMoveInProgress"}, get())
		time.Sleep(4 * time.Minute)
		synctest.Wait()
		assert.Equal(t, []string{"ErrorMailboxMoveInProgress", "ErrorMailboxMoveInProgress"}, get())
		box.AddPolicy(ewstest.Policy{Trigger: ewstest.Contents, Action: ewstest.MoveToDeletedItems, Match: subject("trash")})
		brought := box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: tray})
		assert.Equal(t, []string{"/Inbox", "/Inbox", "/Tray"}, folders(c.srv, late, trash, brought))
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		assert.Equal(t, []string{"NoError", "NoError"}, get())
		assert.Equal(t, m, box.Message(m.ID), "nothing about it has changed")
		assert.Equal(t, []string{"/Late", "/Deleted Items", "/Late"}, folders(c.srv, late, trash, brought), "the policies have waited")

		box.MoveAway(time.Hour)
		box.Restore()
		assert.Equal(t, []string{"NoError", "NoError"}, get())
		box.MoveAway(time.Minute)
		box.Remove(false)
		time.Sleep(time.Hour)
		synctest.Wait()
		assert.Equal(t, []string{"ErrorNonExistentMailbox", "ErrorNonExistentMailbox"}, get(), "for good")
		assert.Contains(t, c.srv.Story().String(), "mailbox alice@example.test moves for 5m0s")
		assert.Contains(t, c.srv.Story().String(), "mailbox alice@example.test returns from its move")
	})
}

// Policies that undo each other do not loop forever; each acts on what the one before it
// left. A policy whose folder is gone reports it.
func TestPoliciesMeet(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	inbox, there, gone := box.Folder(ews.FolderInbox), box.AddFolder(nil, "There"), box.AddFolder(nil, "Gone")
	box.AddPolicy(ewstest.Policy{Name: "to", Trigger: ewstest.Arrivals, Folder: inbox, To: there})
	box.AddPolicy(ewstest.Policy{Name: "fro", Trigger: ewstest.Arrivals, Folder: there, To: inbox})
	box.AddPolicy(ewstest.Policy{Name: "lost", Trigger: ewstest.Arrivals, Folder: inbox, To: gone})
	gone.Delete()
	m := box.Deliver([]byte(plain))
	assert.Equal(t, "/Inbox", m.Folder)
	var who []string
	for _, d := range c.srv.Story() {
		who = append(who, strings.Fields(d.Who)[0])
		assert.Equal(t, d.Who == "lost of alice@example.test", d.Err != nil)
	}
	assert.Equal(t, []string{"to", "fro", "lost"}, who)

	final := newCaller(t, ewstest.Options{RetentionOff: true})
	box = final.srv.Mailbox(alice)
	box.AddPolicy(ewstest.Policy{Action: ewstest.PermanentlyDelete})
	box.AddPolicy(ewstest.Policy{Trigger: ewstest.Arrivals, Action: ewstest.MoveToDeletedItems})
	assert.Nil(t, box.Deliver([]byte(plain)))
	assert.Len(t, final.srv.Story(), 1, "the second has nothing to act on")
}

// Nothing happens after Close, not even what had to wait.
func TestPolicyEndsWithServer(t *testing.T) {
	t.Parallel()
	var srv *ewstest.Server
	var m *ewstest.Message
	synctest.Test(t, func(*testing.T) {
		srv = ewstest.NewServer(nil)
		box := srv.Mailbox(alice)
		box.AddPolicy(ewstest.Policy{Delay: time.Hour, Action: ewstest.PermanentlyDelete})
		m = box.Deliver([]byte(plain))
		srv.Close()
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		assert.Equal(t, []string{"/Inbox"}, folders(srv, m))
		box.MoveAway(time.Hour)
		m = box.Deliver([]byte(plain))
	})
	srv.Close() // outside the bubble of its timers
	assert.Equal(t, []string{"/Inbox"}, folders(srv, m))
}

func TestPolicyProblems(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	t.Cleanup(srv.Close)
	box, other := srv.Mailbox(alice), srv.Mailbox(bob)
	inbox, theirs := box.Folder(ews.FolderInbox), other.Folder(ews.FolderInbox)
	for want, p := range map[string]ewstest.Policy{
		"MoveToFolder needs To":                             {},
		"Age and Delay must not be negative":                {To: inbox, Delay: -1},
		"Folder is not a folder of the mailbox":             {To: inbox, Folder: theirs},
		"Folder is a search folder or in Recoverable Items": {To: inbox, Folder: box.AddSearchFolder("All")},
		"To is only for MoveToFolder":                       {To: inbox, Action: ewstest.PermanentlyDelete},
		"To is not a folder of the mailbox":                 {To: theirs},
		"nothing can be moved into To":                      {To: box.Folder(ews.FolderRecoverableItemsPurges)},
		"MoveToArchive needs an online archive":             {Action: ewstest.MoveToArchive},
		"there is no action or trigger like that":           {Action: 9},
	} {
		assert.PanicsWithValue(t, "ewstest: policy: "+want, func() { box.AddPolicy(p) })
	}
}

// Searching a set of many folders takes several FindItem calls.
func TestAddFolders(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	all := box.AddFolders(nil, 25)
	require.Len(t, all, 25)
	assert.Equal(t, []string{"/Folder 001", "/Folder 025"}, []string{all[0].Path(), all[24].Path()})
	assert.Equal(t, all[3].ID(), box.AddFolders(nil, 4)[3].ID(), "those that exist")
	assert.Equal(t, "/Inbox/Folder 001", box.AddFolders(box.Folder(ews.FolderInbox), 1)[0].Path())
	var names []string
	for _, f := range all {
		names = append(names, `<t:FolderId Id="`+f.ID().ID+`"/>`)
	}
	assert.Len(t, codes(c.do(findXML(strings.Join(names, ""), ""))), 25)
}

// A receipt is delivered, so it runs the rules of the Inbox that it reaches.
func TestInboxRuleOnReceipts(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	sender, box := c.srv.Mailbox(bob), c.srv.Mailbox(alice)
	sender.AddPolicy(ewstest.Policy{Action: ewstest.DeleteAndAllowRecovery})
	m := box.Deliver([]byte(strings.ReplaceAll(receiptAsked, "eve@evil.example", bob)))
	require.True(t, box.SetRead(m.ID, true))
	got := sender.Messages()
	require.Len(t, got, 1)
	assert.Equal(t, "REPORT.IPM.Note.IPNRN", got[0].Class)
	assert.Equal(t, "/Recoverable Items/Deletions", got[0].Folder)
}
