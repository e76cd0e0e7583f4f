package ewstest

import (
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

func createFolder(c *call) *refusal {
	parent, missing := c.folder(c.op.Child("ParentFolderId").First())
	if missing != nil && missing.code == "ErrorFolderNotFound" {
		missing = refuse("ErrorParentFolderNotFound")
	}
	c.batch(c.op.Child("Folders").Kids(), func(n *ewsschema.Node) (func(), *refusal) {
		if missing != nil {
			return nil, missing
		}
		f, refused := c.newFolder(parent, n)
		if refused != nil {
			return nil, refused
		}
		return func() { c.out.writeFolders(f) }, nil
	})
	return nil
}

// folderClasses maps the element that a folder is created as to its class.
var folderClasses = map[string]string{
	"Folder": "IPF.Note", "CalendarFolder": "IPF.Appointment", "ContactsFolder": "IPF.Contact", "TasksFolder": "IPF.Task",
}

func (c *call) newFolder(parent *mailstore.Folder, n *ewsschema.Node) (*mailstore.Folder, *refusal) {
	name := n.Value("DisplayName")
	class, ok := folderClasses[n.Local]
	switch {
	case !ok:
		return nil, refuseText("ErrorInvalidOperation", "ewstest cannot create a "+n.Local+".")
	case strings.TrimSpace(name) == "":
		return nil, refuseText("ErrorFolderSavePropertyError", "A folder needs a name.")
	case parent.Recoverable(), parent.Search != nil:
		return nil, refuseText("ErrorCreateSubfolderAccessDenied", "Access is denied. The folder was not created.")
	case parent.Child(name) != nil:
		return nil, refuse("ErrorFolderExists")
	}
	var extended []ews.ExtendedProperty
	for _, k := range n.All("ExtendedProperty") {
		p, refused := extendedProperty(k)
		if refused != nil {
			return nil, refused
		}
		extended = append(extended, p)
	}
	if given := n.Value("FolderClass"); given != "" {
		class = given
	}
	f := parent.Add(name, class)
	f.Properties = f.Properties.With(extended)
	c.acted = true
	return f, nil
}
