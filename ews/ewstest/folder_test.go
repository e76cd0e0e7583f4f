package ewstest_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func findFolderXML(traversal, parent, rest string) string {
	return `<m:FindFolder Traversal="` + traversal + `"><m:FolderShape>` + full + `<t:AdditionalProperties><t:ExtendedFieldURI PropertyTag="0x3601" PropertyType="Integer"/><t:ExtendedFieldURI PropertyTag="0x10F4" PropertyType="Boolean"/></t:AdditionalProperties></m:FolderShape>` + rest + `<m:ParentFolderIds>` + parent + `</m:ParentFolderIds></m:FindFolder>`
}

func createFolderXML(parent, folder string) string {
	return `<m:CreateFolder><m:ParentFolderId>` + parent + `</m:ParentFolderId><m:Folders>` + folder + `</m:Folders></m:CreateFolder>`
}

func TestDefaultFolders(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	c.srv.AddMailbox("archived@example.test", &ewstest.MailboxOptions{Archive: true})
	c.srv.Mailbox(alice).AddSearchFolder("AllItems")
	deep := func(parent, mailbox string) []string {
		return texts(c.do(findFolderXML("Deep", folderOf(parent, mailbox), "")), "DisplayName")
	}
	names := deep("msgfolderroot", alice)
	for _, want := range []string{"Inbox", "Sent Items", "Deleted Items", "Junk Email", "Calendar", "AllItems", "Conflicts"} {
		assert.Contains(t, names, want)
	}
	assert.NotContains(t, names, "Recoverable Items", "it hangs off the root")
	assert.NotContains(t, names, "Purges")
	below := deep("root", alice)
	for _, want := range []string{"Inbox", "Recoverable Items", "Deletions", "Versions", "Purges", "DiscoveryHolds", "Finder"} {
		assert.Contains(t, below, want)
	}
	assert.Contains(t, deep("archiveroot", "archived@example.test"), "Purges")
	assert.Equal(t, []string{"ErrorFolderNotFound"}, codes(c.do(findFolderXML("Deep", folderOf("archiveroot", alice), ""))))
	assert.Nil(t, c.srv.Mailbox(alice).Folder(ews.FolderArchiveRoot))

	answer := c.do(findFolderXML("Deep", folderOf("msgfolderroot", alice), ""))
	for _, kind := range []string{"t:CalendarFolder", "t:ContactsFolder", "t:TasksFolder", "t:SearchFolder"} {
		assert.Contains(t, answer, "<"+kind+">")
	}
	assert.Contains(t, texts(answer, "Value"), "2", "the search folder has the type of one")
	assert.Contains(t, texts(answer, "DistinguishedFolderId"), "inbox")
	assert.Empty(t, texts(c.in("Exchange2010_SP1").do(findFolderXML("Deep", folderOf("msgfolderroot", alice), "")), "DistinguishedFolderId"))
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	for language, want := range map[string]string{"": "/Inbox", "en": "/Inbox", "de": "/Posteingang", "fr": "/Boîte de réception", "ja": "/受信トレイ", "xx": "/Inbox"} {
		m := srv.AddMailbox("m-"+language+"@example.test", &ewstest.MailboxOptions{Language: language})
		assert.Equal(t, want, m.Folder(ews.FolderInbox).Path())
	}
}

