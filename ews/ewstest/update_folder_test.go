package ewstest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/ews/ewstest"
)

// setFolderAs sets a property in the element of a kind of folder.
func setFolderAs(kind, uri, value string) string {
	return `<t:SetFolderField><t:FieldURI FieldURI="` + uri + `"/><t:` + kind + `>` + value + `</t:` + kind + `></t:SetFolderField>`
}

const subjectSearch = `<t:SearchParameters><t:Restriction><t:Exists><t:FieldURI FieldURI="item:Subject"/></t:Exists></t:Restriction>` +
	`<t:BaseFolderIds><t:DistinguishedFolderId Id="inbox"/></t:BaseFolderIds></t:SearchParameters>`

func TestWhatAllFoldersHaveIsSetInTheElementOfAnyKind(t *testing.T) {
	t.Parallel()
	kinds := []string{"Folder", "CalendarFolder", "ContactsFolder", "SearchFolder", "TasksFolder"}
	for version, schema := range schemaOf {
		c := newCaller(t, ewstest.Options{Version: version}).in(schema).as("alice")
		for _, kind := range kinds {
			search := ""
			if kind == "SearchFolder" {
				search = subjectSearch
			}
			made := c.do(createFolderXML(`<t:DistinguishedFolderId Id="inbox"/>`, `<t:`+kind+`><t:DisplayName>`+kind+`</t:DisplayName>`+search+`</t:`+kind+`>`))
			require.Equal(t, []string{"NoError"}, codes(made), "%s on %s", kind, version)
			id := `<t:FolderId Id="` + attrs(made, "FolderId", "Id")[0] + `"/>`
			for _, as := range kinds {
				name := kind + " as " + as
				done := c.do(updateFolderXML(id, setFolderAs(as, "folder:DisplayName", `<t:DisplayName>`+name+`</t:DisplayName>`)))
				assert.Equal(t, []string{"NoError"}, codes(done), "%s on %s", name, version)
				assert.Len(t, attrs(done, "FolderId", "Id"), 1)
				got := c.do(getFolderXML(full, id))
				assert.Equal(t, []string{name}, texts(got, "DisplayName"), version)
				assert.Contains(t, got, "<t:"+kind+">", "it stays what it is")
			}
		}
	}
}

func TestWhatOneKindOfFolderHasIsSetInItsElement(t *testing.T) {
	t.Parallel()
	c := newCaller(t, ewstest.Options{}).as("alice")
	for _, change := range []string{
		setFolderAs("SearchFolder", "folder:SearchParameters", subjectSearch),
		setFolderAs("CalendarFolder", "folder:PermissionSet", `<t:PermissionSet><t:CalendarPermissions/></t:PermissionSet>`),
	} {
		assert.Equal(t, []string{"ErrorObjectTypeChanged"}, codes(c.do(updateFolderXML(`<t:DistinguishedFolderId Id="inbox"/>`, change))), change)
	}
	assert.Equal(t, []string{"NoError"}, codes(c.do(updateFolderXML(`<t:DistinguishedFolderId Id="calendar"/>`,
		setFolderAs("CalendarFolder", "folder:PermissionSet", `<t:PermissionSet><t:CalendarPermissions/></t:PermissionSet>`)))))
	assert.Equal(t, []string{"NoError"}, codes(c.do(updateFolderXML(`<t:DistinguishedFolderId Id="tasks"/>`,
		setFolderAs("Folder", "folder:PermissionSet", `<t:PermissionSet><t:Permissions/></t:PermissionSet>`)))))
}
