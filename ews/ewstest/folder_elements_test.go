package ewstest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

func updateFolderXML(folder string, changes ...string) string {
	return `<m:UpdateFolder><m:FolderChanges><t:FolderChange>` + folder + `<t:Updates>` + strings.Join(changes, "") + `</t:Updates></t:FolderChange></m:FolderChanges></m:UpdateFolder>`
}

func setFolder(uri, element string) string {
	return `<t:SetFolderField><t:FieldURI FieldURI="` + uri + `"/><t:Folder>` + element + `</t:Folder></t:SetFolderField>`
}

func deleteFolderField(uri string) string {
	return `<t:DeleteFolderField><t:FieldURI FieldURI="` + uri + `"/></t:DeleteFolderField>`
}

func getFolderXML(shape, folder string) string {
	return `<m:GetFolder><m:FolderShape>` + shape + `</m:FolderShape><m:FolderIds>` + folder + `</m:FolderIds></m:GetFolder>`
}

func TestCreateFolderRefusesElements(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		before := len(c.srv.Mailbox(alice).Folders())
		for name, tt := range map[string]struct{ folder, code string }{
			"total":      {`<t:Folder><t:DisplayName>a</t:DisplayName><t:TotalCount>3</t:TotalCount></t:Folder>`, "ErrorInvalidPropertySet"},
			"children":   {`<t:Folder><t:DisplayName>a</t:DisplayName><t:ChildFolderCount>3</t:ChildFolderCount></t:Folder>`, "ErrorInvalidPropertySet"},
			"unread":     {`<t:Folder><t:DisplayName>a</t:DisplayName><t:UnreadCount>3</t:UnreadCount></t:Folder>`, "ErrorInvalidPropertySet"},
			"parent":     {`<t:Folder><t:ParentFolderId Id="AAAA"/><t:DisplayName>a</t:DisplayName></t:Folder>`, "ErrorInvalidPropertySet"},
			"rights":     {`<t:Folder><t:DisplayName>a</t:DisplayName><t:EffectiveRights><t:CreateAssociated>true</t:CreateAssociated><t:CreateContents>true</t:CreateContents><t:CreateHierarchy>true</t:CreateHierarchy><t:Delete>true</t:Delete><t:Modify>true</t:Modify><t:Read>true</t:Read></t:EffectiveRights></t:Folder>`, "ErrorInvalidPropertySet"},
			"no name":    {`<t:Folder><t:FolderClass>IPF.Note</t:FolderClass></t:Folder>`, "ErrorFolderSavePropertyError"},
			"parameters": {`<t:SearchFolder><t:DisplayName>a</t:DisplayName></t:SearchFolder>`, "ErrorInvalidOperation"},
			"custom tag": {`<t:Folder><t:DisplayName>a</t:DisplayName><t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x8123" PropertyType="Integer"/><t:Value>1</t:Value></t:ExtendedProperty></t:Folder>`, "ErrorNoPropertyTagForCustomProperties"},
		} {
			assert.Equal(t, []string{tt.code}, codes(c.do(createFolderXML(folderOf("inbox", alice), tt.folder))), "%s on %s", name, version)
		}
		assert.Len(t, c.srv.Mailbox(alice).Folders(), before)
	}
}

