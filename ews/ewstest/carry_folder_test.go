package ewstest_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func carryFolderXML(op, to string, folders ...string) string {
	return `<m:` + op + `><m:ToFolderId>` + to + `</m:ToFolderId><m:FolderIds>` + strings.Join(folders, "") + `</m:FolderIds></m:` + op + `>`
}

func TestCopyFolderCopiesAllBelow(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema).as("alice")
		box := c.srv.Mailbox(alice)
		f := box.AddFolder(box.Folder(ews.FolderInbox), "Projects")
		below := box.AddFolder(f, "Old")
		m := box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: f})
		box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: below, Read: true})
		answer := c.do(carryFolderXML("CopyFolder", folderOf("drafts", ""), folderIDXML(f), folderOf("deleteditems", "")))
		require.Equal(t, []string{"NoError", "NoError"}, codes(answer), version)
		ids := attrs(answer, "FolderId", "Id")
		require.Len(t, ids, 2)
		assert.NotEqual(t, f.ID().ID, ids[0])
		var paths []string
		for _, n := range box.Messages() {
			paths = append(paths, n.Folder)
		}
		assert.Equal(t, []string{"/Inbox/Projects", "/Inbox/Projects/Old", "/Drafts/Projects", "/Drafts/Projects/Old"}, paths, version)
		assert.Equal(t, m, box.Message(m.ID), "the original stays")
		assert.Equal(t, []string{"ErrorFolderExists"}, codes(c.do(carryFolderXML("CopyFolder", folderOf("drafts", ""), folderIDXML(f)))))
		copied := `<t:FolderId Id="` + ids[1] + `"/>`
		assert.Equal(t, []string{"NoError"}, codes(c.do(`<m:DeleteFolder DeleteType="HardDelete"><m:FolderIds>`+copied+`</m:FolderIds></m:DeleteFolder>`)), "a copy of a well-known folder is an ordinary one")
	}
}

func TestFoldersThatCannotBeCarried(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).as("alice")
	box := c.srv.Mailbox(alice)
	f := box.AddFolder(nil, "Outer")
	below := folderIDXML(box.AddFolder(f, "Inner", "Innermost"))
	search := folderIDXML(box.AddSearchFolder("All"))
	gone := box.AddFolder(nil, "Gone")
	gone.Delete()
	before := len(box.Folders())
	for name, tt := range map[string]struct{ to, folder, move, copy string }{
		"into itself":         {folderIDXML(f), folderIDXML(f), "ErrorMoveCopyFailed", "ErrorMoveCopyFailed"},
		"below itself":        {below, folderIDXML(f), "ErrorMoveCopyFailed", "ErrorMoveCopyFailed"},
		"a root":              {folderIDXML(f), folderOf("root", ""), "ErrorMoveDistinguishedFolder", "ErrorMoveCopyFailed"},
		"a well-known one":    {below, folderOf("msgfolderroot", ""), "ErrorMoveDistinguishedFolder", "ErrorMoveCopyFailed"},
		"into a search":       {search, folderIDXML(f), "ErrorMoveCopyFailed", "ErrorMoveCopyFailed"},
		"to Recoverable":      {folderOf("recoverableitemsdeletions", ""), folderIDXML(f), "ErrorAccessDenied", "ErrorAccessDenied"},
		"of Recoverable":      {folderIDXML(f), folderOf("recoverableitemspurges", ""), "ErrorMoveDistinguishedFolder", "ErrorMoveCopyFailed"},
		"to a deleted one":    {folderIDXML(gone), folderIDXML(f), "ErrorToFolderNotFound", "ErrorToFolderNotFound"},
		"a deleted one":       {folderOf("drafts", ""), folderIDXML(gone), "ErrorItemNotFound", "ErrorItemNotFound"},
		"to somebody's":       {folderOf("inbox", bob), folderIDXML(f), "ErrorToFolderNotFound", "ErrorToFolderNotFound"},
		"next to one of name": {folderOf("msgfolderroot", ""), folderIDXML(f), "ErrorFolderExists", "ErrorFolderExists"},
	} {
		assert.Equal(t, []string{tt.move}, codes(c.do(carryFolderXML("MoveFolder", tt.to, tt.folder))), name)
		assert.Equal(t, []string{tt.copy}, codes(c.do(carryFolderXML("CopyFolder", tt.to, tt.folder))), name)
	}
	assert.Equal(t, []string{"ErrorCrossMailboxMoveCopy"}, codes(c.as("svc").do(carryFolderXML("CopyFolder", folderOf("inbox", bob), folderIDXML(f)))))
	box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: f})
	box.SetQuota(box.Size() + 10)
	assert.Equal(t, []string{"ErrorQuotaExceeded"}, codes(c.do(carryFolderXML("CopyFolder", folderOf("drafts", ""), folderIDXML(f)))))
	assert.Len(t, box.Folders(), before)
}

