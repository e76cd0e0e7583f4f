package ewstest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func hierarchyXML(folder, state string) string {
	if folder != "" {
		folder = `<m:SyncFolderId>` + folder + `</m:SyncFolderId>`
	}
	if state != "" {
		state = `<m:SyncState>` + state + `</m:SyncState>`
	}
	return `<m:SyncFolderHierarchy><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>` + folder + state + `</m:SyncFolderHierarchy>`
}

func TestSyncFolderHierarchy(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema).as(alice)
		box := c.srv.Mailbox(alice)
		states := make(map[string]string)
		next := func(folder string) []string {
			answer := c.do(hierarchyXML(folder, states[folder]))
			require.Equal(t, []string{"NoError"}, codes(answer), answer)
			assert.Equal(t, []string{"true"}, texts(answer, "IncludesLastFolderInRange"))
			states[folder] = texts(answer, "SyncState")[0]
			return changesOf(answer)
		}
		inbox := folderOf("inbox", "")
		assert.Empty(t, next(inbox), "the folder itself is not among those below it")
		all := next("")
		assert.Contains(t, all, "Create "+box.Folder(ews.FolderInbox).ID().ID, version)
		assert.NotContains(t, all, "Create "+box.Folder(ews.FolderRoot).ID().ID)
		assert.Equal(t, all, next(folderOf("root", "")))
		top := next(folderOf("msgfolderroot", ""))
		assert.Less(t, len(top), len(all))

		outer := box.AddFolder(box.Folder(ews.FolderInbox), "Outer")
		inner := box.AddFolder(outer, "Inner")
		want := []string{"Create " + outer.ID().ID, "Create " + inner.ID().ID}
		assert.Equal(t, want, next(inbox), "the parent first")
		assert.Equal(t, want, next(""))
		box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: outer})
		assert.Empty(t, next(inbox), "mail does not change a folder")
		inner.Rename("Innermost")
		assert.Equal(t, []string{"Update " + inner.ID().ID}, next(inbox))
		inner.MoveTo(box.Folder(ews.FolderInbox))
		assert.Equal(t, []string{"Update " + inner.ID().ID}, next(inbox))
		inner.MoveTo(box.Folder(ews.FolderDrafts))
		assert.Equal(t, []string{"Delete " + inner.ID().ID}, next(inbox), "it left the tree")
		assert.Equal(t, []string{"Update " + inner.ID().ID}, next(""), "it is in the mailbox")
		inner.MoveTo(outer)
		assert.Equal(t, []string{"Create " + inner.ID().ID}, next(inbox), "it is back")
		outer.Delete()
		assert.ElementsMatch(t, []string{"Delete " + outer.ID().ID, "Delete " + inner.ID().ID}, next(inbox))
		search := box.AddSearchFolder("All")
		assert.Contains(t, next(folderOf("msgfolderroot", "")), "Create "+search.ID().ID)

		for name, tt := range map[string][2]string{
			"root for none": {folderOf("root", ""), states[""]}, "none for root": {"", states[folderOf("root", "")]}, "another root": {inbox, states[folderOf("msgfolderroot", "")]},
			"of another mailbox": {folderOf("inbox", bob), states[inbox]}, "of items": {inbox, func() string { s := syncInbox(c); s.next(); return s.state }()}, "nonsense": {inbox, "AAAA"},
		} {
			if name == "of another mailbox" {
				c.srv.GrantFullAccess(alice, bob)
			}
			answer := c.do(hierarchyXML(tt[0], tt[1]))
			assert.Equal(t, []string{"ErrorInvalidSyncStateData"}, codes(answer), "%s on %s", name, version)
			assert.Equal(t, []string{"true"}, texts(answer, "IncludesLastFolderInRange"))
		}
	}
}

func TestSyncHierarchyOfOthers(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	sub := box.AddFolder(box.Folder(ews.FolderInbox), "Sub")
	answer := c.do(hierarchyXML(folderOf("inbox", alice), ""))
	assert.Equal(t, []string{"Create " + sub.ID().ID}, changesOf(answer))
	assert.Equal(t, []string{"Sub"}, texts(answer, "DisplayName"))
	assert.Equal(t, []string{"ErrorSyncFolderNotFound"}, codes(c.as("bob").do(hierarchyXML(folderOf("inbox", alice), ""))))
	c.srv.AddUser("nobody", "nobody-password")
	assert.Equal(t, []string{"ErrorMissingEmailAddress"}, codes(c.as("nobody").do(hierarchyXML("", ""))))
	item := `<m:SyncFolderHierarchy><m:FolderShape>` + shapeOf("", "item:Subject") + `</m:FolderShape></m:SyncFolderHierarchy>`
	assert.Equal(t, []string{"ErrorInvalidPropertyRequest"}, codes(c.do(item)))
	c.srv.FailNext("SyncFolderHierarchy", ewstest.BusyItem)
	assert.Equal(t, []string{"ErrorServerBusy"}, codes(c.do(hierarchyXML(folderOf("inbox", alice), ""))))
}