func TestUpdateFolderRules(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	f := c.srv.Mailbox(alice).AddFolder(nil, "Projects")
	for name, tt := range map[string]struct{ change, code string }{
		"count":          {setFolder("folder:TotalCount", `<t:TotalCount>3</t:TotalCount>`), "ErrorInvalidPropertySet"},
		"no id":          {deleteFolderField("folder:FolderId"), "ErrorInvalidPropertyDelete"},
		"no name":        {deleteFolderField("folder:DisplayName"), "ErrorInvalidPropertyDelete"},
		"two properties": {setFolder("folder:DisplayName", `<t:FolderClass>IPF.Note</t:FolderClass><t:DisplayName>b</t:DisplayName>`), "ErrorIncorrectUpdatePropertyCount"},
		"another":        {setFolder("folder:DisplayName", `<t:FolderClass>IPF.Note</t:FolderClass>`), "ErrorUpdatePropertyMismatch"},
		"another kind":   {`<t:SetFolderField><t:FieldURI FieldURI="folder:DisplayName"/><t:CalendarFolder><t:DisplayName>b</t:DisplayName></t:CalendarFolder></t:SetFolderField>`, "ErrorObjectTypeChanged"},
		"an item's":      {deleteFolderField("item:Subject"), "ErrorInvalidPropertyRequest"},
		"retention":      {deleteFolderField("folder:PolicyTag"), "ErrorInvalidOperation"},
		"appended":       {`<t:AppendToFolderField><t:FieldURI FieldURI="folder:DisplayName"/><t:Folder><t:DisplayName>b</t:DisplayName></t:Folder></t:AppendToFolderField>`, "ErrorInvalidPropertyAppend"},
		"blank":          {setFolder("folder:DisplayName", `<t:DisplayName> </t:DisplayName>`), "ErrorFolderSavePropertyError"},
	} {
		assert.Equal(t, []string{tt.code}, codes(c.do(updateFolderXML(folderIDXML(f), tt.change))), name)
		assert.Equal(t, "Projects", f.Name(), name)
	}
	assert.Equal(t, []string{"NoError"}, codes(c.do(updateFolderXML(folderIDXML(f), setFolder("folder:FolderClass", `<t:FolderClass>IPF.Note.Own</t:FolderClass>`)))))
	assert.Equal(t, []string{"IPF.Note.Own"}, texts(c.do(getFolderXML(full, folderIDXML(f))), "FolderClass"))
	assert.Equal(t, []string{"ErrorInvalidPropertyRequest"}, codes(c.do(getFolderXML(shapeOf("", "item:Subject"), folderIDXML(f)))))
}

func TestPermissionsAreKept(t *testing.T) {
	t.Parallel()
	permission := func(rights, level string) string {
		return `<t:PermissionSet><t:Permissions><t:Permission><t:UserId><t:PrimarySmtpAddress>bob@example.test</t:PrimarySmtpAddress></t:UserId>` + rights + `<t:PermissionLevel>` + level + `</t:PermissionLevel></t:Permission></t:Permissions></t:PermissionSet>`
	}
	named := 0
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		create := func(set string) string {
			named++
			return c.do(createFolderXML(folderOf("inbox", alice), `<t:Folder><t:DisplayName>`+strings.Repeat("p", named)+`</t:DisplayName>`+set+`</t:Folder>`))
		}
		mixed := "NoError"
		if version == ewstest.Exchange2010SP3 {
			mixed = "ErrorInvalidPermissionSettings"
		}
		assert.Equal(t, []string{mixed}, codes(create(permission(`<t:CanCreateItems>false</t:CanCreateItems>`, "Editor"))), version)
		assert.Equal(t, []string{"ErrorInvalidUserInfo"}, codes(create(strings.Replace(permission("", "Editor"), `<t:PrimarySmtpAddress>bob@example.test</t:PrimarySmtpAddress>`, `<t:DisplayName>Bob</t:DisplayName>`, 1))))
		made := create(permission("", "Author"))
		require.Equal(t, []string{"NoError"}, codes(made))
		id := `<t:FolderId Id="` + attrs(made, "FolderId", "Id")[0] + `"/>`
		get := func() string { return c.do(getFolderXML(shapeOf("", "folder:PermissionSet"), id)) }
		got := get()
		assert.Equal(t, []string{"bob@example.test"}, texts(got, "PrimarySmtpAddress"))
		assert.Equal(t, []string{"Author"}, texts(got, "PermissionLevel"))
		assert.Equal(t, []string{"Owned"}, texts(got, "EditItems"))
		assert.Equal(t, []string{"true"}, texts(got, "CanCreateItems"))
		assert.NotContains(t, c.do(getFolderXML(full, id)), "PermissionSet", "only on request")

		custom := setFolder("folder:PermissionSet", permission(`<t:IsFolderVisible>true</t:IsFolderVisible><t:ReadItems>FullDetails</t:ReadItems>`, "Custom"))
		require.Equal(t, []string{"NoError"}, codes(c.do(updateFolderXML(id, custom))))
		got = get()
		assert.Equal(t, []string{"FullDetails"}, texts(got, "ReadItems"))
		assert.Equal(t, []string{"None"}, texts(got, "DeleteItems"))
		require.Equal(t, []string{"NoError"}, codes(c.do(updateFolderXML(id, deleteFolderField("folder:PermissionSet")))))
		got = get()
		assert.Equal(t, []string{"Default", "Anonymous"}, texts(got, "DistinguishedUser"))
		assert.Equal(t, []string{"None", "None"}, texts(got, "PermissionLevel"))
	}
	c := newCaller(t, ewstest.Options{})
	calendar := c.do(getFolderXML(shapeOf("", "folder:PermissionSet"), folderOf("calendar", alice)))
	assert.Equal(t, []string{"None", "None"}, texts(calendar, "CalendarPermissionLevel"))
}

