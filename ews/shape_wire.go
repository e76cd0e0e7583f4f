package ews

import (
	"cmp"

	"github.com/ewsquarantine/ewsquarantine/internal/xmlwire"
)

func (s ItemShape) check(field string) error {
	return checkShape(field, s.Base, s.Properties)
}

func (s FolderShape) check(field string) error {
	return checkShape(field, s.Base, s.Properties)
}

func checkShape(field string, base BaseShape, properties []PropertyPath) error {
	switch base {
	case "", ShapeIDOnly, ShapeDefault, ShapeAllProperties:
	default:
		return wrong(field+".Base", "is %q: use IdOnly, Default or AllProperties", base)
	}
	return checkPaths(field+".Properties", properties)
}

func (s ItemShape) encode(e *xmlwire.Encoder, v Version) {
	e.Open("m:ItemShape")
	encodeShape(e, v, s.Base, s.Properties)
	e.Close()
}

func (s FolderShape) encode(e *xmlwire.Encoder, v Version) {
	e.Open("m:FolderShape")
	encodeShape(e, v, s.Base, s.Properties)
	e.Close()
}

// encodeShape omits properties that version v does not know: one name that is
// not in the server's schema fails the whole request.
func encodeShape(e *xmlwire.Encoder, v Version, base BaseShape, properties []PropertyPath) {
	e.Leaf("t:BaseShape", string(cmp.Or(base, ShapeIDOnly)))
	open := false
	for _, p := range properties {
		if uri, ok := p.(FieldURI); ok && v < uri.since() {
			continue
		}
		if !open {
			e.Open("t:AdditionalProperties")
			open = true
		}
		encodePath(e, p)
	}
	if open {
		e.Close()
	}
}

// since returns the first version that supports the property, or 0 for a property of
// Exchange 2007.
func (f FieldURI) since() Version {
	switch f {
	case "item:StoreEntryId":
		return Exchange2010SP2
	case FieldFlag, "folder:DistinguishedFolderId", "item:InstanceKey", "item:Preview", "item:NormalizedBody",
		"item:PolicyTag", "item:ArchiveTag", "item:RetentionDate", "folder:PolicyTag", "folder:ArchiveTag",
		"item:RightsManagementLicenseData":
		return Exchange2013
	}
	return 0
}
