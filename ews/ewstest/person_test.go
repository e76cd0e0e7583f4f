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

var stampProperty = ews.ExtendedProperty{
	Field: ews.ExtendedField{GUID: "7f2b6f0e-3c5d-4a1b-9e0a-6d1c53a7e4b2", Name: "QuarantineOperation", Type: ews.TypeString}, Value: "op",
}

// seen returns what GetItem answers for the id of a snapshot.
func (c *caller) seen(m *ewstest.Message) string {
	c.t.Helper()
	return codes(c.do(getItemXML(idOnly, itemID(m))))[0]
}

// A move by a person gives a new id, and nothing else. A copy is another object.
func TestPersonFilesAndCopies(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	owner := box.Person("")
	first := box.DeliverWith([]byte(receiptAsked), ewstest.Delivery{Extended: []ews.ExtendedProperty{stampProperty}})
	projects := box.AddFolder(nil, "Projects")

	filed, err := owner.File(first, projects)
	require.NoError(t, err)
	assert.Equal(t, "/Projects", filed.Folder)
	assert.NotEqual(t, first.ID.ID, filed.ID.ID)
	assert.Equal(t, first.ID.ChangeKey, filed.ID.ChangeKey)
	assert.Equal(t, first.Properties, filed.Properties, "the stamp travels")
	assert.Equal(t, first.Object, filed.Object)
	assert.Equal(t, []string{"ErrorItemNotFound", "NoError"}, []string{c.seen(first), c.seen(filed)})

	copied, err := owner.Copy(first, box.Folder(ews.FolderJunkEmail))
	require.NoError(t, err, "an old snapshot finds the message again")
	assert.NotEqual(t, first.Object, copied.Object)
	assert.Equal(t, first.Object, copied.CopiedFrom)
	assert.Equal(t, "op", copied.Properties[stampProperty.Field].Value)
	assert.Equal(t, "/Projects", c.srv.Object(first.Object).Folder)
	assert.Empty(t, c.srv.Notices())
}

// A message moves into the archive and into another mailbox as by MoveItem: what is left
// behind is another object.
func TestPersonFilesElsewhere(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.AddMailbox("dora@example.test", &ewstest.MailboxOptions{Archive: true})
	owner, vault := box.Person(""), c.srv.Mailbox(quar)
	m := box.Deliver([]byte(receiptAsked))
	for _, to := range []*ewstest.Folder{box.Folder(ews.FolderArchiveInbox), vault.Folder(ews.FolderInbox)} {
		moved, err := owner.File(m, to)
		require.NoError(t, err)
		assert.Equal(t, to.Path(), moved.Folder)
		assert.Equal(t, m.Object, moved.Object)
		assert.True(t, moved.ReceiptPending)
	}
	assert.Contains(t, c.srv.Story().String(), `files message 1 <2@evil.example> into "/Inbox" of quarantine@example.test`)
	for _, left := range box.Messages() {
		assert.Equal(t, m.Object, left.CopiedFrom)
	}
	require.Len(t, box.Messages(), 2, "in the Deletions of the mailbox and of the archive")
	_, err := owner.File(m, box.Folder(ews.FolderInbox))
	require.ErrorIs(t, err, ewstest.ErrNotThere, "it is in another mailbox")
	back, err := vault.Person("analyst").File(m, box.Folder(ews.FolderInbox))
	require.NoError(t, err)
	assert.Equal(t, "/Inbox", back.Folder)

	inArchive := box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: box.Folder(ews.FolderArchiveInbox)})
	for _, want := range []string{"/Archive/Deleted Items", "/Archive/Recoverable Items/Deletions"} {
		deleted, err := owner.Delete(inArchive)
		require.NoError(t, err)
		assert.Equal(t, want, deleted.Folder)
	}
	recovered, err := owner.Recover(inArchive)
	require.NoError(t, err)
	assert.Equal(t, "/Archive/Inbox", recovered.Folder)
}

