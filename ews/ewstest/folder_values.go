package ewstest

import (
	"strings"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/ews"
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// folderUpdate collects the changes to one folder, or the content of a new one.
type folderUpdate struct {
	server      *Server
	call        *call
	box         *mailstore.Mailbox
	kind        string // element
	name, class string
	properties  mailstore.Properties
	permissions []mailstore.Permission
	search      *search // nil: unchanged
}

// put sets the value of an element.
func (u *folderUpdate) put(v *ewsschema.Node) *refusal {
	switch v.Local {
	case "DisplayName":
		u.name = v.Text
	case "FolderClass":
		u.class = v.Text
	case "ExtendedProperty":
		p, refused := extendedProperty(v)
		if refused == nil && mailstore.FolderComputed(keyOf(p.Field)) {
			refused = refuseText("ErrorInvalidPropertySet", "The property is read-only.")
		}
		if refused != nil {
			return refused
		}
		u.properties = u.properties.With([]ews.ExtendedProperty{p})
	case "SearchParameters":
		s, refused := u.call.search(v, u.box)
		if refused != nil {
			return refused
		}
		u.search = s
	case "PermissionSet":
		all, refused := u.server.permissions(v)
		if refused != nil {
			return refused
		}
		u.permissions = all
	}
	return nil
}

// add makes one change of UpdateFolder.
func (u *folderUpdate) add(change *ewsschema.Node) *refusal {
	path := change.First()
	name := nameOf(path.Get("FieldURI"))
	if path.Local == "ExtendedFieldURI" {
		name = "ExtendedProperty"
	} else if prefix(path.Get("FieldURI")) != "folder" {
		return invalidRequest(path.Get("FieldURI"))
	}
	rules := folderElements[name]
	if change.Local == "DeleteFolderField" {
		return u.erase(path, name, rules.erase)
	}
	if refused := rules.update.refusal(u.server.opts.Version, name, true); refused != nil {
		return refused
	}
	if len(change.Kids()) != 2 || len(change.Kids()[1].Kids()) != 1 {
		return refuse("ErrorIncorrectUpdatePropertyCount")
	}
	element := change.Kids()[1]
	v := element.First()
	switch {
	case !sharedBy(name, element.Local, u.kind):
		return refuse("ErrorObjectTypeChanged")
	case v.Local != name:
		return refuse("ErrorUpdatePropertyMismatch")
	case name == "FolderClass" && folderKindOf(v.Text) != folderKindOf(u.class):
		return refuse("ErrorObjectTypeChanged")
	case change.Local == "AppendToFolderField":
		return refuseText("ErrorInvalidPropertyAppend", "Append action is invalid for property "+name+".")
	case name == "ExtendedProperty":
		field, refused := extendedField(path)
		if refused != nil {
			return refused
		}
		if p, refused := extendedProperty(v); refused == nil && keyOf(p.Field) != keyOf(field) {
			return refuse("ErrorUpdatePropertyMismatch")
		}
	}
	return u.put(v)
}

// sharedBy reports whether a property means the same in the elements of two kinds of
// folders, so that the element of one can set the property of the other.
func sharedBy(name, kind, other string) bool {
	switch {
	case kind == other:
		return true
	case name == "SearchParameters":
		return false
	case name == "PermissionSet":
		return kind != "CalendarFolder" && other != "CalendarFolder"
	}
	return true
}

// erase makes a change of UpdateFolder that deletes a property.
func (u *folderUpdate) erase(path *ewsschema.Node, name string, r rule) *refusal {
	if refused := r.refusal(u.server.opts.Version, name, true); refused != nil {
		if refused.code == "ErrorInvalidPropertySet" {
			return refuseText("ErrorInvalidPropertyDelete", "Delete action is invalid for property "+name+".")
		}
		return refused
	}
	if name == "PermissionSet" {
		u.permissions = nil
		return nil
	}
	field, refused := extendedField(path)
	if refused != nil {
		return refused
	}
	u.properties = u.properties.With(nil, field)
	return nil
}

// seek makes the folder show what the search finds, if the change includes a search.
func (u *folderUpdate) seek(f *mailstore.Folder) {
	if u.search != nil {
		f.Search, f.Criteria = u.search.shows, u.search
	}
}

// maxFolderName is the maximum number of characters in the name of a folder.
const maxFolderName = 255

// named refuses a folder without a name, or with one that is too long.
func (u *folderUpdate) named() *refusal {
	switch {
	case strings.TrimSpace(u.name) == "":
		return refuseText("ErrorFolderSavePropertyError", "A folder needs a name.")
	case utf8.RuneCountInString(u.name) > maxFolderName:
		return refuseText("ErrorFolderSavePropertyError", "The name of a folder has at most 255 characters.")
	}
	return nil
}