// Copying requires the rights to read the source and to create subfolders in the target;
// moving requires owning the source.
func TestPermissionsToCarryFolders(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	from, to := box.AddFolder(nil, "From"), box.AddFolder(nil, "To")
	secret := box.AddFolder(from, "Secret")
	for _, tt := range []struct{ from, to, move, copy string }{
		{"Contributor", "Editor", "ErrorAccessDenied", "ErrorAccessDenied"},
		{"Reviewer", "Editor", "ErrorAccessDenied", "ErrorCreateSubfolderAccessDenied"},
		{"Reviewer", "PublishingAuthor", "ErrorAccessDenied", "NoError"},
		{"None", "Owner", "ErrorFolderNotFound", "ErrorFolderNotFound"},
		{"Owner", "PublishingEditor", "NoError", ""},
	} {
		permitted(t, c, from, bobUser, level(tt.from))
		permitted(t, c, to, bobUser, level(tt.to))
		if tt.copy != "" {
			assert.Equal(t, []string{tt.copy}, codes(c.as("bob").do(carryFolderXML("CopyFolder", folderIDXML(to), folderIDXML(from)))), tt)
			for _, f := range box.Folders() {
				assert.False(t, f.Name() == "Secret" && f.Path() != secret.Path(), "what is not seen is not copied")
				if f.Path() == "/To/From" {
					f.Delete()
				}
			}
		}
		assert.Equal(t, []string{tt.move}, codes(c.as("bob").do(carryFolderXML("MoveFolder", folderIDXML(to), folderIDXML(from)))), tt)
	}
	assert.Equal(t, "/To/From/Secret", secret.Path())
}

func TestSizesOfFolders(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	f := box.AddFolder(nil, "Own")
	box.AddFolder(f, "Below")
	m := box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: f})
	box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: f, Associated: true})
	size := m.Size
	for _, n := range f.Messages() {
		if n.Associated {
			size += n.Size
		}
	}
	for tag, want := range map[string]int64{`0x0E08" PropertyType="Long`: size, `0x0E08" PropertyType="Integer`: size, `0x3617" PropertyType="Integer`: 1, `0x6638" PropertyType="Integer`: 1} {
		field := `<t:ExtendedFieldURI PropertyTag="` + tag + `"/>`
		answer := c.do(getFolderXML(idOnly+`<t:AdditionalProperties>`+field+`</t:AdditionalProperties>`, folderIDXML(f)))
		assert.Equal(t, []string{strconv.FormatInt(want, 10)}, texts(answer, "Value"), tag)
		set := `<t:SetFolderField>` + field + `<t:Folder><t:ExtendedProperty>` + field + `<t:Value>1</t:Value></t:ExtendedProperty></t:Folder></t:SetFolderField>`
		assert.Equal(t, []string{"ErrorInvalidPropertySet"}, codes(c.do(updateFolderXML(folderIDXML(f), set))), tag)
	}
	assert.Contains(t, c.do(findFolderXML("Shallow", folderOf("msgfolderroot", alice), `<m:Restriction><t:IsGreaterThan><t:ExtendedFieldURI PropertyTag="0x0E08" PropertyType="Long"/><t:FieldURIOrConstant><t:Constant Value="1"/></t:FieldURIOrConstant></t:IsGreaterThan></m:Restriction>`)), f.ID().ID)
}
