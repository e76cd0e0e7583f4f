package ews

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/ewsquarantine/ewsquarantine/internal/wirelog"
)

// Bounds of what Wire shows, in bytes: of a request or a response; of a text in an
// element that is not known to hold contents, which only contents exceed; and of a tag.
const (
	maxWire     = 4 << 20
	maxWireRun  = 1 << 10
	maxWireMark = 4 << 10
)

// contentElements are the elements that hold contents of messages, by local name.
var contentElements = map[string]bool{
	"MimeContent": true, "MimeContentUTF8": true, "Data": true, "Content": true, "Body": true, "TextBody": true, "UniqueBody": true,
	"NormalizedBody": true, "FirstBody": true, "NewBodyContent": true, "Preview": true, "InternetMessageHeader": true,
}

// contentProperty matches the field URIs of MAPI properties that hold contents:
// PidTagBody, PidTagRtfCompressed, PidTagHtml, PidTagTransportMessageHeaders,
// PidTagAttachDataBinary (MS-OXPROPS).
var contentProperty = regexp.MustCompile(`(?i)\sPropertyTag\s*=\s*["']\s*(0x0*(1000|1009|1013|7d|3701)|0*(4096|4105|4115|125|14081))\s*["']`)

// credentialElement matches the elements that are never shown, by local name: those of
// EWS, of WS-Security, of SAML and of XML Encryption.
var credentialElement = regexp.MustCompile(`(?i)^tokenvalue$|^serializedsecuritycontext$|^assertion$|(token|password|secret|ticket|credentials?|ciphervalue|encrypteddata)$`)

// wireText is a body on its way to the wire: XML, or what a proxy sends in its place,
// in pieces of any size. It replaces contents by their length. It must not be used
// concurrently.
type wireText struct {
	bodies bool
	buf    []byte
	cut    int64 // bytes left out at the end

	state  func(w *wireText, c byte) // nil: in text
	run    []byte                    // text, or markup that has not ended
	long   int64                     // bytes of the run that did not fit
	quote  byte                      // in a tag, around an attribute value
	depth  int                       // of open elements
	hidden int                       // depth of the enclosing content element; 0: none
	left   int64                     // bytes of that element that are left out

	content bool // the extended property that was named last holds contents
}

// reset starts over, because the request is sent again.
func (w *wireText) reset() {
	if w != nil {
		*w = wireText{bodies: w.bodies}
	}
}

// write adds bytes.
func (w *wireText) write(p []byte) {
	if w == nil {
		return
	}
	for len(p) > 0 {
		if w.state != nil {
			w.state(w, p[0])
			p = p[1:]
			continue
		}
		n := bytes.IndexByte(p, '<')
		if n < 0 {
			w.text(p)
			return
		}
		w.text(p[:n])
		w.endText()
		w.run = append(w.run[:0], '<')
		w.state, w.quote = inMarkup, 0
		p = p[n+1:]
	}
}

// Show writes the collected text, and ends the line.
func (w *wireText) Show(b *bytes.Buffer) {
	switch {
	case w.hidden > 0:
		w.show(fmt.Sprintf("[%d bytes not shown, and no end]", w.left))
	case len(w.run) > 0:
		w.endText()
	}
	b.Write(w.buf)
	if w.cut > 0 {
		fmt.Fprintf(b, "[%d more bytes not shown]", w.cut)
	}
	if len(w.buf) > 0 {
		b.WriteByte('\n')
	}
}

// show adds to the collected text.
func (w *wireText) show(text string) {
	if n := maxWire - len(w.buf); len(text) > n {
		w.cut += int64(len(text) - max(n, 0))
		text = text[:max(n, 0)]
	}
	w.buf = append(w.buf, text...)
}

// add adds bytes to the run, up to a bound.
func (w *wireText) add(p []byte, most int) {
	n := min(len(p), max(0, most-len(w.run)))
	w.run = append(w.run, p[:n]...)
	w.long += int64(len(p) - n)
}

// takeRun ends the run and returns it.
func (w *wireText) takeRun() (run string, long int64) {
	run, long = string(w.run), w.long
	w.run, w.long = w.run[:0], 0
	return run, long
}

