package mailstore

import (
	"encoding/base64"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// Types of folders, PidTagFolderType.
const (
	typeRoot    = 0
	typeGeneric = 1
	typeSearch  = 2
)

// Property returns a property of the folder by its normalised name, whether
// stored or computed.
func (f *Folder) Property(key ews.ExtendedField) (ews.ExtendedProperty, bool) {
	if v, ok := f.Properties[key]; ok {
		return v, true
	}
	b := builder{}
	switch key {
	case TagFolderType:
		b.int(key, f.kind())
	case TagDisplayName:
		b.text(key, f.Name)
	case TagContainerClass:
		b.some(key, f.Class)
	case TagContentCount:
		b.int(key, int64(f.Count()))
	case TagUnreadCount:
		b.int(key, int64(f.Unread()))
	case TagSubfolders:
		b.bool(key, len(f.Children) > 0)
	case TagHidden:
		b.bool(key, f.Hidden)
	case TagPath:
		// The store separates the names by a character that XML cannot contain.
		b.text(key, strings.ReplaceAll(f.Path(), "/", "\uFFFE"))
	case TagEntryID:
		b.text(key, base64.StdEncoding.EncodeToString(f.ID().Bytes()))
	}
	v, ok := b[key]
	return v, ok
}

func (f *Folder) kind() int64 {
	switch {
	case f.Search != nil:
		return typeSearch
	case f.Parent == nil:
		return typeRoot
	}
	return typeGeneric
}
