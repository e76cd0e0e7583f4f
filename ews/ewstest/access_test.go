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

// permitted gives bob a permission in one of alice's folders; she grants it herself.
func permitted(t *testing.T, c *caller, f *ewstest.Folder, user, rights string) {
	t.Helper()
	set := setFolder("folder:PermissionSet", `<t:PermissionSet><t:Permissions><t:Permission><t:UserId>`+user+`</t:UserId>`+rights+`</t:Permission></t:Permissions></t:PermissionSet>`)
	require.Equal(t, []string{"NoError"}, codes(c.as("alice").do(updateFolderXML(folderIDXML(f), set))))
}

const bobUser = `<t:PrimarySmtpAddress>bob@example.test</t:PrimarySmtpAddress>`

func level(name string) string { return `<t:PermissionLevel>` + name + `</t:PermissionLevel>` }

func TestPermissionsDecide(t *testing.T) {
	t.Parallel()
	const unseenFolder, unseenItem, denied, noItem, noFolder = "ErrorFolderNotFound", "ErrorItemNotFound", "ErrorAccessDenied", "ErrorCreateItemAccessDenied", "ErrorCreateSubfolderAccessDenied"
	order := []string{"open", "search", "read", "write", "edit", "edit own", "delete own", "move", "delete", "divide", "rename"}
	for name, tt := range map[string]struct {
		user, rights string
		want         []string // in order; "" is NoError
	}{
		"nobody":      {`<t:PrimarySmtpAddress>carol@example.test</t:PrimarySmtpAddress>`, level("Owner"), []string{unseenFolder, unseenFolder, unseenItem, "ErrorSavedItemFolderNotFound", unseenItem, unseenItem, unseenItem, unseenItem, unseenItem, "ErrorParentFolderNotFound", unseenFolder}},
		"none":        {bobUser, level("None"), []string{unseenFolder, unseenFolder, unseenItem, "ErrorSavedItemFolderNotFound", unseenItem, unseenItem, unseenItem, unseenItem, unseenItem, "ErrorParentFolderNotFound", unseenFolder}},
		"visible":     {bobUser, `<t:IsFolderVisible>true</t:IsFolderVisible>` + level("Custom"), []string{"", denied, unseenItem, noItem, unseenItem, unseenItem, unseenItem, unseenItem, unseenItem, noFolder, denied}},
		"contributor": {bobUser, level("Contributor"), []string{"", denied, unseenItem, "", unseenItem, denied, denied, unseenItem, unseenItem, noFolder, denied}},
		"reviewer":    {bobUser, level("Reviewer"), []string{"", "", "", noItem, denied, denied, denied, denied, denied, noFolder, denied}},
		"author":      {bobUser, level("Author"), []string{"", "", "", "", denied, "", "", denied, denied, noFolder, denied}},
		"editor":      {bobUser, level("Editor"), []string{"", "", "", "", "", "", "", "", "", noFolder, denied}},
		"publisher":   {bobUser, level("PublishingEditor"), []string{"", "", "", "", "", "", "", "", "", "", denied}},
		"owner":       {bobUser, level("Owner"), []string{"", "", "", "", "", "", "", "", "", "", ""}},
		"everybody":   {`<t:DistinguishedUser>Default</t:DistinguishedUser>`, level("Reviewer"), []string{"", "", "", noItem, denied, denied, denied, denied, denied, noFolder, denied}},
	} {
		c := newCaller(t, ewstest.Options{})
		box := c.srv.Mailbox(alice)
		f := box.AddFolder(nil, "Shared")
		permitted(t, c, f, tt.user, tt.rights)
		one, two := box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: f}), box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: f})
		as := c.as("bob")
		id := folderIDXML(f)
		change := func(id string) string {
			return updateXML("AlwaysOverwrite", "", id, setField("item:Importance", `<t:Importance>High</t:Importance>`))
		}
		written := as.do(createXML(saveOnly, id, `<t:Message/>`))
		own := itemID(one)
		if ids := attrs(written, "ItemId", "Id"); len(ids) > 0 {
			own = `<t:ItemId Id="` + ids[0] + `"/>`
		}
		answers := map[string]string{
			"open": as.do(getFolderXML(idOnly, id)), "search": as.do(findXML(id, "")), "read": as.do(getItemXML(idOnly, itemID(one))), "write": written,
			"edit": as.do(change(itemID(two))), "edit own": as.do(change(own)), "delete own": as.do(deleteXML("HardDelete", "", own)),
		}
		answers["move"] = as.do(moveXML(folderOf("drafts", ""), itemID(two)))
		answers["delete"] = as.do(deleteXML("SoftDelete", "", itemID(box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: f}))))
		answers["divide"] = as.do(createFolderXML(id, `<t:Folder><t:DisplayName>Below</t:DisplayName></t:Folder>`))
		answers["rename"] = as.do(updateFolderXML(id, setFolder("folder:DisplayName", `<t:DisplayName>Mine</t:DisplayName>`)))
		for i, what := range order {
			want := tt.want[i]
			if want == "" {
				want = "NoError"
			}
			assert.Equal(t, []string{want}, codes(answers[what]), "%s: %s", name, what)
		}
	}
}

