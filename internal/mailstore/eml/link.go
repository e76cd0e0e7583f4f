package eml

import (
	"slices"
	"strconv"
	"strings"
)

// external is the media type of an attachment that is a link to a file elsewhere (RFC
// 2046, section 5.2.3). Its body is a header with all that is known about the file.
const external = "message/external-body"

// linkPrefix begins the names of the header fields that describe the link.
const linkPrefix = "X-Reference-"

// linkFields are the names of the fields of a link, in the order of EWS. The address of the
// file comes first.
var linkFields = []string{
	"AttachLongPathName", "ProviderType", "ProviderEndpointUrl", "AttachmentThumbnailUrl", "AttachmentPreviewUrl",
	"PermissionType", "OriginalPermissionType", "AttachmentIsFolder",
}

// IsLinkField reports whether a name is that of a field of a link.
func IsLinkField(name string) bool { return slices.Contains(linkFields, name) }

// link returns the body of the part for a link.
func (f File) link() string {
	var b strings.Builder
	if f.ContentType != "" {
		b.WriteString("Content-Type: " + encodeText(f.ContentType) + "\r\n")
	}
	for _, l := range f.Link {
		b.WriteString(linkPrefix + l.Name + ": " + encodeText(l.Value) + "\r\n")
	}
	return b.String() + "\r\n"
}

// links makes the attachment a link if the part was written here as one.
func (a *Attachment) links(p *part) {
	if p.kind != external {
		return
	}
	head := Parse(p.body)
	for _, name := range linkFields {
		if v := head.Header(linkPrefix + name); v != "" && sensible(name, v) {
			a.Link = append(a.Link, Field{Name: name, Value: v})
		}
	}
	if len(a.Link) > 0 {
		a.ContentType = head.Header("Content-Type")
	}
}

// sensible reports whether a field of a link has a value of the right form. Mail from
// elsewhere may have any value.
func sensible(name, value string) bool {
	switch name {
	case "PermissionType", "OriginalPermissionType":
		_, err := strconv.ParseInt(value, 10, 32)
		return err == nil
	case "AttachmentIsFolder":
		return value == "true" || value == "false"
	}
	return true
}
