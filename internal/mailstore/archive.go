package mailstore

import "github.com/ewsquarantine/ewsquarantine/ews"

// InArchive returns the folder at the same path in the online archive, and creates it if
// it does not exist. It returns nil if there is no archive, or if f is not below the top
// of the information store.
func (f *Folder) InArchive() *Folder {
	m := f.Mailbox
	to := m.named[ews.FolderArchiveMsgFolderRoot]
	top := m.named[ews.FolderMsgFolderRoot]
	if to == nil || !f.Below(top) {
		return nil
	}
	var path []*Folder
	for g := f; g != top; g = g.Parent {
		path = append([]*Folder{g}, path...)
	}
	for _, g := range path {
		child := to.Child(g.Name)
		if child == nil {
			child = to.Add(g.Name, g.Class)
		}
		to = child
	}
	return to
}
