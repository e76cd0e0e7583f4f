package ewstest_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func folderIDXML(f *ewstest.Folder) string { return `<t:FolderId Id="` + f.ID().ID + `"/>` }

func TestDeleteAndEmptyFolder(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	f := box.AddFolder(nil, "Projects")
	sub := box.AddFolder(f, "Sub")
	box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: f})
	box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: sub})
	paths := func() (all []string) {
		for _, m := range box.Messages() {
			all = append(all, m.Folder)
		}
		return all
	}
	empty := func(how, subs string) []string {
		return codes(c.do(`<m:EmptyFolder DeleteType="` + how + `" DeleteSubFolders="` + subs + `"><m:FolderIds>` + folderIDXML(f) + `</m:FolderIds></m:EmptyFolder>`))
	}
	assert.Equal(t, []string{"ErrorCannotDeleteObject"}, empty("MoveToDeletedItems", "false"))
	assert.Equal(t, []string{"NoError"}, empty("SoftDelete", "false"))
	assert.Equal(t, []string{"/Projects/Sub", "/Recoverable Items/Deletions"}, paths())
	assert.Equal(t, []string{"NoError"}, empty("HardDelete", "true"))
	assert.Equal(t, []string{"/Recoverable Items/Deletions", "/Recoverable Items/Purges"}, paths())
	del := func(c *caller, how, folder string) []string {
		return codes(c.do(`<m:DeleteFolder DeleteType="` + how + `"><m:FolderIds>` + folder + `</m:FolderIds></m:DeleteFolder>`))
	}
	assert.Equal(t, []string{"ErrorDeleteDistinguishedFolder"}, del(c, "HardDelete", folderOf("inbox", alice)))
	assert.Equal(t, []string{"ErrorCannotDeleteObject"}, del(c, "MoveToDeletedItems", folderIDXML(f)))
	assert.Equal(t, []string{"NoError"}, del(c.as("alice"), "MoveToDeletedItems", folderIDXML(f)))
	assert.Equal(t, "/Deleted Items/Projects", f.Path())
	assert.Equal(t, []string{"NoError"}, del(c, "HardDelete", folderIDXML(f)))
	assert.Equal(t, []string{"ErrorItemNotFound"}, del(c, "HardDelete", folderIDXML(f)))
}

func TestMoveRenameAndCreatePath(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	f := box.AddFolder(nil, "Projects")
	move := func(folder, to string) []string {
		return codes(c.do(`<m:MoveFolder><m:ToFolderId>` + to + `</m:ToFolderId><m:FolderIds>` + folder + `</m:FolderIds></m:MoveFolder>`))
	}
	assert.Equal(t, []string{"NoError"}, move(folderIDXML(f), folderOf("inbox", alice)))
	assert.Equal(t, "/Inbox/Projects", f.Path())
	assert.Equal(t, []string{"ErrorMoveDistinguishedFolder"}, move(folderOf("inbox", alice), folderOf("drafts", alice)))
	assert.Equal(t, []string{"ErrorCrossMailboxMoveCopy"}, move(folderIDXML(f), folderOf("inbox", bob)))
	assert.Equal(t, []string{"ErrorFolderExists"}, move(folderIDXML(f), folderOf("inbox", alice)))
	rename := func(name string) []string {
		return codes(c.do(`<m:UpdateFolder><m:FolderChanges><t:FolderChange>` + folderIDXML(f) + `<t:Updates><t:SetFolderField><t:FieldURI FieldURI="folder:DisplayName"/><t:Folder><t:DisplayName>` + name + `</t:DisplayName></t:Folder></t:SetFolderField></t:Updates></t:FolderChange></m:FolderChanges></m:UpdateFolder>`))
	}
	assert.Equal(t, []string{"NoError"}, rename("Plans"))
	box.AddFolder(box.Folder(ews.FolderInbox), "Taken")
	assert.Equal(t, []string{"ErrorFolderExists"}, rename("taken"))
	assert.Equal(t, "/Inbox/Plans", f.Path())
	path := `<m:CreateFolderPath><m:ParentFolderId>` + folderOf("inbox", alice) + `</m:ParentFolderId><m:RelativeFolderPath><t:Folder><t:DisplayName>Plans</t:DisplayName></t:Folder><t:Folder><t:DisplayName>New</t:DisplayName></t:Folder></m:RelativeFolderPath></m:CreateFolderPath>`
	first := c.do(path)
	assert.Equal(t, []string{"NoError", "NoError"}, codes(first))
	assert.Equal(t, f.ID().ID, attrs(first, "FolderId", "Id")[0])
	assert.Equal(t, attrs(first, "FolderId", "Id"), attrs(c.do(path), "FolderId", "Id"), "existing folders are reused")
}

func TestGetAttachment(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	m := c.srv.Mailbox(alice).Deliver([]byte(withAttachment))
	ids := attrs(c.do(getItemXML(full, itemID(m))), "AttachmentId", "Id")
	require.Len(t, ids, 1)
	get := func(c *caller, id string) string {
		return c.do(`<m:GetAttachment><m:AttachmentIds><t:AttachmentId Id="` + id + `"/></m:AttachmentIds></m:GetAttachment>`)
	}
	content, err := base64.StdEncoding.DecodeString(texts(get(c, ids[0]), "Content")[0])
	require.NoError(t, err)
	assert.Equal(t, "MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00", string(content))
	assert.Equal(t, []string{"ErrorInvalidIdMalformed"}, codes(get(c, "x")))
	assert.Equal(t, []string{"ErrorItemNotFound"}, codes(get(c.as("bob"), ids[0])))
}

// TestRefusedFoldersAreAnEmptyList: Microsoft's sample errors contain one.
func TestRefusedFoldersAreAnEmptyList(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).in("Exchange2013")
	const none = `<t:FolderId Id="AAAA"/>`
	into := func(operation string) string {
		return `<m:` + operation + `><m:ToFolderId>` + folderOf("inbox", alice) + `</m:ToFolderId><m:FolderIds>` + none + `</m:FolderIds></m:` + operation + `>`
	}
	named := `<t:Folder><t:DisplayName>New</t:DisplayName></t:Folder>`
	for operation, request := range map[string]string{
		"GetFolder": getFolderXML(idOnly, none), "MoveFolder": into("MoveFolder"), "CopyFolder": into("CopyFolder"),
		"UpdateFolder":     updateFolderXML(none, setFolder("folder:DisplayName", `<t:DisplayName>New</t:DisplayName>`)),
		"CreateFolder":     createFolderXML(none, named),
		"CreateFolderPath": `<m:CreateFolderPath><m:ParentFolderId>` + none + `</m:ParentFolderId><m:RelativeFolderPath>` + named + `</m:RelativeFolderPath></m:CreateFolderPath>`,
	} {
		answer := c.do(request)
		assert.NotEqual(t, []string{"NoError"}, codes(answer), operation)
		assert.Equal(t, 1, strings.Count(answer, `<m:Folders/>`), operation)
	}
	answer := c.do(`<m:DeleteFolder DeleteType="HardDelete"><m:FolderIds>` + none + `</m:FolderIds></m:DeleteFolder>`)
	assert.NotContains(t, answer, `<m:Folders`, "this operation returns none")
}
