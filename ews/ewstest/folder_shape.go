package ewstest

import (
	"github.com/ewsquarantine/ewsquarantine/internal/ewsschema"
	"github.com/ewsquarantine/ewsquarantine/internal/mailstore"
)

// folderShape is the set of folder properties that a request asks for.
type folderShape struct {
	base     baseShape // the smallest one wanted
	named    map[string]bool
	extended []wanted
	schema   ewsschema.Version
}

func (c *call) folderShape(n *ewsschema.Node) (*folderShape, *refusal) {
	s := &folderShape{named: make(map[string]bool), schema: c.schema()}
	c.out.millis, c.out.rightsIn = c.precise(), c.rightsIn
	switch n.Value("BaseShape") {
	case "AllProperties":
		s.base = inAll
	case "Default":
		s.base = inDefault
	case "PcxPeopleSearch":
		return nil, lacks.refusal(c.opts.Version, "BaseShape PcxPeopleSearch", true)
	default:
		s.base = inDefault + 1
	}
	for _, p := range n.Child("AdditionalProperties").Kids() {
		switch p.Local {
		case "FieldURI":
			if uri := p.Get("FieldURI"); prefix(uri) != "folder" {
				return nil, invalidRequest(uri)
			}
			s.named[p.Get("FieldURI")] = true
		case "IndexedFieldURI":
			return nil, refuse("ErrorInvalidPropertyRequest")
		case "ExtendedFieldURI":
			f, refused := extendedField(p)
			if refused != nil {
				return nil, refused
			}
			s.extended = append(s.extended, wanted{f, keyOf(f)})
		}
	}
	s.extended = distinct(s.extended)
	return s, nil
}

// lackedByFolders are the properties that folders of a kind have on real servers but not
// here.
var lackedByFolders = map[string]string{
	"SearchFolder": "folder:SearchParameters", "CalendarFolder": "folder:SharingEffectiveRights", "ContactsFolder": "folder:SharingEffectiveRights",
}

// lacks refuses a property that is asked for by name and that the folder has on real
// servers, but ewstest lacks.
func (s *folderShape) lacks(f *mailstore.Folder) *refusal {
	if uri := lackedByFolders[folderKind(f)]; uri != "" && s.named[uri] && f.Criteria == nil {
		return refuseText("ErrorInvalidOperation", "ewstest does not have "+uri+".")
	}
	return nil
}

func (s *folderShape) wants(uri string, base baseShape) bool {
	return base >= s.base || s.named[uri]
}

// folderKind returns the element that EWS uses for a folder.
func folderKind(f *mailstore.Folder) string {
	if f.Search != nil {
		return "SearchFolder"
	}
	return folderKindOf(f.Class)
}

// writeFolder writes a folder, in schema order.
func (e *encoder) writeFolder(f *mailstore.Folder, s *folderShape) {
	kind := folderKind(f)
	e.Open("t:" + kind)
	e.folderID("t:FolderId", f)
	if s.wants("folder:ParentFolderId", inAll) && f.Parent != nil {
		e.folderID("t:ParentFolderId", f.Parent)
	}
	if s.wants("folder:FolderClass", inAll) && f.Class != "" {
		e.Leaf("t:FolderClass", f.Class)
	}
	if s.wants("folder:DisplayName", inDefault) {
		e.Leaf("t:DisplayName", f.Name)
	}
	if s.wants("folder:TotalCount", inDefault) {
		e.Int("t:TotalCount", int64(f.Count()))
	}
	if s.wants("folder:ChildFolderCount", inDefault) {
		e.Int("t:ChildFolderCount", int64(len(f.Children)))
	}
	e.writeExtended(s.extended, false, f.Property)
	if s.wants("folder:EffectiveRights", inAll) {
		e.rights(f, false)
	}
	if s.schema >= ewsschema.Exchange2013 && s.wants("folder:DistinguishedFolderId", inAll) && f.Distinguished != "" {
		e.Leaf("t:DistinguishedFolderId", string(f.Distinguished))
	}
	if s.named["folder:PermissionSet"] {
		e.permissionSet(f, kind)
	}
	if s.wants("folder:UnreadCount", inDefault) && kind != "CalendarFolder" && kind != "ContactsFolder" {
		e.Int("t:UnreadCount", int64(f.Unread()))
	}
	if criteria, ok := f.Criteria.(*search); ok && s.wants("folder:SearchParameters", inAll) {
		e.searchParameters(criteria)
	}
	e.Close()
}