// Since Exchange 2013 SP1, contributors can read the items they created, but do nothing
// else with them ([MS-OXWSFOLD], section 2.2.5.3).
func TestContributorReadsHisOwn(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		f := c.srv.Mailbox(alice).AddFolder(nil, "Shared")
		permitted(t, c, f, bobUser, level("Contributor"))
		bob := c.as("bob")
		own := `<t:ItemId Id="` + attrs(bob.do(createXML(saveOnly, folderIDXML(f), `<t:Message><t:Subject>mine</t:Subject></t:Message>`)), "ItemId", "Id")[0] + `"/>`
		read := bob.do(getItemXML(full, own))
		if version < ewstest.Exchange2013SP1 {
			assert.Equal(t, []string{"ErrorItemNotFound"}, codes(read), version)
			continue
		}
		assert.Equal(t, []string{"NoError"}, codes(read), version)
		assert.Equal(t, []string{"mine"}, texts(read, "Subject"))
		assert.Equal(t, []string{"false", "false", "true"}, slices.Concat(texts(read, "Delete"), texts(read, "Modify"), texts(read, "Read")))
		assert.Equal(t, []string{"ErrorItemNotFound"}, codes(c.as("carol").do(getItemXML(full, own))), "others do not")
		assert.Equal(t, []string{"None"}, texts(c.as("alice").do(getFolderXML(shapeOf("", "folder:PermissionSet"), folderIDXML(f))), "ReadItems")[2:])
	}
}

func TestPermissionsShow(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	inbox := box.Folder(ews.FolderInbox)
	shared, secret := box.AddFolder(inbox, "Shared"), box.AddFolder(inbox, "Secret")
	permitted(t, c, inbox, bobUser, level("Reviewer"))
	permitted(t, c, shared, bobUser, level("Author"))
	as := c.as("bob")
	m := box.Deliver([]byte(withAttachment))
	assert.Equal(t, []string{"Shared"}, texts(as.do(findFolderXML("Deep", folderOf("inbox", alice), "")), "DisplayName"), "what is not seen is not listed")
	assert.Equal(t, []string{"ErrorFolderNotFound"}, codes(as.do(getFolderXML(idOnly, folderIDXML(secret)))))
	assert.Equal(t, []string{"ErrorFolderNotFound"}, codes(as.do(getFolderXML(idOnly, folderOf("drafts", alice)))))
	rights := func(answer string) string {
		var all []string
		for _, name := range []string{"CreateAssociated", "CreateContents", "CreateHierarchy", "Delete", "Modify", "Read"} {
			all = append(all, texts(answer, name)...)
		}
		return strings.Join(all, " ")
	}
	assert.Equal(t, "false false false false false true", rights(as.do(getFolderXML(full, folderOf("inbox", alice)))))
	assert.Equal(t, "false false false false false true", rights(as.do(getItemXML(full, itemID(m)))))
	assert.Equal(t, "true true true true true true", rights(c.do(getItemXML(full, itemID(m)))), "FullAccess")
	made := as.do(createXML(saveOnly, folderIDXML(shared), `<t:Message/>`))
	assert.Equal(t, "false true false true true true", rights(as.do(getItemXML(full, `<t:ItemId Id="`+attrs(made, "ItemId", "Id")[0]+`"/>`))), "of what bob has made")
	attachment := attrs(as.do(getItemXML(full, itemID(m))), "AttachmentId", "Id")
	require.NotEmpty(t, attachment)
	get := `<m:GetAttachment><m:AttachmentIds><t:AttachmentId Id="` + attachment[0] + `"/></m:AttachmentIds></m:GetAttachment>`
	assert.Equal(t, []string{"NoError"}, codes(as.do(get)))
	assert.Equal(t, []string{"ErrorItemNotFound"}, codes(c.as("carol").do(get)))
	assert.Equal(t, []string{"NoError"}, codes(c.impersonating(bob).do(getItemXML(idOnly, itemID(m)))), "who is impersonated has the same rights")
	assert.Equal(t, []string{"ErrorNonExistentMailbox"}, codes(c.impersonating("carol@example.test").do(getItemXML(idOnly, itemID(m)))))
	assert.Equal(t, []string{"ErrorSendAsDenied"}, codes(as.do(createXML(`MessageDisposition="SendAndSaveCopy"`, folderIDXML(shared), `<t:Message><t:ToRecipients>`+mailboxXML+`</t:ToRecipients></t:Message>`))))
	assert.Empty(t, c.srv.Notices())
}

