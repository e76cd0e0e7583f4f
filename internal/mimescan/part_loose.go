package mimescan

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ewsquarantine/ewsquarantine/internal/headerscan"
	"github.com/ewsquarantine/ewsquarantine/internal/mimeparam"
)

// loosePart is a body as Scan reads it.
type loosePart struct {
	part
	aliases  []string // other names
	guessed  bool     // the charset of a name is not known
	flowed   bool     // format=flowed; delsp=yes
	location string   // base of relative links
	strange  string   // the transfer encoding if it is not known
	long     bool     // the boundary is too long
	twice    bool     // there are two different boundaries
	seems    string   // media type that its first bytes suggest
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
	named := append(disposition.All("filename"), kind.All("name")...)
	for _, text := range named {
		if strings.Contains(text.Text, "=?") { // such as an encoded word without its end
			named = append(named, mimeparam.Text{Text: headerscan.Text(text.Text), Guessed: text.Guessed})
		}
	}
	for _, text := range named {
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
	also := namesAnyhow(fields)
	if p.attached() || len(also) > 0 {
		also = append(also, namesInstead(fields)...)
	}
	for _, text := range also {
		switch {
		case text == "", seen[text]:
		case p.name == "":
			p.name = text
		default:
			p.aliases = append(p.aliases, text)
		}
		seen[text] = true
	}
	for _, field := range []string{contentBase, contentLocation} {
		if p.location == "" {
			p.location = strings.Trim(string(fields[field]), "\" <>\t")
		}
	}
	p.encoding, p.strange = transferEncoding(string(fields[contentEncoding]))
	return p
}

// transferEncoding returns the transfer encoding that a field means, whatever follows it,
// or "" for none. An unknown one is also returned as strange.
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
	case strings.Contains(name, "uuencode"), name == "uue", name == "x-uue":
		return uuencoded, ""
	case strings.Contains(name, "64"):
		return "base64", name // most likely
	case strings.Contains(name, "quoted"), strings.Contains(name, "printable"), strings.Contains(name, "quopri"):
		return "quoted-printable", name
	case strings.HasPrefix(name, "7bit"), strings.HasPrefix(name, "8bit"), strings.HasPrefix(name, "binary"):
		return "", ""
	}
	return "", name
}

// suffix returns the extension of a name as Windows sees it: without blanks and dots at
// the end. It also removes punctuation that defects leave there.
func suffix(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, name)
	name = strings.TrimRight(name, ". \t\u00a0\x00;,'\"")
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

// isSheet reports whether the part is a style sheet.
func (p loosePart) isSheet() bool { return p.kind == "text/css" || p.named(".css") }

// isCalendar reports whether lines are folded, and characters escaped, as in iCalendar and
// vCard.
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

// isMessage reports whether the part is a message, or a web page archive, which looks like
// one.
func (p loosePart) isMessage() bool {
	switch p.kind {
	case "message/rfc822", "message/global", "message/news":
		return true
	}
	return p.kind == "application/x-mimearchive" || !strings.HasPrefix(p.kind, "multipart/") && p.named(".eml", ".emlx", ".mht", ".mhtml", ".nws", ".mim", ".mime", ".mbox", ".mbx")
}

// isLooseText reports whether the part is scanned for links.
func (p loosePart) isLooseText() bool {
	switch p.kind {
	case "application/xml", "application/json", "application/ld+json", "application/javascript", "application/x-javascript", "application/rtf", "application/internet-shortcut",
		"application/x-url", "application/x-mswinurl":
		return true
	}
	return strings.HasPrefix(p.kind, "text/") || strings.HasPrefix(p.kind, "multipart/") || strings.HasPrefix(p.kind, "message/") ||
		p.isPage() || p.isCalendar() || p.named(".url", ".website", ".webloc", ".desktop", ".lnk", ".css", ".txt", ".csv", ".json", ".js", ".vbs", ".wsf", ".rtf", ".md", ".log", ".asc", ".xspf", ".rdp")
}

// hides reports whether the part hides a message or attachments.
func (p loosePart) hides() bool {
	switch p.kind {
	case "application/ms-tnef", "application/vnd.ms-tnef", "application/vnd.ms-outlook", "message/partial", "application/mac-binhex40", "application/pgp-encrypted":
		return true
	}
	return p.opaque() || p.named(".p7m", ".rpmsg", ".msg", ".oft", ".pgp", ".gpg", ".asc.pgp") || strings.EqualFold(strings.TrimSpace(p.name), "winmail.dat")
}

// sniffed returns the media type that the first bytes of a part suggest, whatever was
// declared, or "" if they suggest none.
// See https://mimesniff.spec.whatwg.org/#identifying-a-resource-with-an-unknown-mime-type.
func sniffed(first []byte) string {
	text := bytes.TrimPrefix(first, []byte(byteOrder))
	text = bytes.TrimLeft(text, "\t\n\f\r ")
	if len(text) > 2 && text[0] == '<' {
		// XML that is not a page begins with another tag.
		end := bytes.IndexAny(text, " \t\r\n/>")
		if end > 0 && slices.Contains(pageTags, strings.ToLower(string(text[1:end]))) {
			return "text/html"
		}
	}
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

// pageTags are the tags with which a page, or a fragment of one, may begin.
var pageTags = []string{"p", "br", "b", "i", "u", "h1", "h2", "h3", "font", "style", "title", "center", "span", "img", "form", "ul", "ol", "li", "td", "tr", "pre", "link", "frameset", "object", "embed", "button", "input", "blockquote", "hr", "strong", "em", "section", "main", "article", "video", "area", "map"}

// mayBeText reports whether a part that is not declared as text may still be text.
func (p loosePart) mayBeText() bool {
	switch kind, _, _ := strings.Cut(p.kind, "/"); kind {
	case "image", "audio", "video", "font":
		return false
	}
	return true
}

// looksLikeText reports whether the first bytes of a part are text, as those of a page, a
// shortcut or a script with an unusual name are.
// See https://mimesniff.spec.whatwg.org/#binary-data-byte.
func looksLikeText(first []byte) bool {
	if len(first) == 0 || bytes.HasPrefix(first, []byte("%PDF-")) || bytes.HasPrefix(first, []byte("%!PS")) {
		return false
	}
	if wideByMark(first) != nil {
		return true
	}
	for len(first) > 0 {
		r, size := utf8.DecodeRune(first)
		if r == utf8.RuneError && size == 1 && len(first) >= utf8.UTFMax || r < ' ' && !strings.ContainsRune("\t\r\n\f\x1b", r) {
			return false
		}
		first = first[size:]
	}
	return true
}
