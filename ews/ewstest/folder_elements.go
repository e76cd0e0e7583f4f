package ewstest

import (
	"strings"

	"github.com/ewsquarantine/ewsquarantine/ews"
)

// folderElements are the rules for the folder elements that a client sends, as
// itemElements are for items. A property that is not listed here cannot be written:
// ErrorInvalidOperation. Source: [MS-OXWSFOLD].
var folderElements = map[string]writes{
	"FolderId":                 never,
	"ParentFolderId":           never,
	"FolderClass":              lasting,
	"DisplayName":              lasting,
	"TotalCount":               never,
	"ChildFolderCount":         never,
	"ExtendedProperty":         always,
	"ManagedFolderInformation": never,
	"EffectiveRights":          never,
	"DistinguishedFolderId":    unkept,
	"PolicyTag":                unkept,
	"ArchiveTag":               unkept,
	"ReplicaList":              never,
	"SharingEffectiveRights":   never,
	"PermissionSet":            always,
	"UnreadCount":              never,
	"SearchParameters":         lasting,
	"SourceId":                 unkept,
	"AccountName":              unkept,
}

// folderClasses maps the element as which a folder is created to its class.
var folderClasses = map[string]string{
	"Folder": "IPF.Note", "CalendarFolder": "IPF.Appointment", "ContactsFolder": "IPF.Contact", "TasksFolder": "IPF.Task",
	"SearchFolder": "IPF.Note",
}

// folderKindOf returns the element that EWS uses for folders of a class.
func folderKindOf(class string) string {
	for _, kind := range []string{"CalendarFolder", "ContactsFolder", "TasksFolder"} {
		c := folderClasses[kind]
		if len(class) >= len(c) && strings.EqualFold(class[:len(c)], c) && (len(class) == len(c) || class[len(c)] == '.') {
			return kind
		}
	}
	return "Folder"
}

// asTarget gives the refusal of a target folder that was not found its own code.
func asTarget(missing *refusal, code ews.ResponseCode) *refusal {
	if missing != nil && (missing.code == "ErrorFolderNotFound" || missing.code == "ErrorItemNotFound") {
		return refuse(code)
	}
	return missing
}
