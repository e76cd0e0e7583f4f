package ewstest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
)

// folderKinds are the elements of folders, each with its type.
var folderKinds = [][2]string{
	{"Folder", "FolderType"}, {"CalendarFolder", "CalendarFolderType"}, {"ContactsFolder", "ContactsFolderType"},
	{"TasksFolder", "TasksFolderType"}, {"SearchFolder", "SearchFolderType"},
}

// folderShapeOf asks for a property in addition to everything in the base shapes.
func folderShapeOf(uri string) string { return strings.Replace(shapeOf("", uri), idOnly, full, 1) }

func TestNothingOfFoldersIsDropped(t *testing.T) {
	loud(t, func(t *testing.T, c *caller, v ewsschema.Version) {
		created, updated := 0, 0
		for _, kind := range folderKinds {
			parent := c.srv.Mailbox(alice).AddFolder(nil, kind[0])
			for i, s := range ewsschema.Samples(kind[1], v) {
				tag := func(content string) string { return "<t:" + kind[0] + ">" + content + "</t:" + kind[0] + ">" }
				name := "<t:DisplayName>" + strings.Repeat("n", i+1) + "</t:DisplayName>"
				folder := name + s.XML
				switch slices.Index(foldersBefore, s.Name) {
				case -1:
				case len(foldersBefore) - 1:
					folder = s.XML // the name itself is under test
				default:
					folder = s.XML + name
				}
				made := c.do(createFolderXML(folderIDXML(parent), tag(folder)))
				if !succeeded(made) {
					if made = c.do(createFolderXML(folderIDXML(parent), tag(name))); !succeeded(made) {
						continue
					}
				} else if lost := missing(c.do(getFolderXML(folderShapeOf("folder:PermissionSet"), folderIDIn(t, made))), s.Name, s.XML); assert.Empty(t, lost, s.XML) {
					created++
				}
				for _, uri := range urisOf(v, "folder") {
					if nameOf(uri) != s.Name {
						continue
					}
					id := folderIDIn(t, made)
					for _, verb := range []string{"SetFolderField", "AppendToFolderField"} {
						change := `<t:` + verb + `><t:FieldURI FieldURI="` + uri + `"/>` + tag(s.XML) + `</t:` + verb + `>`
						if !succeeded(c.do(updateFolderXML(id, change))) {
							continue
						}
						if lost := missing(c.do(getFolderXML(folderShapeOf("folder:PermissionSet"), id)), s.Name, s.XML); assert.Empty(t, lost, s.XML) {
							updated++
						}
					}
				}
			}
		}
		assert.Greater(t, created, 8)
		assert.Greater(t, updated, 8)
	})
}

// foldersBefore are the elements that come before the name of a folder, and the name
// itself.
var foldersBefore = []string{"FolderId", "ParentFolderId", "FolderClass", "DisplayName"}

func folderIDIn(t *testing.T, answer string) string {
	t.Helper()
	ids := attrs(answer, "FolderId", "Id")
	require.Len(t, ids, 1, answer)
	return `<t:FolderId Id="` + ids[0] + `"/>`
}

// absentFromFolders are properties for which no folder of these tests has a value: the
// folders are neither managed nor public, and have no retention policy.
var absentFromFolders = []string{"folder:ManagedFolderInformation", "folder:PolicyTag", "folder:ArchiveTag", "folder:ReplicaList"}

func TestNothingAskedOfFoldersIsLeftOut(t *testing.T) {
	loud(t, func(t *testing.T, c *caller, v ewsschema.Version) {
		box := c.srv.Mailbox(alice)
		ids := map[string]string{"SearchFolder": folderIDXML(box.AddSearchFolder("AllItems"))}
		for kind, name := range map[string]string{"Folder": "inbox", "CalendarFolder": "calendar", "ContactsFolder": "contacts", "TasksFolder": "tasks"} {
			ids[kind] = folderOf(name, alice)
		}
		elements := make(map[string]map[string]bool)
		for _, kind := range folderKinds {
			elements[kind[0]] = make(map[string]bool)
			for _, s := range ewsschema.Samples(kind[1], v) {
				elements[kind[0]][s.Name] = true
			}
		}
		returned := 0
		for _, uri := range ewsschema.Values("UnindexedFieldURIType", v) {
			name := nameOf(uri)
			for _, kind := range folderKinds {
				got := c.do(getFolderXML(shapeOf("", uri), ids[kind[0]]))
				switch {
				case !succeeded(got):
				case !strings.HasPrefix(uri, "folder:"):
					t.Errorf("GetFolder takes %s", uri)
				case slices.Contains(absentFromFolders, uri), name == "DistinguishedFolderId" && kind[0] == "SearchFolder",
					!elements[kind[0]][name]:
				case elementIn(got, name) == "":
					t.Errorf("GetFolder leaves out %s of a %s", uri, kind[0])
				default:
					returned++
				}
			}
			found := c.do(`<m:FindFolder Traversal="Deep"><m:FolderShape>` + shapeOf("", uri) + `</m:FolderShape><m:ParentFolderIds>` + folderOf("msgfolderroot", alice) + `</m:ParentFolderIds></m:FindFolder>`)
			switch {
			case !succeeded(found), slices.Contains(absentFromFolders, uri):
			case !strings.HasPrefix(uri, "folder:"):
				t.Errorf("FindFolder takes %s", uri)
			case elementIn(found, name) == "":
				t.Errorf("FindFolder leaves out %s", uri)
			}
		}
		assert.Greater(t, returned, 30)
	})
}
