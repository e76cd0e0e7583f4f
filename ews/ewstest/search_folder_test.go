package ewstest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func searchXML(traversal, word string, base ...string) string {
	return `<t:SearchParameters` + traversal + `><t:Restriction><t:And><t:Contains ContainmentMode="Substring" ContainmentComparison="IgnoreCase"><t:FieldURI FieldURI="item:Subject"/><t:Constant Value="` + word + `"/></t:Contains>` +
		`<t:IsEqualTo><t:FieldURI FieldURI="message:IsRead"/><t:FieldURIOrConstant><t:Constant Value="false"/></t:FieldURIOrConstant></t:IsEqualTo></t:And></t:Restriction><t:BaseFolderIds>` + strings.Join(base, "") + `</t:BaseFolderIds></t:SearchParameters>`
}

func searchFolderXML(parent, parameters string) string {
	return createFolderXML(parent, `<t:SearchFolder><t:DisplayName>find-it</t:DisplayName>`+parameters+`</t:SearchFolder>`)
}

func TestSearchFolder(t *testing.T) {
	t.Parallel()
	const deep = ` Traversal="Deep"`
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema).as("alice")
		box := c.srv.Mailbox(alice)
		below := box.AddFolder(box.Folder(ews.FolderInbox), "Below")
		above, under := box.Deliver([]byte(plain)), box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: below})
		box.DeliverWith([]byte(plain), ewstest.Delivery{Read: true})
		box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: box.Folder(ews.FolderDrafts)})
		made := c.do(searchFolderXML(folderOf("searchfolders", ""), searchXML(deep, "invoice", folderOf("inbox", ""))))
		require.Equal(t, []string{"NoError"}, codes(made), version)
		assert.Contains(t, made, "<t:SearchFolder>")
		id := `<t:FolderId Id="` + attrs(made, "FolderId", "Id")[0] + `"/>`
		found := func() []string { return attrs(c.do(findXML(id, "")), "ItemId", "Id") }
		assert.Equal(t, []string{above.ID.ID, under.ID.ID}, found())
		for _, shape := range []string{shapeOf("", "folder:SearchParameters"), full} {
			got := c.do(getFolderXML(shape, id))
			assert.Equal(t, []string{"Deep"}, attrs(got, "SearchParameters", "Traversal"))
			assert.Equal(t, []string{"invoice", "false"}, attrs(got, "Constant", "Value"))
			assert.Contains(t, attrs(got, "FolderId", "Id"), box.Folder(ews.FolderInbox).ID().ID)
		}
		assert.Equal(t, []string{"2"}, texts(c.do(getFolderXML(full, id)), "TotalCount"))

		set := func(parameters string) string {
			return updateFolderXML(id, `<t:SetFolderField><t:FieldURI FieldURI="folder:SearchParameters"/><t:SearchFolder>`+parameters+`</t:SearchFolder></t:SetFolderField>`)
		}
		require.Equal(t, []string{"NoError"}, codes(c.do(set(searchXML("", "invoice", folderOf("inbox", ""))))))
		assert.Equal(t, []string{above.ID.ID}, found(), "not below it")
		require.Equal(t, []string{"NoError"}, codes(c.do(set(searchXML(deep, "receipt", folderOf("inbox", ""))))))
		assert.Empty(t, found())
		assert.Equal(t, []string{"ErrorInvalidPropertyDelete"}, codes(c.do(updateFolderXML(id, deleteFolderField("folder:SearchParameters")))))
		require.Equal(t, []string{"NoError"}, codes(c.do(`<m:DeleteFolder DeleteType="HardDelete"><m:FolderIds>`+id+`</m:FolderIds></m:DeleteFolder>`)))
		assert.NotNil(t, box.Message(above.ID), "what it has shown stays")
	}
}

func TestSearchFoldersThatCannotBe(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).as("alice")
	box := c.srv.Mailbox(alice)
	all := folderIDXML(box.AddSearchFolder("All"))
	parent := folderOf("searchfolders", "")
	before := len(box.Folders())
	for name, tt := range map[string]struct{ op, code string }{
		"no parameters":      {searchFolderXML(parent, ""), "ErrorInvalidOperation"},
		"in a search":        {searchFolderXML(parent, searchXML("", "a", all)), "ErrorInvalidOperation"},
		"below a search":     {searchFolderXML(all, searchXML("", "a", folderOf("inbox", ""))), "ErrorInvalidParentFolder"},
		"unknown folder":     {searchFolderXML(parent, searchXML("", "a", folderOf("archiveroot", ""))), "ErrorFolderNotFound"},
		"what cannot be":     {searchFolderXML(parent, strings.ReplaceAll(searchXML("", "a", folderOf("inbox", "")), "message:IsRead", "item:MimeContent")), "ErrorUnsupportedPathForQuery"},
		"class":              {createFolderXML(parent, `<t:SearchFolder><t:FolderClass>IPF.Note</t:FolderClass><t:DisplayName>a</t:DisplayName>`+searchXML("", "a", folderOf("inbox", ""))+`</t:SearchFolder>`), "ErrorNoFolderClassOverride"},
		"of an ordinary one": {updateFolderXML(folderIDXML(box.AddFolder(nil, "Own")), `<t:SetFolderField><t:FieldURI FieldURI="folder:SearchParameters"/><t:SearchFolder>`+searchXML("", "a", folderOf("inbox", ""))+`</t:SearchFolder></t:SetFolderField>`), "ErrorObjectTypeChanged"},
	} {
		assert.Equal(t, []string{tt.code}, codes(c.do(tt.op)), name)
	}
	assert.Equal(t, []string{"ErrorEmailAddressMismatch"}, codes(c.as("svc").do(searchFolderXML(folderOf("searchfolders", alice), searchXML("", "a", folderOf("inbox", bob))))), "in another mailbox")
	assert.Len(t, box.Folders(), before+1, "only the ordinary one")
}