func TestEmptyFolderKeepsSubfolders(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema).as("alice")
		box := c.srv.Mailbox(alice)
		outer := box.AddFolder(nil, "Outer")
		inner := box.AddFolder(outer, "Inner")
		box.AddFolder(inner, "Innermost")
		box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: outer})
		m := box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: inner})
		box.AddFolder(box.Folder(ews.FolderDeletedItems), "Inner")
		require.Equal(t, []string{"NoError"}, codes(c.do(`<m:EmptyFolder DeleteType="MoveToDeletedItems" DeleteSubFolders="true"><m:FolderIds>`+folderIDXML(outer)+`</m:FolderIds></m:EmptyFolder>`)))
		got := c.do(getFolderXML(shapeOf("", "folder:ParentFolderId"), folderIDXML(inner)))
		assert.Equal(t, []string{"NoError"}, codes(got), version)
		assert.Equal(t, []string{box.Folder(ews.FolderDeletedItems).ID().ID}, attrs(got, "ParentFolderId", "Id"))
		assert.Equal(t, "/Deleted Items/Inner1/Innermost", box.AddFolder(inner, "Innermost").Path())
		assert.Equal(t, "/Deleted Items/Inner1", box.Message(m.ID).Folder)
		assert.Zero(t, outer.Count())
		assert.Equal(t, 1, box.Folder(ews.FolderDeletedItems).Count())
	}
}

func TestDeletedFolder(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	f := box.AddFolder(nil, "Gone")
	id := folderIDXML(f)
	m := box.Deliver([]byte(plain))
	data := texts(c.do(exportXML(itemID(m))), "Data")[0]
	upload := uploadXML("CreateNew", f, "", data)
	f.Delete()
	for name, tt := range map[string]struct{ op, code string }{
		"read":     {getFolderXML(idOnly, id), "ErrorItemNotFound"},
		"searched": {findXML(id, ""), "ErrorItemNotFound"},
		"listed":   {findFolderXML("Deep", id, ""), "ErrorItemNotFound"},
		"renamed":  {updateFolderXML(id, setFolder("folder:DisplayName", `<t:DisplayName>b</t:DisplayName>`)), "ErrorItemNotFound"},
		"filled":   {createXML(saveOnly, id, `<t:Message/>`), "ErrorSavedItemFolderNotFound"},
		"uploaded": {upload, "ErrorFolderNotFound"},
		"moved to": {moveXML(id, itemID(m)), "ErrorToFolderNotFound"},
		"divided":  {createFolderXML(id, `<t:Folder><t:DisplayName>b</t:DisplayName></t:Folder>`), "ErrorParentFolderNotFound"},
	} {
		assert.Equal(t, []string{tt.code}, codes(c.do(tt.op)), name)
	}
}
