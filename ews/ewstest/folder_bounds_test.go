package ewstest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// deep returns a folder so many levels below the Inbox, which is at the second level
// below the root.
func deep(box *ewstest.Mailbox, levels int) *ewstest.Folder {
	f := box.Folder(ews.FolderInbox)
	for i := range levels {
		f = box.AddFolder(f, fmt.Sprintf("%d", i))
	}
	return f
}

// TestFolderTreesAreBounded checks that folders can be nested 300 levels deep, as in
// Exchange Online.
func TestFolderTreesAreBounded(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	last := deep(box, 297)
	folder := func(f *ewstest.Folder, name string) string {
		return createFolderXML(folderIDXML(f), `<t:Folder><t:DisplayName>`+name+`</t:DisplayName></t:Folder>`)
	}
	made := c.do(folder(last, "fits"))
	require.Equal(t, []string{"NoError"}, codes(made))
	fits := `<t:FolderId Id="` + attrs(made, "FolderId", "Id")[0] + `"/>`
	assert.Equal(t, []string{"ErrorQuotaExceeded"}, codes(c.do(createFolderXML(fits, `<t:Folder><t:DisplayName>no</t:DisplayName></t:Folder>`))))

	two := box.AddFolder(nil, "Two")
	box.AddFolder(two, "Levels")
	for _, op := range []string{"CopyFolder", "MoveFolder"} {
		assert.Equal(t, []string{"ErrorQuotaExceeded"}, codes(c.do(carryFolderXML(op, folderIDXML(last), folderIDXML(two)))), op)
		assert.Equal(t, []string{"ErrorMoveCopyFailed"}, codes(c.do(carryFolderXML(op, folderIDXML(last), folderIDXML(last.Parent().Parent())))), "into its own child")
		assert.Equal(t, []string{"ErrorMoveCopyFailed"}, codes(c.do(carryFolderXML(op, folderIDXML(two), folderIDXML(two)))), "into itself")
	}
	assert.Equal(t, []string{"NoError"}, codes(c.do(carryFolderXML("CopyFolder", folderIDXML(last.Parent()), folderIDXML(two)))))
	assert.Equal(t, []string{"ErrorQuotaExceeded"}, codes(c.do(carryFolderXML("MoveFolder", fits, folderIDXML(box.AddFolder(nil, "One"))))))

	names := strings.Repeat(`<t:Folder><t:DisplayName>n</t:DisplayName></t:Folder>`, 2000)
	path := codes(c.do(`<m:CreateFolderPath><m:ParentFolderId>` + folderOf("drafts", alice) + `</m:ParentFolderId><m:RelativeFolderPath>` + names + `</m:RelativeFolderPath></m:CreateFolderPath>`))
	assert.Equal(t, 298, slices.Index(path, "ErrorQuotaExceeded"), "level 301")
	assert.NotContains(t, path[298:], "NoError")
}

func TestFolderNamesAreBounded(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	for name, want := range map[string]string{strings.Repeat("é", 255): "NoError", strings.Repeat("e", 256): "ErrorFolderSavePropertyError"} {
		assert.Equal(t, []string{want}, codes(c.do(createFolderXML(folderOf("inbox", alice), `<t:Folder><t:DisplayName>`+name+`</t:DisplayName></t:Folder>`))))
		assert.Equal(t, []string{want}, codes(c.do(updateFolderXML(folderOf("drafts", alice), setFolder("folder:DisplayName", `<t:DisplayName>`+name+`</t:DisplayName>`)))))
	}
}

// TestFoldersAreBounded copies folders into each other: each copy doubles the number of
// folders.
func TestFoldersAreBounded(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	tree := box.AddFolder(nil, "Tree")
	parent := tree
	for i := range 22 {
		next := box.AddFolder(nil, fmt.Sprintf("Tree %d", i))
		copied := codes(c.do(carryFolderXML("CopyFolder", folderIDXML(next), folderIDXML(parent), folderIDXML(tree))))
		if slices.Contains(copied, "ErrorQuotaExceeded") {
			assert.GreaterOrEqual(t, i, 10)
			assert.LessOrEqual(t, len(box.Folders()), 10_000)
			return
		}
		parent, tree = next, parent
	}
	t.Error("22 copies of copies, and no end")
}
