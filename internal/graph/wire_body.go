package graph

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/ewsquarantine/ewsquarantine/internal/wirelog"
)

// Bounds of what Wire shows, in bytes: of a request or an answer, and of a text that is
// not known to be contents, which hardly anything but contents exceeds. maxWireDepth is
// how deep values may nest.
const (
	maxWire      = 4 << 20
	maxWireRun   = 1 << 10
	maxWireDepth = 1 << 10
)

// contentMembers are the JSON members that hold contents of messages, attachments,
// exports and imports, in lower case.
var contentMembers = map[string]bool{
	"data": true, "content": true, "contentbytes": true, "bodypreview": true, "internetmessageheaders": true,
}

// secretMembers are members that grant access, in addition to those of
// [wirelog.IsSecret].
var secretMembers = map[string]bool{"importurl": true, "uploadurl": true}

// contentID matches the ids of extended properties that hold contents: PidTagBody,
// PidTagRtfCompressed, PidTagHtml, PidTagTransportMessageHeaders, PidTagAttachDataBinary.
var contentID = regexp.MustCompile(`(?i)^[a-z]+ 0x0*(1000|1009|1013|7d|3701)$`)

// wireBody is a body on its way to the wire: JSON, or what a proxy sends in its place, in
// pieces of any size. It replaces contents by their length.
type wireBody struct {
	bodies  bool
	content bool // all of it is contents, unless it is an error

	mu    sync.Mutex // a transport may still read a request after its answer has arrived
	shown []byte
	cut   int64 // bytes left out at the end

	begun, plain bool // plain: it is not JSON
	stack        []byte
	key          string // of the member whose value follows
	keyNext      bool   // the next text is a key
	inText       bool
	escaped      bool
	run          []byte // of a text
	long         int64  // bytes of the text that did not fit
	hidden       int    // depth of the value that is not shown; 0: none
	left         int64  // bytes of that value
	holds        bool   // the extended property that was named last holds contents
}

// Write adds bytes. It never fails.
func (w *wireBody) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range p {
		w.add(c)
	}
	return len(p), nil
}

func (w *wireBody) add(c byte) {
	if w.content && !w.bodies {
		w.left++
		return
	}
	switch {
	case !w.begun && (c <= ' ' || c == 0xEF || c == 0xBB || c == 0xBF):
		return // also of a byte order mark at the beginning
	case !w.begun:
		w.begun, w.plain = true, c != '{' && c != '[' || w.content
	}
	switch {
	case w.plain:
		w.keep(c)
	case w.inText && w.escaped:
		w.escaped = false
		w.keep(c)
	case w.inText && c == '"':
		w.inText = false
		w.endText()
	case w.inText:
		w.escaped = c == '\\'
		w.keep(c)
	case c == '"':
		w.inText, w.run, w.long = true, w.run[:0], 0
	default:
		w.mark(c)
	}
}

// keep adds a byte to a text.
func (w *wireBody) keep(c byte) {
	most := maxWireRun
	if w.bodies {
		most = maxWire
	}
	if w.hidden > 0 || len(w.run) >= most {
		w.long++
		return
	}
	w.run = append(w.run, c)
}

// endText handles a text that has ended.
func (w *wireBody) endText() {
	size := int64(len(w.run)) + w.long
	switch {
	case w.hidden > 0:
		w.left += size + 2
	case w.keyNext:
		w.keyNext, w.key = false, strings.ToLower(string(w.run))
		w.show(`"` + string(w.run) + `"`)
	case w.conceals() || w.long > 0:
		w.show(fmt.Sprintf(`"[%d bytes not shown]"`, size))
	default:
		if w.key == "id" {
			w.holds = contentID.Match(w.run)
		}
		w.show(`"` + string(w.run) + `"`)
	}
}

// conceals reports whether the value of the member is not shown.
func (w *wireBody) conceals() bool {
	if secretMembers[w.key] || wirelog.IsSecret(w.key) {
		return true
	}
	return !w.bodies && (contentMembers[w.key] || w.key == "value" && w.holds)
}

// mark handles what is outside texts.
func (w *wireBody) mark(c byte) {
	depth := len(w.stack)
	switch c {
	case '{', '[':
		if depth >= maxWireDepth {
			w.plain, w.hidden, w.left = true, 1, 1 // structure can no longer be recognised from here on
			return
		}
		if w.hidden == 0 && w.key != "value" && w.conceals() {
			w.hidden, w.left = depth+1, 0
		}
		w.stack = append(w.stack, c)
		w.keyNext = c == '{'
		if c == '{' && w.hidden == 0 {
			w.key, w.holds = "", false
		}
	case '}', ']':
		if depth > 0 {
			w.stack = w.stack[:depth-1]
		}
		w.keyNext, w.key = false, ""
		if w.hidden > 0 && len(w.stack) < w.hidden {
			w.show(fmt.Sprintf(`"[%d bytes not shown]"`, w.left+1))
			w.hidden = 0
			return
		}
	case ',':
		w.keyNext = depth > 0 && w.stack[depth-1] == '{'
	}
	if w.hidden > 0 {
		w.left++
		return
	}
	w.show(string([]byte{c}))
}

// show adds to the collected text.
func (w *wireBody) show(text string) {
	if n := maxWire - len(w.shown); len(text) > n {
		w.cut += int64(len(text) - max(n, 0))
		text = text[:max(n, 0)]
	}
	w.shown = append(w.shown, text...)
}

// Show writes the collected text, and ends the line.
func (w *wireBody) Show(b *bytes.Buffer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.content && !w.bodies && w.left > 0:
		w.show(fmt.Sprintf("[%d bytes not shown]", w.left))
	case w.hidden > 0:
		w.show(fmt.Sprintf("[%d bytes not shown, and no end]", w.left+w.long))
	case w.plain && w.long > 0:
		w.show(string(w.run) + fmt.Sprintf("[%d more bytes not shown]", w.long))
	case w.plain:
		w.show(string(w.run))
	case w.inText:
		w.show(fmt.Sprintf("[%d bytes not shown, and no end]", int64(len(w.run))+w.long))
	}
	b.WriteString(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' {
			return r
		}
		return wirelog.Printable(r)
	}, string(w.shown)))
	if w.cut > 0 {
		fmt.Fprintf(b, "[%d more bytes not shown]", w.cut)
	}
	if len(w.shown) > 0 {
		b.WriteByte('\n')
	}
}