// A list in a permission means its members; a user's own permission takes precedence over
// it, and it takes precedence over Default.
func TestPermissionsOfLists(t *testing.T) {
	t.Parallel()
	permission := func(user, level string) string {
		return `<t:Permission><t:UserId>` + user + `</t:UserId><t:PermissionLevel>` + level + `</t:PermissionLevel></t:Permission>`
	}
	list := func(name string) string {
		return `<t:PrimarySmtpAddress>` + name + `@example.test</t:PrimarySmtpAddress>`
	}
	const everybody = `<t:DistinguishedUser>Default</t:DistinguishedUser>`
	for name, tt := range map[string]struct{ permissions, read, write string }{
		"member":         {permission(list("inner"), "Reviewer"), "NoError", "ErrorCreateItemAccessDenied"},
		"member below":   {permission(list("outer"), "Editor"), "NoError", "NoError"},
		"of two":         {permission(list("inner"), "Reviewer") + permission(list("outer"), "Contributor"), "NoError", "NoError"},
		"of another":     {permission(list("others"), "Editor"), "ErrorFolderNotFound", "ErrorSavedItemFolderNotFound"},
		"own first":      {permission(list("inner"), "Editor") + permission(bobUser, "Reviewer"), "NoError", "ErrorCreateItemAccessDenied"},
		"default behind": {permission(everybody, "Editor") + permission(list("inner"), "Reviewer"), "NoError", "ErrorCreateItemAccessDenied"},
	} {
		c := newCaller(t, ewstest.Options{})
		c.srv.AddList("inner@example.test", bob)
		c.srv.AddList("outer@example.test", "inner@example.test")
		c.srv.AddList("others@example.test", "carol@example.test")
		made := c.as("alice").do(createFolderXML(folderOf("inbox", ""), `<t:Folder><t:DisplayName>Shared</t:DisplayName><t:PermissionSet><t:Permissions>`+tt.permissions+`</t:Permissions></t:PermissionSet></t:Folder>`))
		require.Equal(t, []string{"NoError"}, codes(made), name)
		id := `<t:FolderId Id="` + attrs(made, "FolderId", "Id")[0] + `"/>`
		assert.Equal(t, []string{tt.read}, codes(c.as("bob").do(findXML(id, ""))), name)
		assert.Equal(t, []string{tt.write}, codes(c.as("bob").do(createXML(saveOnly, id, `<t:Message/>`))), name)
	}
}