func TestPersonReadsFlagsAndEdits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCaller(t, ewstest.Options{})
		box := c.srv.Mailbox(alice)
		owner := box.Person("")
		m := box.DeliverWith([]byte(receiptAsked), ewstest.Delivery{Extended: []ews.ExtendedProperty{stampProperty}})
		changed := func(m *ewstest.Message, err error) *ewstest.Message {
			require.NoError(t, err)
			return m
		}
		time.Sleep(time.Minute)

		read := changed(owner.MarkRead(m))
		assert.True(t, read.Read)
		assert.NotEqual(t, m.ID.ChangeKey, read.ID.ChangeKey)
		assert.Equal(t, m.ID.ID, read.ID.ID)
		assert.Equal(t, time.Minute, read.Modified.Sub(m.Modified))
		require.Len(t, c.srv.Notices(), 1, "the receipt")
		assert.Equal(t, "IPNRN", c.srv.Notices()[0].Kind)
		assert.Equal(t, read.ID, changed(owner.MarkRead(m)).ID, "nothing changes the second time")

		assert.False(t, changed(owner.MarkUnread(m)).Read)
		changed(owner.MarkRead(m))
		assert.Len(t, c.srv.Notices(), 1, "one receipt is all")

		flagged := changed(owner.Flag(m, ews.Flag{Status: "Flagged"}))
		assert.Equal(t, "Flagged", flagged.Flag.Status)
		_, err := owner.Flag(m, ews.Flag{Status: "Pink"})
		require.ErrorIs(t, err, ewstest.ErrImpossible)

		edited := changed(owner.Edit(m, ewstest.Edit{Subject: "[checked] it", Body: "Nothing to see."}))
		assert.Equal(t, "[checked] it", edited.Subject)
		assert.Equal(t, flagged.MessageID, edited.MessageID)
		assert.NotEqual(t, flagged.ID.ChangeKey, edited.ID.ChangeKey)
		assert.Contains(t, string(edited.MIME), "Subject: [checked] it")
		assert.Contains(t, string(edited.MIME), "Nothing to see.")
		html := changed(owner.Edit(m, ewstest.Edit{Body: "<p>Seen</p>", HTML: true}))
		assert.Equal(t, "[checked] it", html.Subject, "what is empty stays")
		assert.Contains(t, strings.ToLower(string(html.MIME)), "text/html")
		assert.Equal(t, "op", html.Properties[stampProperty.Field].Value, "the stamp stays")
		for _, old := range box.Folder(ews.FolderRecoverableItemsVersions).Messages() {
			assert.NotEqual(t, m.Object, old.Object, "a version is a copy")
			assert.Equal(t, m.Object, old.CopiedFrom)
		}
		assert.NotEmpty(t, box.Folder(ews.FolderRecoverableItemsVersions).Messages())
	})
}

func TestPersonDeletesAndRecovers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		version ewstest.Version
		back    string
	}{{ewstest.Exchange2010SP3, "/Inbox"}, {ewstest.Exchange2013SP1, "/Inbox"}, {ewstest.Exchange2016, "/Projects"}} {
		c := newCaller(t, ewstest.Options{Version: tt.version})
		box := c.srv.Mailbox(alice)
		owner := box.Person("")
		projects := box.AddFolder(nil, "Projects")
		m := box.DeliverWith([]byte(receiptAsked), ewstest.Delivery{Folder: projects})
		where := func(m *ewstest.Message, err error) string {
			t.Helper()
			require.NoError(t, err)
			require.Equal(t, 1, len(box.Messages()))
			assert.Equal(t, m.Object, box.Messages()[0].Object, "always the same object")
			return m.Folder
		}
		assert.Equal(t, "/Deleted Items", where(owner.Delete(m)))
		assert.Empty(t, c.srv.Notices(), "nobody is told yet")
		_, err := owner.Recover(m)
		require.ErrorIs(t, err, ewstest.ErrNotThere)
		assert.Equal(t, "/Recoverable Items/Deletions", where(owner.Delete(m)))
		require.Len(t, c.srv.Notices(), 1)
		assert.Equal(t, "IPNNRN", c.srv.Notices()[0].Kind)
		_, err = owner.MarkRead(m)
		require.ErrorIs(t, err, ewstest.ErrNotThere)
		assert.Equal(t, tt.back, where(owner.Recover(m)), tt.version)

		assert.Equal(t, "/Recoverable Items/Deletions", where(owner.ShiftDelete(m)))
		projects.Delete()
		assert.Equal(t, "/Inbox", where(owner.Recover(m)), "the folder is gone")
		where(owner.ShiftDelete(m))
		assert.Equal(t, "/Recoverable Items/Purges", where(owner.Purge(m)))
		_, err = owner.Recover(m)
		require.ErrorIs(t, err, ewstest.ErrNotThere, "no person sees Purges")
	}
}

// A message that has no folder to go back to goes into the default folder of its kind.
func TestPersonRecoversByKind(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(&ewstest.Options{Version: ewstest.Exchange2013SP1})
	t.Cleanup(srv.Close)
	box := srv.AddMailbox("dora@example.test", &ewstest.MailboxOptions{Archive: true})
	owner := box.Person("")
	for want, d := range map[string]ewstest.Delivery{
		"/Inbox":         {Folder: box.AddFolder(nil, "Projects")},
		"/Contacts":      {Class: "IPM.Contact"},
		"/Calendar":      {Class: "IPM.Appointment"},
		"/Archive/Inbox": {Folder: box.AddFolder(box.Folder(ews.FolderArchiveMsgFolderRoot), "Projects")},
	} {
		m := box.DeliverWith([]byte(plain), d)
		_, err := owner.Purge(m)
		require.ErrorIs(t, err, ewstest.ErrNotThere)
		_, err = owner.ShiftDelete(m)
		require.NoError(t, err)
		back, err := owner.Recover(m)
		require.NoError(t, err)
		assert.Equal(t, want, back.Folder)
	}
}

