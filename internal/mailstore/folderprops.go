package mailstore

import (
	"encoding/base64"
	"math"
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
	case TagSize:
		b.int(key, min(f.Size(), math.MaxInt32))
	case TagSizeExtended:
		b.int(key, f.Size())
	case TagAssociatedCount:
		b.int(key, int64(f.associated))
	case TagParentEntryID:
		if f.Parent == nil {
			return ews.ExtendedProperty{Field: key}, false
		}
		b.text(key, base64.StdEncoding.EncodeToString(f.Parent.ID().Bytes()))
	case TagFolderChildCount:
		b.int(key, int64(len(f.Children)))
	case TagHidden:
		b.bool(key, f.Hidden)
	case TagPath:
		// The store separates the names with a character that XML cannot contain.
		b.text(key, strings.ReplaceAll(f.Path(), "/", "\uFFFE"))
	case TagEntryID:
		b.text(key, base64.StdEncoding.EncodeToString(f.ID().Bytes()))
	}
	v, ok := b[key]
	return v, ok
}

// FolderComputed reports whether a property of a folder cannot be set, because it is
// computed.
func FolderComputed(key ews.ExtendedField) bool {
	switch key {
	case TagFolderType, TagContentCount, TagUnreadCount, TagSubfolders, TagSize, TagSizeExtended, TagAssociatedCount,
		TagFolderChildCount, TagEntryID, TagParentEntryID, TagPath:
		return true
	}
	return false
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