// A new folder has the permissions of its parent, and its creator owns it.
func TestPermissionsAreInherited(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	f := c.srv.Mailbox(alice).AddFolder(nil, "Shared")
	permitted(t, c, f, `<t:DistinguishedUser>Default</t:DistinguishedUser>`, level("PublishingAuthor"))
	made := c.as("bob").do(createFolderXML(folderIDXML(f), `<t:Folder><t:DisplayName>Below</t:DisplayName></t:Folder>`))
	require.Equal(t, []string{"NoError"}, codes(made))
	id := `<t:FolderId Id="` + attrs(made, "FolderId", "Id")[0] + `"/>`
	got := c.as("alice").do(getFolderXML(shapeOf("", "folder:PermissionSet"), id))
	assert.Equal(t, []string{"PublishingAuthor", "None", "Owner"}, texts(got, "PermissionLevel"))
	assert.Equal(t, []string{bob}, texts(got, "PrimarySmtpAddress"))
	rename := updateFolderXML(id, setFolder("folder:DisplayName", `<t:DisplayName>Mine</t:DisplayName>`))
	assert.Equal(t, []string{"ErrorAccessDenied"}, codes(c.as("carol").do(rename)))
	assert.Equal(t, []string{"NoError"}, codes(c.as("bob").do(rename)))
}

// Emptying a folder requires the right to delete in it and, if its subfolders are
// included, owning those.
func TestPermissionsToEmpty(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ level, below, with, without string }{
		{"Author", "Owner", "ErrorAccessDenied", "ErrorAccessDenied"}, {"Editor", "Editor", "ErrorAccessDenied", "NoError"}, {"Editor", "Owner", "NoError", "NoError"},
	} {
		c := newCaller(t, ewstest.Options{})
		box := c.srv.Mailbox(alice)
		f := box.AddFolder(nil, "Shared")
		below := box.AddFolder(f, "Below")
		permitted(t, c, f, bobUser, level(tt.level))
		permitted(t, c, below, bobUser, level(tt.below))
		box.DeliverWith([]byte(plain), ewstest.Delivery{Folder: f})
		empty := func(subs string) []string {
			return codes(c.as("bob").do(`<m:EmptyFolder DeleteType="SoftDelete" DeleteSubFolders="` + subs + `"><m:FolderIds>` + folderIDXML(f) + `</m:FolderIds></m:EmptyFolder>`))
		}
		assert.Equal(t, []string{tt.with}, empty("true"), tt)
		assert.Equal(t, tt.with == "NoError", f.Count() == 0, tt)
		assert.Equal(t, []string{tt.without}, empty("false"), tt)
	}
}

// A folder inherits only what a folder of its kind can have: free/busy rights apply to
// calendars only, and permit nothing in a mail folder.
func TestPermissionsAreInheritedByOtherKinds(t *testing.T) {
	t.Parallel()
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema)
		calendar := `<t:PermissionSet><t:CalendarPermissions>` +
			`<t:CalendarPermission><t:UserId><t:DistinguishedUser>Default</t:DistinguishedUser></t:UserId><t:CalendarPermissionLevel>FreeBusyTimeAndSubjectAndLocation</t:CalendarPermissionLevel></t:CalendarPermission>` +
			`<t:CalendarPermission><t:UserId>` + bobUser + `</t:UserId><t:CanCreateItems>true</t:CanCreateItems><t:IsFolderVisible>true</t:IsFolderVisible><t:ReadItems>TimeOnly</t:ReadItems><t:CalendarPermissionLevel>Custom</t:CalendarPermissionLevel></t:CalendarPermission>` +
			`</t:CalendarPermissions></t:PermissionSet>`
		made := func(parent, folder string) string {
			answer := c.as("alice").do(createFolderXML(parent, folder))
			require.Equal(t, []string{"NoError"}, codes(answer), version)
			return `<t:FolderId Id="` + attrs(answer, "FolderId", "Id")[0] + `"/>`
		}
		permissions := func(id string) string {
			return c.as("alice").do(getFolderXML(shapeOf("", "folder:PermissionSet"), id))
		}
		top := made(folderOf("calendar", ""), `<t:CalendarFolder><t:DisplayName>Team</t:DisplayName>`+calendar+`</t:CalendarFolder>`)
		mail := made(top, `<t:Folder><t:DisplayName>Mail</t:DisplayName></t:Folder>`)
		below := made(mail, `<t:CalendarFolder><t:DisplayName>Below</t:DisplayName></t:CalendarFolder>`)
		got := permissions(mail)
		assert.Equal(t, []string{"None", "None", "Custom"}, texts(got, "PermissionLevel"), version)
		assert.Equal(t, []string{"None", "None", "None"}, texts(got, "ReadItems"), version)
		assert.Empty(t, texts(got, "CalendarPermissionLevel"))
		got = permissions(below)
		assert.Equal(t, []string{"None", "None", "Custom"}, texts(got, "CalendarPermissionLevel"), "what is lost above is not found again")
		got = permissions(made(top, `<t:Folder><t:FolderClass>IPF.Appointment.X</t:FolderClass><t:DisplayName>Class</t:DisplayName></t:Folder>`))
		assert.Equal(t, []string{"FreeBusyTimeAndSubjectAndLocation", "None", "Custom"}, texts(got, "CalendarPermissionLevel"))
		assert.Equal(t, []string{"TimeAndSubjectAndLocation", "None", "TimeOnly"}, texts(got, "ReadItems"))

		b := c.as("bob")
		for _, id := range []string{top, mail, below} {
			assert.Equal(t, []string{"ErrorAccessDenied"}, codes(b.do(findXML(id, ""))), "times are not details")
			assert.Equal(t, []string{"NoError"}, codes(b.do(getFolderXML(full, id))))
		}
		assert.Equal(t, []string{"NoError"}, codes(b.do(createXML(saveOnly, mail, `<t:Message/>`))))
		assert.Equal(t, []string{"ErrorFolderNotFound"}, codes(c.as("carol").do(getFolderXML(full, mail))), "Default sees free/busy times, and not the folder")
	}
}

