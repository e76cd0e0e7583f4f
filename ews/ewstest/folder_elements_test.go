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
			"managed":    {`<t:Folder><t:DisplayName>a</t:DisplayName><t:ManagedFolderInformation><t:CanDelete>true</t:CanDelete></t:ManagedFolderInformation></t:Folder>`, "ErrorInvalidPropertySet"},
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
		assert.Contains(t, texts(got, "DisplayName"), "Bob")
		assert.Equal(t, []string{"Default", "Anonymous"}, texts(got, "DistinguishedUser"), "they come first")
		assert.Equal(t, []string{"None", "None", "Author"}, texts(got, "PermissionLevel"))
		assert.Equal(t, []string{"None", "None", "Owned"}, texts(got, "EditItems"))
		assert.Equal(t, []string{"false", "false", "true"}, texts(got, "CanCreateItems"))
		assert.NotContains(t, c.do(getFolderXML(full, id)), "PermissionSet", "only on request")

		custom := setFolder("folder:PermissionSet", permission(`<t:IsFolderVisible>true</t:IsFolderVisible><t:ReadItems>FullDetails</t:ReadItems>`, "Custom"))
		require.Equal(t, []string{"NoError"}, codes(c.do(updateFolderXML(id, custom))))
		got = get()
		assert.Equal(t, []string{"None", "None", "FullDetails"}, texts(got, "ReadItems"))
		assert.Equal(t, []string{"None", "None", "None"}, texts(got, "DeleteItems"))
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

// TestClassesOfFolders: a Folder can be created with any class, and is returned as the
// element for that class; other elements imply their class.
func TestClassesOfFolders(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	for class, kind := range map[string]string{
		"IPF.Note": "Folder", "IPF.Own": "Folder", "IPF.Appointment": "CalendarFolder", "IPF.Contact.MOC.QuickContacts": "ContactsFolder", "IPF.Contacts": "Folder", "ipf.task": "TasksFolder",
	} {
		made := c.do(createFolderXML(folderOf("inbox", alice), `<t:Folder><t:FolderClass>`+class+`</t:FolderClass><t:DisplayName>`+class+`</t:DisplayName></t:Folder>`))
		require.Equal(t, []string{"NoError"}, codes(made), class)
		assert.Contains(t, made, "<t:"+kind+">", class)
		id := `<t:FolderId Id="` + attrs(made, "FolderId", "Id")[0] + `"/>`
		set := func(class string) string {
			return updateFolderXML(id, `<t:SetFolderField><t:FieldURI FieldURI="folder:FolderClass"/><t:`+kind+`><t:FolderClass>`+class+`</t:FolderClass></t:`+kind+`></t:SetFolderField>`)
		}
		other := "IPF.Task.Own"
		if kind == "TasksFolder" {
			other = "IPF.Appointment"
		}
		assert.Equal(t, []string{"ErrorObjectTypeChanged"}, codes(c.do(set(other))), class)
		assert.Equal(t, []string{"NoError"}, codes(c.do(set(class+".More"))), class)
	}
	made := c.do(createFolderXML(folderOf("inbox", alice), `<t:Folder><t:FolderClass>IPF.Appointment</t:FolderClass><t:DisplayName>x</t:DisplayName><t:PermissionSet><t:Permissions/></t:PermissionSet></t:Folder>`))
	assert.Equal(t, []string{"ErrorCannotSetNonCalendarPermissionOnCalendarFolder"}, codes(made))
	for _, kind := range []string{"CalendarFolder", "ContactsFolder", "TasksFolder"} {
		made := c.do(createFolderXML(folderOf("inbox", alice), `<t:`+kind+`><t:FolderClass>IPF.Appointment</t:FolderClass><t:DisplayName>x</t:DisplayName></t:`+kind+`>`))
		assert.Equal(t, []string{"ErrorNoFolderClassOverride"}, codes(made), kind)
	}
}

// TestDeletedFoldersOfOneName: one of them gets another name in Deleted Items.
func TestDeletedFoldersOfOneName(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).as(alice)
	box := c.srv.Mailbox(alice)
	for _, parent := range []string{"Inbox", "Drafts"} {
		f := box.AddFolder(nil, parent, "Old")
		delete := `<m:DeleteFolder DeleteType="MoveToDeletedItems"><m:FolderIds>` + folderIDXML(f) + `</m:FolderIds></m:DeleteFolder>`
		for range 2 { // once more where it is already
			assert.Equal(t, []string{"NoError"}, codes(c.do(delete)), parent)
			assert.Equal(t, ews.FolderDeletedItems, f.Parent().Distinguished())
		}
		assert.Equal(t, map[string]string{"Inbox": "Old", "Drafts": "Old1"}[parent], f.Name())
	}
}

func TestUsersOfPermissions(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	const address, known = `<t:PrimarySmtpAddress>bob@example.test</t:PrimarySmtpAddress>`, `<t:DistinguishedUser>Default</t:DistinguishedUser>`
	user := func(names string) string {
		return `<t:Permission><t:UserId>` + names + `</t:UserId><t:PermissionLevel>Editor</t:PermissionLevel></t:Permission>`
	}
	for name, tt := range map[string]struct{ permissions, code string }{
		"two":         {user(address) + user(known), "NoError"},
		"same":        {user(address) + user(strings.Replace(address, "bob", "BOB", 1)), "ErrorDuplicateUserIdsSpecified"},
		"same known":  {user(known) + user(known), "ErrorDuplicateUserIdsSpecified"},
		"nobody":      {user(""), "ErrorMissingUserIdInformation"},
		"known and":   {user(address + known), "ErrorInvalidUserInfo"},
		"name alone":  {user(`<t:DisplayName>Bob</t:DisplayName>`), "ErrorInvalidUserInfo"},
		"one of each": {user(known) + user(`<t:DistinguishedUser>Anonymous</t:DistinguishedUser>`), "NoError"},
	} {
		made := c.do(createFolderXML(folderOf("inbox", alice), `<t:Folder><t:DisplayName>`+name+`</t:DisplayName><t:PermissionSet><t:Permissions>`+tt.permissions+`</t:Permissions></t:PermissionSet></t:Folder>`))
		assert.Equal(t, []string{tt.code}, codes(made), name)
	}
}

func TestFoldersThatCannotBeEmptied(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).as(alice)
	search := folderIDXML(c.srv.Mailbox(alice).AddSearchFolder("All"))
	for folder, want := range map[string]string{folderOf("calendar", ""): "ErrorCannotEmptyFolder", search: "ErrorCannotEmptyFolder", folderOf("root", ""): "ErrorCannotEmptyFolder", folderOf("contacts", ""): "NoError"} {
		answer := c.do(`<m:EmptyFolder DeleteType="HardDelete" DeleteSubFolders="false"><m:FolderIds>` + folder + `</m:FolderIds></m:EmptyFolder>`)
		assert.Equal(t, []string{want}, codes(answer), folder)
	}
}