func TestCreateFolder(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	folder := `<t:Folder><t:FolderClass>IPF.Note.Special</t:FolderClass><t:DisplayName>Quarantine</t:DisplayName><t:ExtendedProperty>` + markPath + `<t:Value>x</t:Value></t:ExtendedProperty></t:Folder>`
	answer := c.do(createFolderXML(folderOf("msgfolderroot", quar), folder))
	require.Equal(t, []string{"NoError"}, codes(answer))
	id := attrs(answer, "FolderId", "Id")[0]
	got := c.do(`<m:GetFolder><m:FolderShape>` + full + `<t:AdditionalProperties>` + markPath + `</t:AdditionalProperties></m:FolderShape><m:FolderIds><t:FolderId Id="` + id + `"/></m:FolderIds></m:GetFolder>`)
	assert.Equal(t, []string{"Quarantine"}, texts(got, "DisplayName"))
	assert.Equal(t, []string{"IPF.Note.Special"}, texts(got, "FolderClass"))
	assert.Equal(t, []string{"x"}, texts(got, "Value"))
	for name, tt := range map[string]struct{ parent, folder, code string }{
		"no name":     {folderOf("msgfolderroot", quar), `<t:Folder><t:DisplayName> </t:DisplayName></t:Folder>`, "ErrorFolderSavePropertyError"},
		"same name":   {folderOf("msgfolderroot", quar), `<t:Folder><t:DisplayName>quarantine</t:DisplayName></t:Folder>`, "ErrorFolderExists"},
		"no parent":   {folderOf("archiveroot", quar), folder, "ErrorParentFolderNotFound"},
		"recoverable": {folderOf("recoverableitemsroot", quar), folder, "ErrorCreateSubfolderAccessDenied"},
	} {
		assert.Equal(t, []string{tt.code}, codes(c.do(createFolderXML(tt.parent, tt.folder))), name)
	}
	assert.Equal(t, []string{"ErrorParentFolderNotFound"}, codes(c.as("alice").do(createFolderXML(folderOf("msgfolderroot", quar), folder))))
}

func TestFindFolderPagesAndRestricts(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	for _, name := range []string{"A", "B", "C"} {
		box.AddFolder(box.Folder(ews.FolderInbox), name)
	}
	view := `<m:IndexedPageFolderView MaxEntriesReturned="2" Offset="1" BasePoint="Beginning"/>`
	answer := c.do(findFolderXML("Shallow", folderOf("inbox", alice), view))
	assert.Equal(t, []string{"B", "C"}, texts(answer, "DisplayName"))
	assert.Equal(t, []string{"true"}, attrs(answer, "RootFolder", "IncludesLastItemInRange"))
	only := `<m:Restriction><t:IsEqualTo><t:FieldURI FieldURI="folder:DisplayName"/><t:FieldURIOrConstant><t:Constant Value="b"/></t:FieldURIOrConstant></t:IsEqualTo></m:Restriction>`
	assert.Equal(t, []string{"B"}, texts(c.do(findFolderXML("Deep", folderOf("msgfolderroot", alice), only)), "DisplayName"))
}

func TestLookingAtFolders(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	t.Cleanup(srv.Close)
	var names []string
	for _, box := range srv.Mailboxes() {
		names = append(names, box.Address())
	}
	assert.Equal(t, []string{alice, bob, "carol@example.test", "quarantine@example.test", "svc@example.test"}, names)
	box := srv.Mailbox(alice)
	deep := box.AddFolder(box.Folder(ews.FolderInbox), "A", "B")
	assert.Equal(t, "A", deep.Parent().Name())
	assert.Equal(t, ews.FolderInbox, deep.Parent().Parent().Distinguished())
	assert.Nil(t, box.Folder(ews.FolderRoot).Parent())
	assert.False(t, deep.IsSearch())
	assert.True(t, box.AddSearchFolder("AllItems").IsSearch())
}

func TestFoldersMoveAndKeepTheirIDs(t *testing.T) {
	t.Parallel()
	srv := ewstest.NewServer(nil)
	box := srv.Mailbox(alice)
	f := box.AddFolder(nil, "Projects", "Secret")
	m := box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: f})
	id := f.ID().ID
	f.MoveTo(box.Folder(ews.FolderInbox))
	f.Rename("Open")
	assert.Equal(t, "/Inbox/Open", f.Path())
	assert.Equal(t, "/Inbox/Open", box.Message(m.ID).Folder)
	assert.Equal(t, id, f.ID().ID)
	f.MoveTo(f)
	assert.Equal(t, "/Inbox/Open", f.Path(), "a folder cannot be moved into itself")
	same := slices.ContainsFunc(box.Folders(), func(g *ewstest.Folder) bool { return g.ID().ID == id })
	assert.True(t, same)
	f.Delete()
	assert.Nil(t, box.Message(m.ID))
	assert.Empty(t, box.Messages())
}