// From Exchange 2016 on, the folder an item was in before is one of its properties.
func TestLastParentOfDeletedItems(t *testing.T) {
	t.Parallel()
	shape := idOnly + `<t:AdditionalProperties><t:ExtendedFieldURI PropertyTag="0x348A" PropertyType="Binary"/></t:AdditionalProperties>`
	for version, want := range map[ewstest.Version]int{ewstest.Exchange2013SP1: 0, ewstest.Exchange2016: 1} {
		c := newCaller(t, ewstest.Options{Version: version})
		owner := c.srv.Mailbox(alice).Person("")
		m := c.srv.Mailbox(alice).Deliver([]byte(plain))
		assert.Empty(t, texts(c.do(getItemXML(shape, itemID(m))), "Value"))
		m, err := owner.Delete(m)
		require.NoError(t, err)
		assert.Len(t, texts(c.do(getItemXML(shape, itemID(m))), "Value"), want)
	}
}

func TestPersonEmptiesDeletedItems(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{RetentionOff: true})
	box := c.srv.Mailbox(alice)
	owner := box.Person("")
	m := box.Deliver([]byte(receiptAsked))
	_, err := owner.Delete(m)
	require.NoError(t, err)
	old := box.AddFolder(box.Folder(ews.FolderDeletedItems), "Old")
	box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: old})
	kept := box.Deliver([]byte(plain))
	n, err := owner.EmptyDeletedItems()
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	assert.Equal(t, []*ewstest.Message{kept}, box.Messages(), "without retention the others are gone")
	assert.Nil(t, c.srv.Object(m.Object))
	assert.Len(t, c.srv.Notices(), 1)
	assert.Contains(t, codes(c.do(findXML(`<t:FolderId Id="`+old.ID().ID+`"/>`, ""))), "ErrorItemNotFound")
	_, err = owner.ShiftDelete(m)
	require.ErrorIs(t, err, ewstest.ErrNotThere)
	gone, err := owner.ShiftDelete(kept)
	require.NoError(t, err)
	assert.Nil(t, gone)
}

// Folders keep their ids, and those of their messages, until they are deleted
// permanently.
func TestPersonAndFolders(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(quar)
	analyst := box.Person("analyst")
	cases, archive := box.AddFolder(nil, "Cases"), box.AddFolder(nil, "Closed")
	id := cases.ID()
	m := box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: cases})
	find := func() []string { return codes(c.do(findXML(`<t:FolderId Id="`+id.ID+`"/>`, ""))) }

	require.NoError(t, analyst.RenameFolder(cases, "Case 1"))
	require.NoError(t, analyst.MoveFolder(cases, archive))
	assert.Equal(t, "/Closed/Case 1", cases.Path())
	assert.Equal(t, id.ID, cases.ID().ID)
	assert.NotEqual(t, id.ChangeKey, cases.ID().ChangeKey)
	assert.Equal(t, []string{"NoError", "NoError"}, []string{c.seen(m), find()[0]})
	require.NoError(t, analyst.DeleteFolder(archive))
	assert.Equal(t, "/Deleted Items/Closed/Case 1", cases.Path())
	assert.Equal(t, []string{"NoError", "NoError"}, []string{c.seen(m), find()[0]})
	require.NoError(t, analyst.MoveFolder(cases, nil))
	assert.Equal(t, "/Case 1", cases.Path())
	require.NoError(t, analyst.DeleteFolder(cases))
	require.NoError(t, analyst.DeleteFolder(cases))
	assert.Equal(t, []string{"ErrorItemNotFound", "ErrorItemNotFound"}, []string{c.seen(m), find()[0]})
	assert.Equal(t, "/Recoverable Items/Deletions", c.srv.Object(m.Object).Folder)

	other := box.AddFolder(nil, "Other")
	box.AddFolder(nil, "Taken")
	for want, err := range map[error]error{
		ewstest.ErrNotThere:    analyst.DeleteFolder(cases),
		ewstest.ErrImpossible:  analyst.RenameFolder(box.Folder(ews.FolderInbox), "In"),
		ewstest.ErrUnavailable: func() error { box.Remove(true); defer box.Restore(); return analyst.DeleteFolder(other) }(),
	} {
		require.ErrorIs(t, err, want)
	}
	require.ErrorIs(t, analyst.RenameFolder(other, "TAKEN"), ewstest.ErrImpossible)
	require.ErrorIs(t, analyst.MoveFolder(other, other), ewstest.ErrImpossible)
	require.ErrorIs(t, analyst.MoveFolder(nil, other), ewstest.ErrNotThere)
	require.ErrorIs(t, analyst.DeleteFolder(c.srv.Mailbox(alice).AddFolder(nil, "Hers")), ewstest.ErrNotThere)
}