// A folder has at most as many permissions as a server lists, and inheriting them costs
// nothing.
func TestPermissionsAreBounded(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).as("alice")
	set := func(n int) string {
		var all strings.Builder
		for i := range n {
			fmt.Fprintf(&all, `<t:Permission><t:UserId><t:PrimarySmtpAddress>user%d@example.test</t:PrimarySmtpAddress></t:UserId>%s</t:Permission>`, i, level("Reviewer"))
		}
		return createFolderXML(folderOf("inbox", ""), fmt.Sprintf(`<t:Folder><t:DisplayName>%d</t:DisplayName><t:PermissionSet><t:Permissions>%s</t:Permissions></t:PermissionSet></t:Folder>`, n, all.String()))
	}
	assert.Equal(t, []string{"NoError"}, codes(c.do(set(1000))))
	assert.Equal(t, []string{"ErrorInvalidPermissionSettings"}, codes(c.do(set(1001))))
}

// A search folder shows other users only the items that they may read in the folder that
// holds them.
func TestPermissionsInASearchFolder(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{})
	box := c.srv.Mailbox(alice)
	shared := box.AddFolder(nil, "Shared")
	permitted(t, c, shared, bobUser, level("Reviewer"))
	box.Deliver([]byte(plain))
	box.DeliverWith([]byte(receiptAsked), ewstest.Delivery{Folder: shared})
	made := c.as("alice").do(searchFolderXML(folderOf("searchfolders", ""), searchXML(` Traversal="Deep"`, "", folderOf("msgfolderroot", ""))))
	require.Equal(t, []string{"NoError"}, codes(made), made)
	id := `<t:FolderId Id="` + attrs(made, "FolderId", "Id")[0] + `"/>`
	set := setFolder("folder:PermissionSet", `<t:PermissionSet><t:Permissions><t:Permission><t:UserId>`+bobUser+`</t:UserId>`+level("Reviewer")+`</t:Permission></t:Permissions></t:PermissionSet>`)
	require.Equal(t, []string{"NoError"}, codes(c.as("alice").do(updateFolderXML(id, strings.ReplaceAll(set, "t:Folder>", "t:SearchFolder>")))))
	assert.Len(t, texts(c.as("alice").do(findXML(id, "")), "Subject"), 2)
	assert.Equal(t, []string{"Read me"}, texts(c.as("bob").do(findXML(id, "")), "Subject"))
}
