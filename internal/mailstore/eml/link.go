package eml

import (
	"slices"
	"strconv"
	"strings"
)

// external is the type of an attachment that is a link to a file elsewhere, RFC 2046,
// section 5.2.3. Its body is a header, which has all that is known of the file.
const external = "message/external-body"

// linkPrefix begins the names of the header fields that are about the link.
const linkPrefix = "X-Reference-"

// linkFields are the names of what is known of a link, in the order of EWS, the address
// of the file first.
var linkFields = []string{
	"AttachLongPathName", "ProviderType", "ProviderEndpointUrl", "AttachmentThumbnailUrl", "AttachmentPreviewUrl",
	"PermissionType", "OriginalPermissionType", "AttachmentIsFolder",
}

// IsLinkField reports whether a name is one of what is known of a link.
func IsLinkField(name string) bool { return slices.Contains(linkFields, name) }

// link returns the body of the part of a link.
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

// links makes the attachment a link if the part is one that was written here.
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

// sensible reports whether a value of a link has the form of its name: mail from elsewhere
// may have any.
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