// What is impossible changes nothing and is in the story.
func TestPersonCannot(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	owner := box.Person("")
	m := box.Deliver([]byte(plain))
	hidden := box.DeliverWith([]byte(plain), ewstest.Delivery{Associated: true})
	gone := box.AddFolder(nil, "Gone")
	gone.Delete()
	vault := c.srv.Mailbox(quar)
	vault.SetQuota(1)
	away := c.srv.Mailbox(bob)
	away.Remove(false)
	for _, tt := range []struct {
		m    *ewstest.Message
		to   *ewstest.Folder
		want error
	}{
		{nil, box.Folder(ews.FolderInbox), ewstest.ErrNotThere},
		{hidden, box.Folder(ews.FolderDrafts), ewstest.ErrNotThere},
		{c.srv.Mailbox("carol@example.test").Deliver([]byte(plain)), box.Folder(ews.FolderInbox), ewstest.ErrNotThere},
		{m, nil, ewstest.ErrNotThere},
		{m, gone, ewstest.ErrNotThere},
		{m, box.AddSearchFolder("All"), ewstest.ErrImpossible},
		{m, box.Folder(ews.FolderRecoverableItemsDeletions), ewstest.ErrImpossible},
		{m, vault.Folder(ews.FolderInbox), ewstest.ErrImpossible},
		{m, away.Folder(ews.FolderInbox), ewstest.ErrUnavailable},
	} {
		_, err := owner.File(tt.m, tt.to)
		require.ErrorIs(t, err, tt.want)
		_, err = owner.Copy(tt.m, tt.to)
		require.ErrorIs(t, err, tt.want)
	}
	assert.Equal(t, m, c.srv.Object(m.Object), "nothing has changed")
	assert.Len(t, c.srv.Story(), 18)
	for _, d := range c.srv.Story() {
		require.Error(t, d.Err)
		assert.Contains(t, d.String(), ": impossible: ")
	}
	box.Remove(true)
	_, err := owner.MarkRead(m)
	require.ErrorIs(t, err, ewstest.ErrUnavailable)
	_, err = owner.EmptyDeletedItems()
	require.ErrorIs(t, err, ewstest.ErrUnavailable)
}

func TestPersonFinds(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	t.Cleanup(srv.Close)
	box := srv.Mailbox(alice)
	owner := box.Person("")
	assert.Equal(t, box, owner.Mailbox())
	assert.Nil(t, owner.Find(nil, nil))
	box.DeliverWith([]byte("Subject: hidden\r\n\r\n"), ewstest.Delivery{Associated: true})
	one := box.Deliver([]byte("Subject: one\r\n\r\n"))
	two := box.DeliverWith([]byte("Subject: two\r\n\r\n"), ewstest.Delivery{Folder: box.AddFolder(nil, "A", "B")})
	assert.Equal(t, one, owner.Find(nil, nil))
	assert.Equal(t, two, owner.Find(nil, func(m *ewstest.Message) bool { return m.Subject == "two" }))
	assert.Nil(t, owner.Find(box.Folder(ews.FolderInbox), func(m *ewstest.Message) bool { return m.Subject == "two" }))
	_, err := owner.ShiftDelete(one)
	require.NoError(t, err)
	assert.Equal(t, one.Object, owner.Find(box.Folder(ews.FolderRecoverableItemsDeletions), nil).Object)
}

// Nothing gets into a search folder, where it would not be seen.
func TestSearchFoldersHoldNothing(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	t.Cleanup(srv.Close)
	box := srv.Mailbox(alice)
	all, other := box.AddSearchFolder("All"), srv.Mailbox(bob).Folder(ews.FolderInbox)
	m, folder := box.Deliver([]byte(plain)), box.AddFolder(nil, "Projects")
	for _, to := range []*ewstest.Folder{all, other} {
		assert.ErrorIs(t, box.Person("").MoveFolder(folder, to), ewstest.ErrImpossible)
		assert.Panics(t, func() { box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: to}) })
		assert.Panics(t, func() { box.MoveMessage(m.ID, to) })
	}
	assert.Equal(t, "/Projects", folder.Path())
	assert.Equal(t, []string{"/Inbox"}, folders(srv, m))
}
