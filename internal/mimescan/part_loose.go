package mimescan

import (
	"bytes"
	"slices"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/mimeparam"
)

// loosePart is a body as Scan reads it.
type loosePart struct {
	part
	aliases  []string // other names
	guessed  bool     // the charset of a name is not known
	flowed   bool     // format=flowed; delsp=yes
	location string   // base of relative links
	strange  string   // the transfer encoding, if it is not known
	long     bool     // the boundary is too long
	twice    bool     // there are two different boundaries
	seems    string   // media type that its first bytes have
}

// describeLoosely describes a body according to its header.
func describeLoosely(fields map[string][]byte, defaultType string) loosePart {
	kind := mimeparam.Parse(string(fields[contentType]))
	disposition := mimeparam.Parse(string(fields[contentDisposition]))
	p := loosePart{part: part{
		kind: strings.Join(strings.Fields(kind.Value), ""), charset: strings.ToLower(strings.Trim(kind.Get("charset"), ` '"`)), boundary: strings.TrimRight(kind.Get("boundary"), " \t"),
		disposition: disposition.Value,
	}}
	if !strings.Contains(p.kind, "/") {
		p.kind = defaultType
	}
	if p.long = len(p.boundary) > maxLooseBoundary; p.long {
		p.boundary = ""
	}
	p.twice = len(kind.All("boundary")) > 1
	p.flowed = strings.EqualFold(kind.Get("delsp"), "yes")
	seen := make(map[string]bool)
	for _, text := range append(disposition.All("filename"), kind.All("name")...) {
		p.guessed = p.guessed || text.Guessed
		switch {
		case seen[text.Text]:
		case p.name == "":
			p.name = text.Text
		default:
			p.aliases = append(p.aliases, text.Text)
		}
		seen[text.Text] = true
	}
	p.location = strings.TrimSpace(string(fields[contentBase]))
	if p.location == "" {
		p.location = strings.TrimSpace(string(fields[contentLocation]))
	}
	p.encoding, p.strange = transferEncoding(string(fields[contentEncoding]))
	return p
}

// transferEncoding returns the transfer encoding that a field means, whatever is
// behind it; empty for none. One that is not known is returned as strange.
func transferEncoding(field string) (encoding, strange string) {
	name := strings.ToLower(mimeparam.Parse(field).Value)
	name = strings.Trim(name, ` "',.<>`)
	switch {
	case name == "", name == "binary", name == "none", name == "7bit", name == "8bit", name == "7-bit", name == "8-bit", name == "7bits", name == "8bits":
		return "", ""
	case strings.HasPrefix(name, "base64"), name == "base-64", name == "b64", name == "x-base64":
		return "base64", ""
	case strings.HasPrefix(name, "quoted-printable"), name == "quoted_printable", name == "quotedprintable", name == "quoted printable", name == "qp":
		return "quoted-printable", ""
	case strings.HasPrefix(name, "7bit"), strings.HasPrefix(name, "8bit"), strings.HasPrefix(name, "binary"):
		return "", ""
	case strings.Contains(name, "uuencode"), name == "uue", name == "x-uue":
		return uuencoded, ""
	}
	return "", name
}

// suffix returns the extension of a name as Windows sees it: without blanks and dots
// at the end.
func suffix(name string) string {
	name = strings.TrimRight(name, ". \t\u00a0\x00")
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return ""
	}
	return strings.ToLower(name[i:])
}

// named reports whether one of the names has one of the extensions.
func (p loosePart) named(extensions ...string) bool {
	return slices.Contains(extensions, suffix(p.name)) || slices.ContainsFunc(p.aliases, func(n string) bool { return slices.Contains(extensions, suffix(n)) })
}

func (p loosePart) isPage() bool {
	return strings.Contains(p.kind, "html") || p.kind == "image/svg+xml" ||
		p.named(".htm", ".html", ".shtml", ".xhtml", ".xht", ".svg", ".hta", ".htc", ".asp", ".aspx", ".php", ".jsp", ".xml", ".xsl", ".xslt")
}

// isCalendar reports whether lines are folded and characters escaped as in iCalendar
// and vCard.
func (p loosePart) isCalendar() bool {
	switch p.kind {
	case "text/calendar", "text/x-vcalendar", "application/ics", "text/vcard", "text/x-vcard", "text/directory":
		return true
	}
	return p.named(".ics", ".ical", ".ifb", ".vcs", ".vcf")
}

// isOldCalendar reports whether lines may be quoted-printable, as in vCalendar 1.0 and
// vCard 2.1.
func (p loosePart) isOldCalendar() bool {
	return p.kind == "text/x-vcalendar" || p.kind == "text/x-vcard" || p.named(".vcs", ".vcf")
}

// isMessage reports whether the part is a message or the archive of a page, which
// looks like one.
func (p loosePart) isMessage() bool {
	switch p.kind {
	case "message/rfc822", "message/global", "message/news":
		return true
	}
	return !strings.HasPrefix(p.kind, "multipart/") && p.named(".eml", ".mht", ".mhtml", ".nws", ".mim", ".mime")
}

// isLooseText reports whether the part is scanned for links.
func (p loosePart) isLooseText() bool {
	switch p.kind {
	case "application/xml", "application/json", "application/ld+json", "application/javascript", "application/x-javascript", "application/rtf", "application/internet-shortcut",
		"application/x-url", "application/x-mswinurl":
		return true
	}
	return strings.HasPrefix(p.kind, "text/") || strings.HasPrefix(p.kind, "multipart/") || strings.HasPrefix(p.kind, "message/") ||
		p.isPage() || p.isCalendar() || p.named(".url", ".website", ".webloc", ".desktop", ".txt", ".csv", ".json", ".js", ".vbs", ".wsf", ".rtf", ".md", ".log", ".asc", ".xspf", ".rdp")
}

// hides reports whether the part hides a message or attachments.
func (p loosePart) hides() bool {
	switch p.kind {
	case "application/ms-tnef", "application/vnd.ms-tnef", "application/vnd.ms-outlook", "message/partial", "application/mac-binhex40", "application/pgp-encrypted":
		return true
	}
	return p.opaque() || p.named(".p7m", ".rpmsg", ".msg", ".pgp", ".gpg", ".asc.pgp") || strings.EqualFold(strings.TrimSpace(p.name), "winmail.dat")
}

// sniffed returns the media type that the first bytes of a part have, whatever was
// declared; empty if they do not tell.
// See https://mimesniff.spec.whatwg.org/#identifying-a-resource-with-an-unknown-mime-type.
func sniffed(first []byte) string {
	text := bytes.TrimPrefix(first, []byte(byteOrder))
	text = bytes.TrimLeft(text, "\t\n\f\r ")
	for _, known := range []struct{ begin, kind string }{
		{"<!doctype html", "text/html"}, {"<html", "text/html"}, {"<head", "text/html"}, {"<script", "text/html"}, {"<iframe", "text/html"}, {"<body", "text/html"},
		{"<meta", "text/html"}, {"<a ", "text/html"}, {"<base", "text/html"}, {"<table", "text/html"}, {"<div", "text/html"}, {"<!--", "text/html"}, {"<svg", "text/html"},
		{"<?xml", "text/html"}, {"begin:vcalendar", "text/calendar"}, {"begin:vcard", "text/calendar"}, {"[internetshortcut]", "text/plain"}, {"-----begin pgp message", "text/plain"},
	} {
		if len(text) >= len(known.begin) && strings.EqualFold(string(text[:len(known.begin)]), known.begin) {
			return known.kind
		}
	}
	return ""
}