// text adds a part of a text.
func (w *wireText) text(p []byte) {
	switch {
	case w.hidden > 0:
		w.left += int64(len(p))
	case w.bodies:
		w.add(p, maxWire)
	default:
		w.add(p, maxWireRun)
	}
}

// endText shows a text that has ended.
func (w *wireText) endText() {
	if w.hidden > 0 {
		return
	}
	if run, long := w.takeRun(); long > 0 {
		w.show(fmt.Sprintf("[%d bytes not shown]", int64(len(run))+long))
	} else {
		w.show(strings.Map(visible, run))
	}
}

// visible is [wirelog.Printable] for a text of several lines.
func visible(r rune) rune {
	if r == '\n' || r == '\r' {
		return r
	}
	return wirelog.Printable(r)
}

// inMarkup is the state after a <.
func inMarkup(w *wireText, c byte) {
	w.add([]byte{c}, maxWireMark)
	switch {
	case string(w.run) == "<![CDATA[":
		w.hide(w.takeRun())
		w.state = inSection("]]>", true)
	case string(w.run) == "<!--":
		w.hide(w.takeRun())
		w.state = inSection("-->", false)
	case w.quote != 0:
		if c == w.quote {
			w.quote = 0
		}
	case (c == '"' || c == '\'') && w.run[1] != '!' && w.run[1] != '?':
		w.quote = c
	case c == '>':
		w.tag(w.takeRun())
		w.state = nil
	}
}

// hide leaves out markup within contents.
func (w *wireText) hide(run string, long int64) {
	if w.hidden > 0 {
		w.left += int64(len(run)) + long
	}
}

// inSection is the state in a comment, which is not shown, or in a section of
// characters, which is text.
func inSection(end string, isText bool) func(*wireText, byte) {
	var last string
	skipped := int64(0)
	return func(w *wireText, c byte) {
		last += string([]byte{c})
		if last == end {
			switch {
			case isText:
			case w.hidden > 0:
				w.left += skipped
			default:
				w.show(fmt.Sprintf("<!-- [%d bytes not shown] -->", skipped))
			}
			w.state = nil
			return
		}
		for !strings.HasPrefix(end, last) {
			if isText {
				w.text([]byte{last[0]})
			} else {
				skipped++
			}
			last = last[1:]
		}
	}
}

// tag handles a tag or other markup that has ended.
func (w *wireText) tag(tag string, long int64) {
	name, closes, alone := tagName(tag)
	switch {
	case name == "":
	case closes:
		w.depth--
		if w.hidden > 0 && w.depth < w.hidden {
			w.show(fmt.Sprintf("[%d bytes not shown]", w.left))
			w.hidden, w.left = 0, 0
		}
	}
	if w.hidden > 0 {
		w.left += int64(len(tag)) + long
	} else if long > 0 {
		w.show(tag + fmt.Sprintf("[%d bytes not shown]>", long))
	} else {
		w.show(strings.Map(visible, tag))
	}
	if name == "ExtendedFieldURI" && !closes {
		w.content = contentProperty.MatchString(tag)
	}
	if name == "" || closes || alone {
		return
	}
	// The SOAP body is the only one that is a child of the root.
	conceals := credentialElement.MatchString(name) || !w.bodies && (contentElements[name] && (name != "Body" || w.depth != 1) || w.content && (name == "Value" || name == "Values"))
	if w.depth++; conceals && w.hidden == 0 {
		w.hidden, w.left = w.depth, 0
	}
}

// tagName returns the local name of the element that a tag belongs to, empty for other
// markup; whether the tag closes the element; and whether it both opens and closes it.
func tagName(tag string) (name string, closes, alone bool) {
	inner := strings.TrimSuffix(strings.TrimPrefix(tag, "<"), ">")
	if strings.HasPrefix(inner, "!") || strings.HasPrefix(inner, "?") {
		return "", false, false
	}
	inner, closes = strings.CutPrefix(inner, "/")
	alone = strings.HasSuffix(inner, "/")
	if end := strings.IndexAny(inner, " \t\r\n/"); end >= 0 {
		inner = inner[:end]
	}
	if _, local, ok := strings.Cut(inner, ":"); ok {
		inner = local
	}
	return inner, closes, alone
}
